"""A suppression ends by a proven later yes and by nothing else (I2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger, LedgerDamagedError, facts, open_ledger
from orchestration.ledger.errors import LiftRefusedError
from orchestration.ledger.facts import Lift, Proof
from orchestration.ledger.tables import suppression_lift
from tests.unit.activation.world import START, settings_in

SUBJECT = ("customer_id", "c")
YES = Lift(*SUBJECT, "email", "marketing", START, Proof("preference", "2026-03"))
NOW = START + timedelta(days=30)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(settings_in(tmp_path)) as opened:
        yield opened


def no(ledger: Ledger, at: datetime, source_event: str = "no", **given: str) -> int:
    row = {
        "subject_type": SUBJECT[0],
        "subject_value": SUBJECT[1],
        "channel": "email",
        "purpose": "marketing",
        "source_event": source_event,
        "suppressed_at": at,
    }
    return ledger.record_suppressions([{**row, **given}])


def yes(ledger: Ledger, at: datetime, lift: Lift = YES) -> int:
    with ledger.transaction() as connection:
        return facts.record_lifts(connection, [replace(lift, consented_at=at)], NOW)


def is_out(ledger: Ledger, channel: str = "email", purpose: str = "marketing") -> bool:
    with ledger.read() as reader:
        asked = facts.suppressed(reader, channel, purpose, {SUBJECT})
        streamed = set(facts.stream_suppressed(reader, channel, purpose))
    assert (SUBJECT in asked) == (SUBJECT in streamed), "gate and planner must agree"
    return SUBJECT in asked


def test_a_later_yes_lifts_and_a_later_no_holds_again(ledger: Ledger) -> None:
    no(ledger, day(1), "first")
    no(ledger, day(2), "second")
    assert yes(ledger, day(3)) == 1
    assert not is_out(ledger)
    no(ledger, day(4), "third")
    assert is_out(ledger)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_yes_that_is_not_later_is_refused(ledger: Ledger, seconds: int) -> None:
    no(ledger, day(2))
    with pytest.raises(LiftRefusedError, match="not later"):
        yes(ledger, day(2) + timedelta(seconds=seconds))
    assert is_out(ledger)


def test_a_tie_is_a_no(ledger: Ledger) -> None:
    yes(ledger, day(2))
    no(ledger, day(2))
    assert is_out(ledger)


def test_an_older_no_that_arrives_late_does_not_hold(ledger: Ledger) -> None:
    yes(ledger, day(3))
    no(ledger, day(1), "late")
    assert not is_out(ledger)


@pytest.mark.parametrize("proof", [Proof("", "2026-03"), Proof("preference", " ")])
def test_without_proof_nothing_is_lifted(ledger: Ledger, proof: Proof) -> None:
    no(ledger, day(1))
    with pytest.raises(LiftRefusedError, match="no proof"):
        yes(ledger, day(2), replace(YES, proof=proof))
    assert is_out(ledger)


def test_a_yes_from_the_future_is_refused(ledger: Ledger) -> None:
    no(ledger, day(1))
    with pytest.raises(LiftRefusedError, match="future"):
        yes(ledger, NOW + timedelta(seconds=1))
    assert is_out(ledger)


def test_one_bad_lift_lets_none_in(ledger: Ledger) -> None:
    no(ledger, day(1))
    bad = replace(YES, subject_type="e-mail", consented_at=day(2))
    with pytest.raises(UnknownNameError), ledger.transaction() as connection:
        facts.record_lifts(connection, [replace(YES, consented_at=day(2)), bad], NOW)
    assert is_out(ledger)


@pytest.mark.parametrize(
    "other",
    [
        replace(YES, subject_value="somebody"),
        replace(YES, subject_type="email_sha256"),
        replace(YES, channel="sms"),
        replace(YES, purpose="ads_sharing"),
    ],
)
def test_a_yes_lifts_what_it_names_and_nothing_else(
    ledger: Ledger, other: Lift
) -> None:
    no(ledger, day(1))
    yes(ledger, day(2), other)
    assert is_out(ledger)


def test_the_same_yes_counts_once_also_after_a_later_no(ledger: Ledger) -> None:
    no(ledger, day(1))
    assert (yes(ledger, day(2)), yes(ledger, day(2))) == (1, 0)
    no(ledger, day(3), "again")
    assert yes(ledger, day(2)) == 0, "a replay is no new yes, and no error either"
    assert is_out(ledger)


@pytest.mark.parametrize("order", permutations(range(4)))
def test_whatever_the_order_only_the_newest_word_counts(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    """I2: imports, replays and stale events in any order; a no is at days 1 and 3, a yes at 2
    and 4, and the last of them is recorded or refused, never guessed."""
    taken = []
    for number in order:
        at = day(number + 1)
        if number % 2 == 0:
            no(ledger, at, f"no {number}")
            no(ledger, at, f"no {number}")
            taken.append(at)
            continue
        try:
            yes(ledger, at)
        except LiftRefusedError:
            assert any(when >= at for when in taken), "refused for a no that is not older"
    assert not is_out(ledger), "the yes of day 4 is later than every no"
    no(ledger, day(4), "same time")
    assert is_out(ledger)


def test_a_changed_lift_is_found(ledger: Ledger, tmp_path: Path) -> None:
    no(ledger, day(1))
    yes(ledger, day(2))
    assert ledger.verify() == 3
    with ledger.transaction() as connection:
        connection.execute(
            suppression_lift.update().values(proof_json='{"source":"x","text_version":"y"}')
        )
    with pytest.raises(LedgerDamagedError, match="suppression_lift"):
        ledger.verify()


def test_gate_and_planner_use_the_keys_of_both_tables(ledger: Ledger) -> None:
    """A look that reads a whole table costs a gate more with every opt-out."""
    asked: list[tuple[str, Any]] = []
    with ledger.read() as reader:
        engine = reader.engine
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        facts.suppressed(reader, "email", "marketing", {SUBJECT})
        list(facts.stream_suppressed(reader, "email", "marketing"))
        plans = [
            [str(row[3]) for row in reader.exec_driver_sql(f"explain query plan {sql}", given)]
            for sql, given in tuple(asked)
            if "suppression" in sql
        ]
    (gate, planner) = plans
    assert not [step for step in gate if step.startswith("SCAN")]
    assert [step for step in planner if step.startswith("SCAN")] == ["SCAN suppression"]
    assert any("suppression_lift" in step and step.startswith("SEARCH") for step in planner)
