"""Commands around plans, approvals and the ledger: options, answers, refusals, no address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from orchestration import run
from orchestration.activation.errors import ApprovalError
from orchestration.activation.keys import create_key
from orchestration.activation.spec import SyncSpec
from orchestration.cli import app
from orchestration.errors import ConfigurationError, TributaryError
from orchestration.ledger import LedgerError
from orchestration.settings import Settings
from tests.unit.activation.world import SPEC, World, world_in

runner = CliRunner()
TWO = {"a": "a@example.test", "b": "b@example.test"}
STAND = (
    "approve", "--standing", SPEC.object, "--destination", SPEC.destination, "--fields",
    "email_sha256", "--max-adds", "5", "--max-removals", "0", "--until",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose settings the commands read, with ada's key."""
    with world_in(tmp_path) as world:
        world.clock.moment = datetime.now(UTC)
        key = tmp_path / "ada.key"
        entries = [{"name": "ada", "public_key": create_key(key)}]
        world.settings.approvers_file.write_text(yaml.safe_dump(entries), encoding="utf-8")
        world.settings = replace(world.settings, approver_key_file=key)
        monkeypatch.setattr(Settings, "from_env", classmethod(lambda *_: world.settings))

        def chosen(*_: Any) -> list[SyncSpec]:
            return [SPEC]

        monkeypatch.setattr(run, "chosen_specs", chosen)
        yield world


def call(*arguments: str) -> Result:
    return runner.invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    value: dict[str, Any] = json.loads(result.output)
    return value


def refused(kind: type[TributaryError], *arguments: str) -> TributaryError:
    result = call(*arguments)
    assert isinstance(result.exception, kind), result.exception
    return result.exception


def test_a_dry_run_seals_nothing_and_show_tells_of_a_sealed_plan(home: World) -> None:
    home.desire(TWO)
    result = call("plan", "--dry-run")
    assert "Dry run: custom_audience/vip at meta" in result.output
    assert "nothing was sealed" in result.output
    assert "@" not in result.output
    assert home.ledger.plans() == []
    made = home.plan()
    shown = answer("plan", "show", made.plan_hash[:8])
    assert (shown["plan_hash"], shown["counts"]["added"]) == (made.plan_hash, 2)
    assert shown["match_forecast"]["with_email"]["n"] == 2


def test_cancelling_needs_a_plan_that_waits(home: World) -> None:
    home.desire(TWO)
    made = home.plan()
    taken = answer("plan", "cancel", made.plan_hash[:8], "--reason", "Wrong month.")
    assert taken["state"] == "cancelled"
    assert "Wrong month." in taken["reason"]
    refused(ApprovalError, "plan", "cancel", made.plan_hash, "--reason", "Again.")


def test_a_standing_approval_is_signed_used_listed_and_revoked(home: World) -> None:
    signed = answer(*STAND, f"{home.clock() + timedelta(days=30):%Y-%m-%d}")
    assert (signed["approver"], signed["fields_json"]) == ("ada", ["email_sha256"])
    home.desire(TWO)
    assert home.plan().state == "approved"
    assert "stands" in call("approve").output
    revoked = answer("approve", "--revoke", signed["signature"][:12], "--reason", "Over.")
    assert revoked["revoke_reason"] == "Over."
    assert "revoked by" in call("approve").output
    assert home.plan().state == "open"


def test_a_standing_approval_names_all_of_its_limits(home: World) -> None:
    error = refused(ConfigurationError, "approve", "--standing", SPEC.object, "--max-adds", "1")
    for option in ("--destination", "--fields", "--max-removals", "--until"):
        assert option in error.remedy
    assert "--max-adds" not in error.remedy
    refused(ConfigurationError, "approve", "--revoke", "abcdefgh")
    other = [word.replace("vip", "other") for word in STAND]
    assert "meta custom_audience/vip" in refused(TributaryError, *other, "2100-01-01").remedy


def test_one_of_two_signatures_says_who_is_missing(home: World) -> None:
    home.settings = replace(home.settings, second_person_above=1)
    home.desire(TWO)
    given = answer("approve", home.plan().plan_hash)
    assert list(given["waiting"].values()) == ["signed by ada; 1 more must sign"]


def test_nobody_approves_nothing(home: World) -> None:
    assert answer("approve") == {"standing": []}
    home.settings = replace(home.settings, approver_key_file=None)
    refused(ConfigurationError, *STAND, "2100-01-01")


def test_the_ledger_is_verified_copied_restored_and_confirmed(home: World) -> None:
    copy = home.settings.home / "copy.sqlite"
    assert answer("ledger", "verify")["links"] == 1
    assert answer("ledger", "backup", str(copy))["links"] == 1
    home.suppress("customer_id", "a")
    home.ledger.close()
    assert "--reason" in refused(LedgerError, "ledger", "restore", str(copy)).remedy
    done = answer("ledger", "restore", str(copy), "--reason", "A drill.")
    assert (done["links"], done["lost_links"]) == (1, 1)
    assert "Sending stops" in call("ledger", "verify").output
    refused(ConfigurationError, "ledger", "confirm", "--reason", " ")
    assert answer("ledger", "confirm", "--reason", "Landed again.")["confirmed"] == 1
    assert answer("ledger", "confirm", "--reason", "Twice.")["confirmed"] == 0
    assert answer("ledger", "verify")["restore_gap"] is None
