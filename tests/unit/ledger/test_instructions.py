"""Decisions of people: appended, chained, and never shown in an error."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger, LedgerDamagedError, LedgerError, open_ledger
from orchestration.ledger.tables import audit_chain
from orchestration.settings import Settings
from tests.unit.activation.world import settings_in

PAIR = {"left_node_key": "shop|customer|1", "right_node_key": "shop|customer|2"}
ADDRESS = {
    "identifier_type": "email",
    "identifier_scope": "",
    "identifier_value": "canary@example.test",
}
WHY = {"reason": "two people of one family", "actor": "someone"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(settings) as opened:
        yield opened


def test_decisions_are_appended_even_when_they_repeat(ledger: Ledger) -> None:
    assert ledger.record_identity_instruction("unlink", **PAIR, **WHY) == 1
    assert ledger.record_identity_instruction("link", **PAIR, **WHY) == 2
    parts_of_others = dict.fromkeys(ADDRESS)
    assert ledger.record_identity_instruction("unlink", **PAIR, **parts_of_others, **WHY) == 3
    assert ledger.record_identity_instruction("block", **ADDRESS, **WHY) == 4
    rows = ledger.rows_since("identity_instruction", 0, 10)
    assert [row["kind"] for row in rows] == ["unlink", "link", "unlink", "block"]
    assert rows[0]["left_node_key"] == PAIR["left_node_key"]
    assert rows[0]["identifier_type"] is None
    assert (rows[3]["identifier_value"], rows[3]["actor"]) == ("canary@example.test", "someone")
    assert ledger.verify() == 5


def test_the_chain_holds_digests_and_no_personal_data(ledger: Ledger) -> None:
    ledger.record_identity_instruction("block", **ADDRESS, **WHY)
    with ledger.read() as connection:
        details = connection.execute(select(audit_chain.c.detail_json)).scalars().all()
    assert set(json.loads(details[-1])) == {"first_sequence", "count", "digest"}
    assert "canary" not in "".join(details)


@pytest.mark.parametrize(
    "text",
    [
        "delete from identity_instruction where sequence = 1",
        "update identity_instruction set kind = 'link' where sequence = 1",
        "update identity_instruction set actor = 'nobody' where sequence = 2",
    ],
)
def test_verify_finds_a_changed_decision(settings: Settings, text: str) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_identity_instruction("unlink", **PAIR, **WHY)
        ledger.record_identity_instruction("block", **ADDRESS, **WHY)
    with sqlite3.connect(settings.home / "ledger.sqlite") as connection:
        assert connection.execute(text).rowcount == 1
    connection.close()
    with (
        open_ledger(settings) as ledger,
        pytest.raises(LedgerDamagedError, match="identity_instruction"),
    ):
        ledger.verify()


def test_an_unknown_kind_answers_with_the_known_ones(ledger: Ledger) -> None:
    with pytest.raises(UnknownNameError, match="block, link, unblock, unlink"):
        ledger.record_identity_instruction("merge", **PAIR, **WHY)


@pytest.mark.parametrize(
    ("kind", "given", "named"),
    [
        ("link", ADDRESS, "left_node_key"),
        ("block", PAIR, "identifier_value"),
        ("unlink", {**PAIR, **ADDRESS}, "identifier_scope"),
        ("block", {**ADDRESS, "identifier_value": " "}, "identifier_value"),
        ("link", {**PAIR, "actor": ""}, "actor"),
        ("link", {**PAIR, "right_node_key": PAIR["left_node_key"]}, "twice"),
    ],
)
def test_half_a_decision_is_refused_without_its_values(
    ledger: Ledger, kind: str, given: dict[str, str], named: str
) -> None:
    with pytest.raises(LedgerError, match=named) as caught:
        ledger.record_identity_instruction(kind, **{**WHY, **given})
    assert "canary" not in str(caught.value)
    assert ledger.rows_since("identity_instruction", 0, 10) == []
