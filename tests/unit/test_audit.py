"""The audit of what is pinned: a weakness fails, and an unasked feed is never called clean."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.audit import audit, bill_of_materials, pins

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("constraints.txt")


def answered(*dependencies: dict[str, Any]) -> tuple[str, str]:
    return json.dumps({"dependencies": list(dependencies)}), ""


WEAK = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
SOUND = {"name": "b", "version": "2", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(("answer", "word", "code"), [
    (answered(WEAK, SOUND), "WEAK: 1 known weaknesses: a 1: PYSEC-1", 1),
    (answered(WEAK, SKIPPED), "WEAK", 1),
    (answered(SOUND, SOUND), "CHECKED: no known weakness in 2", 0),
    (answered(SOUND, SKIPPED), "PARTLY CHECKED: none known in 1; 1", 0),
    (answered(SKIPPED, SKIPPED), "NOT CHECKED", 0),
    (("", "ERROR: Could not connect to the feed"), "NOT CHECKED", 0),
    (("", ""), "NOT CHECKED", 0),
])  # fmt: skip
def test_only_what_was_asked_is_called_checked(
    answer: tuple[str, str], word: str, code: int
) -> None:
    found = audit(FILE, 2, lambda _: answer)
    assert found.text.startswith(word)
    assert found.exit_code == code


def test_a_feed_that_never_answers_is_not_waited_for() -> None:
    def hang(command: Sequence[str]) -> tuple[str, str]:
        raise subprocess.TimeoutExpired(command, 1)

    assert audit(FILE, 2, hang).text.startswith("NOT CHECKED")


def test_every_package_is_pinned_once_and_exactly_and_stands_in_the_bill() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = pins(text)
    bill = bill_of_materials(pinned, datetime(2026, 1, 1, tzinfo=UTC))
    assert [one["purl"] for one in bill["components"] if one["name"] == "duckdb"] == [
        f"pkg:pypi/duckdb@{pinned['duckdb']}"
    ]
    assert len(bill["components"]) == len(text.split())
    for wrong in ("duckdb>=1", "duckdb", "a==1\na==2", "a==1 --hash=x"):
        with pytest.raises(ValueError, match="pin"):
            pins(wrong)
