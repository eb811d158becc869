"""``tributary erase``, ``export`` and ``privacy``: who is named how, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.settings import Settings
from tests.unit.rights.world import CAT, Home, home_in

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with home_in(tmp_path) as made:
        monkeypatch.setattr(Settings, "from_env", classmethod(lambda *_: made.settings))
        yield made


def call(*arguments: str, stdin: str = "") -> Result:
    return runner.invoke(app, arguments, input=stdin)


def test_a_person_is_counted_then_erased_and_her_address_is_shown_nowhere(home: Home) -> None:
    dry = call("erase", "--email-file", "-", "--dry-run", "--json", stdin=CAT)
    assert json.loads(dry.output)["raw"] == {"shopify.customer": 1}
    result = call("erase", "--email-file", "-", "--json", stdin=CAT)
    (answer,) = json.loads(result.output)["erasures"]
    assert (result.exit_code, answer["is_finished"]) == (0, True)
    assert home.customers() == [1, 2]
    assert CAT not in dry.output + result.output
    assert json.loads(call("privacy", "list", "--json").output)["requests"] == []


def test_nobody_named_is_an_error_and_so_is_everything_at_once(home: Home) -> None:
    for arguments in (("erase",), ("erase", "--resume", "--customer-id", "c")):
        assert isinstance(call(*arguments).exception, ConfigurationError)
    assert call("erase", "--resume").exit_code == 0


def test_an_unknown_request_or_step_is_named(home: Home) -> None:
    assert isinstance(call("privacy", "confirm", "7").exception, UnknownNameError)
    call("erase", "--customer-id", "cus_3")
    assert isinstance(call("privacy", "task", "1", "nothing").exception, UnknownNameError)
    assert call("privacy", "extend", "1").exit_code == 0
