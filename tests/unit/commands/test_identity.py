"""The commands of identity: options, answers for people and scripts, exit codes, no address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.errors import ConfigurationError, TributaryError
from tests.unit.identity.world import addresses_in, make_home

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_home(tmp_path)
    monkeypatch.setenv("TRIBUTARY_HOME", str(tmp_path))
    for name in ("TRIBUTARY_LEDGER_URL", "TRIBUTARY_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*arguments: str) -> Result:
    return runner.invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    value: dict[str, Any] = json.loads(result.output)
    return value


@pytest.mark.parametrize("group", ["explain", "identity"])
def test_help_names_the_commands(group: str) -> None:
    shown = call(group, "--help").output
    names = ("identity",) if group == "explain" else ("link", "unlink", "block")
    assert all(f" {name} " in shown for name in names)
    assert all("--json" in call(group, name, "--help").output for name in names)


def test_explain_answers_people_masked(home: Path) -> None:
    result = call("explain", "identity", "annlee@gmail.com", "ann@work.example")
    assert result.exit_code == 0
    assert "are one customer: cus_ann." in result.output
    assert addresses_in(result.output) == []


def test_explain_reveals_only_if_asked(home: Path) -> None:
    value = answer("explain", "identity", "cus_ann", "bob@home.example", "--reveal")
    assert value["right"]["label"] == "e-mail bob@home.example"


def test_explain_draws_masked_even_where_it_reveals(home: Path) -> None:
    svg = home / "component.svg"
    value = answer("explain", "identity", "cus_ann", "cus_bob", "--reveal", "--svg", str(svg))
    assert value["svg"] == str(svg)
    text = svg.read_text(encoding="utf-8")
    assert text.startswith("<svg ")
    assert addresses_in(text) == []


def test_explain_refuses_a_folder_that_is_not_there(home: Path) -> None:
    result = call("explain", "identity", "cus_ann", "--svg", str(home / "none" / "x.svg"))
    assert isinstance(result.exception, ConfigurationError)


def test_what_is_unknown_fails_with_a_remedy_and_without_the_address(home: Path) -> None:
    result = call("explain", "identity", "nobody@home.example")
    assert isinstance(result.exception, TributaryError)
    assert result.exception.remedy
    assert addresses_in(str(result.exception)) == []


def test_link_unlink_and_block_say_when_they_take_effect(home: Path) -> None:
    reason = ("--reason", "ticket 7")
    for arguments in (
        ("link", "cus_ann", "cus_bob"), ("unlink", "ann@work.example", "annlee@gmail.com"),
        ("block", "+14155550101"), ("block", "+14155550101", "--lift"),
        ("block", "new@home.example", "--force"),
    ):  # fmt: skip
        result = call("identity", *arguments, *reason)
        assert result.exit_code == 0, result.exception
        assert "Takes effect with the next `tributary run`." in result.output
        assert addresses_in(result.output) == []


def test_linking_one_customer_exits_well_and_says_so(home: Path) -> None:
    value = answer("identity", "link", "cus_ann", "ann@work.example", "--reason", "x")
    assert value == {"message": "They are one customer already: cus_ann.", "instructions": []}


def test_the_actor_is_whoever_is_logged_in_unless_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.ledger import open_ledger
    from orchestration.settings import Settings

    monkeypatch.setattr("getpass.getuser", lambda: "robin")
    answer("identity", "link", "cus_ann", "cus_bob", "--reason", "x")
    answer("identity", "link", "cus_ann", "cus_ed", "--reason", "x", "--actor", "dana")
    with open_ledger(Settings.from_env()) as ledger:
        rows = ledger.rows_since("identity_instruction", 0, 10)
    assert [row["actor"] for row in rows] == ["robin", "dana"]


def test_a_system_without_a_user_name_needs_an_actor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    result = call("identity", "link", "cus_ann", "cus_bob", "--reason", "x")
    assert isinstance(result.exception, ConfigurationError)
    assert "--actor" in result.exception.remedy


def test_a_reason_is_asked_for(home: Path) -> None:
    assert call("identity", "link", "cus_ann", "cus_bob").exit_code == 2
