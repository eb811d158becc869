"""The export: everything about one person, in a file that nobody else can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError
from orchestration.rights.export import export
from tests.unit.activation.world import START
from tests.unit.rights.world import ANN, BEA, CAT, email, home_in


def test_one_person_whole_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "ann.json"
    with home_in(tmp_path) as home:
        home.world.sync(home.vendor, {"cus_1": ANN, "cus_2": BEA})
        home.world.suppress("customer_id", "cus_1")
        home.world.suppress("customer_id", "cus_2")
        counts = export(home.settings, home.ledger, {email(ANN)}, file, START)
        with pytest.raises(ConfigurationError, match="exists already"):
            export(home.settings, home.ledger, {email(ANN)}, file, START)
    assert file.stat().st_mode & 0o777 == 0o600
    content = json.loads(file.read_text(encoding="utf-8"))
    assert [row["id"] for row in content["sources"]["shopify.customer"]] == [1]
    assert [row["subject_value"] for row in content["suppressions"]] == ["cus_1"]
    assert [(row["object"], row["key"]) for row in content["sent"]] == [
        ("custom_audience/vip", "cus_1")
    ]
    assert counts["receipts"] == len(content["receipts"]) == 1
    assert not any(one in json.dumps(content) for one in (BEA, CAT))
