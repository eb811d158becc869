"""What people said is recorded once, and the newest proven word holds; an opt-out wins ties."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from orchestration.errors import UnknownNameError
from orchestration.ledger import LedgerDamagedError, consent_events
from orchestration.ledger.consent_events import ConsentEvent, PrivacyRequest
from orchestration.ledger.consent_tables import consent_event, privacy_request
from tests.unit.activation.world import START, World

EMAIL, PHONE = ("email_sha256", "a" * 64), ("phone_sha256", "b" * 64)
FIRST = ConsentEvent(
    "shopify", "shop", "topic", "1", frozenset({EMAIL}), "marketing", "email", "opted_out",
    START, START,
)  # fmt: skip
REQUEST = PrivacyRequest(
    "shopify", "shop", "topic", "1", "erase", frozenset({EMAIL}), {"orders": [1]}, START, START
)


class Undo(Exception):
    """Leaves a transaction without its effects."""


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def said(event_id: str, state: str, minutes: int, proof: str | None = "form 1") -> ConsentEvent:
    return replace(
        FIRST, event_id=event_id, state=state, consented_at=at(minutes),
        proof=proof if state == "opted_in" else None,
    )  # fmt: skip


def state_after(world: World, *events: ConsentEvent) -> str | None:
    with suppress(Undo), world.ledger.transaction() as connection:
        for event in events:
            consent_events.record(connection, [event], START)
        found = consent_events.states(connection, {EMAIL})
        raise Undo
    return found[0].state if found else None


def test_an_event_counts_once_and_other_scopes_are_others(world: World) -> None:
    again = replace(FIRST, received_at=at(5), state="opted_in", proof="x")
    other = replace(FIRST, scope="other shop")
    with world.ledger.transaction() as connection:
        assert consent_events.record(connection, [FIRST, again], START) == [FIRST]
        assert consent_events.record(connection, [again, other], START) == [other]
        assert len(connection.execute(consent_event.select()).all()) == 2
        assert consent_events.record_requests(connection, [REQUEST, REQUEST], START) == [REQUEST]
        assert consent_events.record_requests(connection, [REQUEST], START) == []
    assert world.ledger.verify() == 4


def test_times_decide_and_not_the_order_of_arrival(world: World) -> None:
    events = [said("1", "opted_in", 1), said("2", "opted_out", 2), said("3", "opted_in", 3)]
    assert {state_after(world, *order) for order in permutations(events)} == {"opted_in"}
    assert {state_after(world, *order) for order in permutations(events[:2])} == {"opted_out"}


def test_an_opt_out_wins_ties(world: World) -> None:
    tied = [said("1", "opted_in", 1), said("2", "opted_out", 1)]
    assert {state_after(world, *order) for order in permutations(tied)} == {"opted_out"}


def test_an_opt_in_without_proof_allows_nothing(world: World) -> None:
    assert state_after(world, said("1", "opted_in", 1, proof=None)) is None
    later = said("2", "opted_in", 5, proof=None)
    assert state_after(world, said("1", "opted_out", 1), later) == "opted_out"


def test_a_person_is_out_where_one_of_her_subjects_is(world: World) -> None:
    into = replace(said("1", "opted_in", 9), subjects=frozenset({EMAIL}))
    out = replace(said("2", "opted_out", 1), subjects=frozenset({PHONE}))
    with world.ledger.transaction() as connection:
        consent_events.record(connection, [into, out], START)
        found = consent_events.states(connection, {EMAIL, PHONE})
        assert {one.subject: one.state for one in found} == {
            EMAIL: "opted_in", PHONE: "opted_out",
        }  # fmt: skip
        (held,) = consent_events.strictest(found)
    assert (held.state, held.since) == ("opted_out", at(1))


@pytest.mark.parametrize("table", [consent_event, privacy_request])
def test_a_changed_row_breaks_the_chain(world: World, table: object) -> None:
    with world.ledger.transaction() as connection:
        consent_events.record(connection, [FIRST], START)
        consent_events.record_requests(connection, [REQUEST], START)
    assert world.ledger.verify() == 3
    with world.ledger.transaction() as connection:
        connection.execute(table.update().values(scope="x"))  # type: ignore[attr-defined]
    with pytest.raises(LedgerDamagedError):
        world.ledger.verify()


def test_unknown_words_are_refused(world: World) -> None:
    with world.ledger.transaction() as connection:
        with pytest.raises(UnknownNameError):
            consent_events.record(connection, [replace(FIRST, state="maybe")], START)
        with pytest.raises(UnknownNameError):
            consent_events.record_requests(connection, [replace(REQUEST, kind="x")], START)
