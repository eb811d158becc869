"""``tributary optout``: who is named how, what is answered, and no address anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.errors import ConfigurationError, TributaryError, UnknownNameError
from orchestration.ledger.tables import outbox, suppression
from orchestration.settings import Settings
from tests.unit.activation.world import Vendor, World, sha, world_in

runner = CliRunner()
EMAIL, PHONE = "Ada.Canary@Example.test", "+16505550001"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world_in(tmp_path) as world:
        monkeypatch.setattr(Settings, "from_env", classmethod(lambda *_: world.settings))
        yield world


def call(*arguments: str, stdin: str = "") -> Result:
    return runner.invoke(app, ["optout", *arguments], input=stdin)


def test_addresses_of_a_file_are_bound_and_told(home: World, tmp_path: Path) -> None:
    file = tmp_path / "people.txt"
    file.write_text(f"\ufeff {EMAIL} \n\nb@example.test\n", encoding="utf-8")
    result = call("--email-file", str(file), "--channel", "email", "--json")
    answer = json.loads(result.output)
    assert (answer["people"], answer["suppressions"]) == (2, 2)
    assert {(row["object"], row["rows"]) for row in answer["outbox"]} == {
        ("unsubscription", 2), ("suppression", 2),
    }  # fmt: skip
    assert {row["subject_value"] for row in home.rows(suppression)} == {
        sha(EMAIL.lower()), sha("b@example.test"),
    }  # fmt: skip


def test_stdin_serves_as_a_file_and_no_address_is_printed(home: World) -> None:
    result = call("--phone-file", "-", stdin=f"{PHONE}\n")
    assert result.exit_code == 0, result.exception
    assert "unsubscription" in result.output
    assert PHONE not in result.output
    assert {row["channel"] for row in home.rows(suppression)} == {"email", "sms", "ads"}


def test_a_customer_leaves_the_lists_that_she_stands_in(home: World) -> None:
    vendor = Vendor()
    home.sync(vendor, {"a": "a@example.test", "b": "b@example.test"})
    answer = json.loads(call("--customer-id", "b", "--purpose", "ads_sharing", "--json").output)
    assert answer["outbox"] == [
        {"destination": "meta", "object": "custom_audience/vip", "operation": "remove", "rows": 1}
    ]
    home.deliver(vendor)
    assert vendor.members == {sha("a@example.test")}


def test_said_again_it_is_recorded_again_and_sent_no_second_time(home: World) -> None:
    for _ in range(2):
        assert call("--customer-id", "b", "--channel", "ads").exit_code == 0
    assert len(home.rows(suppression)) == 2
    assert home.rows(outbox) == []


@pytest.mark.parametrize(
    ("arguments", "stdin", "error", "says"),
    [
        ((), "", ConfigurationError, "Nobody"),
        (("--customer-id", "b", "--channel", "fax"), "", UnknownNameError, "fax"),
        (("--customer-id", "b", "--purpose", "fun"), "", UnknownNameError, "fun"),
        (
            ("--customer-id", "b", "--channel", "sms", "--purpose", "ads_sharing"), "",
            ConfigurationError, "ads_sharing by sms",
        ),
        (("--email-file", "none.txt"), "", ConfigurationError, "none.txt"),
        (("--email-file", "-"), f"{EMAIL}\nAda Canary\n", ConfigurationError, "Line 2 of stdin"),
        (("--phone-file", "-"), "6505550001\n", ConfigurationError, "Line 1 of stdin"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_records_nothing(
    home: World, arguments: tuple[str, ...], stdin: str, error: type[TributaryError], says: str
) -> None:
    result = call(*arguments, stdin=stdin)
    assert isinstance(result.exception, error)
    assert says in str(result.exception)
    assert "Canary" not in str(result.exception)
    assert "6505550001" not in str(result.exception)
    assert home.rows(suppression) == []
