"""What people said about consent and their data: recorded once, read as the newest state.

What lives here: recording with one link of the chain, and what holds for a subject now.
What never does: suppressions and outbox rows that follow from an opt-out; lifting one.

An opt-out wins ties. An opt-in holds only with proof and a later time than the newest opt-out;
which of them arrived first means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, func, or_, select, tuple_

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.consent_tables import (
    consent_event,
    consent_event_subject,
    privacy_request,
)
from orchestration.ledger.privacy_tables import erasure_work, privacy_step
from orchestration.ledger.statements import chunks, next_sequence

OPTED_IN, OPTED_OUT = "opted_in", "opted_out"
STATES = (OPTED_IN, OPTED_OUT)
ACCESS, ERASE, ERASE_SHOP = "access", "erase", "erase_shop"
REQUEST_KINDS = (ACCESS, ERASE, ERASE_SHOP)
# Steps of a request that people are told of.
CONFIRMED, ANSWERED, EXTENDED = "confirmed", "answered", "extended"
_KEY = ("source", "scope", "topic", "event_id")
_LOOKED_UP = 2_000

Subject = tuple[str, str]


@dataclass(frozen=True)
class ConsentEvent:
    """One statement about one purpose and channel, unique by its first four fields."""

    source: str
    scope: str
    topic: str
    event_id: str
    subjects: frozenset[Subject]
    purpose: str
    channel: str
    state: str
    consented_at: datetime
    received_at: datetime
    proof: str | None = None

    @property
    def name(self) -> str:
        """What a suppression calls its source event."""
        return f"{self.source}:{self.scope}:{self.topic}:{self.event_id}"


@dataclass(frozen=True)
class PrivacyRequest:
    """A request for data or its erasure, unique by its first four fields."""

    source: str
    scope: str
    topic: str
    event_id: str
    kind: str
    subjects: frozenset[Subject]
    detail: Mapping[str, Any]
    requested_at: datetime
    received_at: datetime


@dataclass(frozen=True)
class ConsentState:
    """What holds for one subject now, and since when."""

    subject: Subject
    purpose: str
    channel: str
    state: str
    since: datetime


class _Keyed(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def event_id(self) -> str: ...


_Fact = TypeVar("_Fact", bound=_Keyed)


def record(
    connection: Connection, events: Sequence[ConsentEvent], at: datetime
) -> list[ConsentEvent]:
    """Record events that are not there yet, in the caller's transaction; returns those.

    Raises:
        UnknownNameError: a state that is neither opted_in nor opted_out.
    """
    for event in events:
        if event.state not in STATES:
            raise UnknownNameError("consent state", event.state, list(STATES))
    new = _unrecorded(connection, consent_event, events)
    if not new:
        return []
    first = next_sequence(connection, consent_event.name, len(new))
    connection.execute(
        _RECORD,
        [
            {
                "sequence": first + place,
                **{name: getattr(event, name) for name in _KEY},
                "subjects_json": _subjects_json(event.subjects),
                "purpose": event.purpose,
                "channel": event.channel,
                "state": event.state,
                "consented_at": event.consented_at,
                "received_at": event.received_at,
                "proof": event.proof,
            }
            for place, event in enumerate(new)
        ],
    )
    subjects = [
        {"sequence": first + place, "subject_type": kind, "subject_value": value}
        for place, event in enumerate(new)
        for kind, value in sorted(event.subjects)
    ]
    if subjects:
        connection.execute(_RECORD_SUBJECTS, subjects)
    _link(connection, consent_event, first, len(new), at)
    return new


def record_requests(
    connection: Connection, requests: Sequence[PrivacyRequest], at: datetime
) -> list[PrivacyRequest]:
    """Record privacy requests that are not there yet, in the caller's transaction; returns those.

    Raises:
        UnknownNameError: a kind of request that nobody carries out.
    """
    for request in requests:
        if request.kind not in REQUEST_KINDS:
            raise UnknownNameError("privacy request", request.kind, list(REQUEST_KINDS))
    new = _unrecorded(connection, privacy_request, requests)
    if not new:
        return []
    first = next_sequence(connection, privacy_request.name, len(new))
    connection.execute(
        privacy_request.insert(),
        [
            {
                "sequence": first + place,
                **{name: getattr(request, name) for name in _KEY},
                "kind": request.kind,
                "subjects_json": _subjects_json(request.subjects),
                "detail_json": json.dumps(dict(request.detail), sort_keys=True),
                "requested_at": request.requested_at,
                "received_at": request.received_at,
            }
            for place, request in enumerate(new)
        ],
    )
    _link(connection, privacy_request, first, len(new), at)
    return new


def erasures_asked(connection: Connection) -> list[tuple[int, frozenset[Subject]]]:
    """(sequence, subjects) of requests to erase one person that are neither begun nor answered."""
    begun = select(erasure_work.c.request_sequence)
    answered = select(privacy_step.c.request_sequence).where(privacy_step.c.step == ANSWERED)
    rows = connection.execute(
        select(privacy_request.c.sequence, privacy_request.c.subjects_json)
        .where(
            privacy_request.c.kind == ERASE,
            privacy_request.c.sequence.not_in(begun),
            privacy_request.c.sequence.not_in(answered),
        )
        .order_by(privacy_request.c.sequence)
    )
    return [
        (row.sequence, frozenset((kind, value) for kind, value in json.loads(row.subjects_json)))
        for row in rows
    ]


def states(connection: Connection, subjects: Set[Subject]) -> list[ConsentState]:
    """What holds for each of the subjects, per purpose and channel; unknown ones are left out."""
    newest: dict[tuple[Subject, str, str], dict[str, datetime]] = {}
    for some in chunks(sorted({value for _, value in subjects}), _LOOKED_UP):
        for row in connection.execute(_NEWEST_OF, {"held": list(some)}):
            subject = (row.subject_type, row.subject_value)
            if subject in subjects:
                times = newest.setdefault((subject, row.purpose, row.channel), {})
                times[row.state] = row.newest_at
    return [
        ConsentState(*where, *_holding(times)) for where, times in sorted(newest.items())
    ]


def strictest(found: Sequence[ConsentState]) -> list[ConsentState]:
    """Per purpose and channel what holds for a person with all these subjects: one opt-out is
    enough, since an address may be shared; of equal states the newest."""
    held: dict[tuple[str, str], ConsentState] = {}
    for one in found:
        where = (one.purpose, one.channel)
        before = held.get(where)
        if before is None or _rank(one) > _rank(before):
            held[where] = one
    return [held[where] for where in sorted(held)]


def events_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the events that a link records are in the table, unchanged."""
    return _stands(connection, consent_event, detail)


def requests_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the requests that a link records are in the table, unchanged."""
    return _stands(connection, privacy_request, detail)


def _newest_of() -> Select[Any]:
    said = consent_event.join(
        consent_event_subject, consent_event_subject.c.sequence == consent_event.c.sequence
    )
    by = (
        consent_event_subject.c.subject_type,
        consent_event_subject.c.subject_value,
        consent_event.c.purpose,
        consent_event.c.channel,
        consent_event.c.state,
    )
    return (
        select(*by, func.max(consent_event.c.consented_at).label("newest_at"))
        .select_from(said)
        .where(
            consent_event_subject.c.subject_value.in_(bindparam("held", expanding=True)),
            or_(consent_event.c.state == OPTED_OUT, consent_event.c.proof.is_not(None)),
        )
        .group_by(*by)
    )


def _recorded(table: Table) -> Select[Any]:
    columns = [table.c[name] for name in _KEY]
    return select(*columns).where(tuple_(*columns).in_(bindparam("keys", expanding=True)))


# Built once: a preference centre asks many times a second.
_NEWEST_OF = _newest_of()
_RECORDED = {table.name: _recorded(table) for table in (consent_event, privacy_request)}
_RECORD = consent_event.insert()
_RECORD_SUBJECTS = consent_event_subject.insert()


def _holding(times: Mapping[str, datetime]) -> tuple[str, datetime]:
    out, into = times.get(OPTED_OUT), times.get(OPTED_IN)
    if out is None or (into is not None and into > out):
        return OPTED_IN, times[OPTED_IN]
    return OPTED_OUT, out


def _rank(state: ConsentState) -> tuple[bool, datetime]:
    return state.state == OPTED_OUT, state.since


def _unrecorded(connection: Connection, table: Table, facts: Sequence[_Fact]) -> list[_Fact]:
    named = {tuple(getattr(fact, name) for name in _KEY): fact for fact in reversed(facts)}
    if not named:
        return []
    known = {
        tuple(row)
        for some in chunks(list(named), _LOOKED_UP)
        for row in connection.execute(_RECORDED[table.name], {"keys": list(some)})
    }
    return [fact for key, fact in reversed(named.items()) if key not in known]


def _subjects_json(subjects: Set[Subject]) -> str:
    return json.dumps(sorted(subjects))


def _link(connection: Connection, table: Table, first: int, count: int, at: datetime) -> None:
    audit.salt_batch(connection, table, first)
    detail: dict[str, Any] = {"first_sequence": first, "count": count}
    detail["digest"] = batch_digest(connection, table, first, count)
    audit.append(connection, table.name, detail, at)


def _stands(connection: Connection, table: Table, detail: Mapping[str, Any]) -> bool:
    found = batch_digest(connection, table, detail["first_sequence"], detail["count"])
    return bool(found == detail["digest"])


def batch_digest(connection: Connection, table: Table, first: int, count: int) -> str:
    """What a link records of a batch of either table."""
    return audit.batch_digest(connection, table, list(table.c.keys()), first, count)
