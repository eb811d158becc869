"""An opt-out as a whole: what it suppresses, and what leaves which vendor because of it.

What lives here: the suppressions and the outbox rows of one opt-out, in the caller's transaction;
the opt-outs that a halted plan does not hold back.
What never does: additions; deciding who opted out (the collector, ``publish`` and the diff know);
sending (the sender does, before any plan's rows).

A person is bound under all her customer ids and addresses; an address binds everybody who has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import fast_lane, payloads
from orchestration.activation.connected import Connected
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.gate import channel_of
from orchestration.activation.lookup import Lookup, NoLookupError, themselves
from orchestration.destinations.registry import OPT_OUT_OBJECTS
from orchestration.ledger import SealedPlan, audit, customer_ids, delivered, facts
from orchestration.ledger.delivered import StandingRow
from orchestration.ledger.facts import SHARED_BY_MAX, Objection, Subject

# Channel and purpose of everything that a gate looks for.
SCOPES = (("email", "marketing"), ("sms", "marketing"), ("ads", "ads_sharing"))
# Which addresses reach a person by a channel.
REACHED_BY: Mapping[str, tuple[str, ...]] = {
    "email": ("email_sha256",),
    "sms": ("phone_sha256",),
    "ads": ("email_sha256", "phone_sha256"),
}

Scope = tuple[str, str]
# What stands at the vendors, by key.
Standing = Mapping[str, Sequence[StandingRow]]
Owners = Mapping[Subject, Set[str]]


@dataclass(frozen=True)
class OptedOut:
    """What one opt-out came to: new suppressions, and new outbox rows by (destination, object,
    operation)."""

    suppression_count: int
    rows: Mapping[tuple[str, str, str], int]

    @property
    def row_count(self) -> int:
        return sum(self.rows.values())


def opt_out(
    connection: Connection,
    connected: Connected,
    lookup: Lookup,
    objections: Sequence[Objection],
    at: datetime,
) -> OptedOut:
    """Record opt-outs and put out all that follows. Many cost little more than one: every question
    is asked once for all of them.

    Args:
        objections: their scopes are of ``SCOPES``.
    """
    owners = _owners(lookup, {subject for one in objections for subject in one.subjects})
    people = customer_ids.same_people_each(
        connection, [_people(owners, one.subjects) for one in objections]
    )
    # What was sent for them tells of addresses that no build knew yet.
    sent = _standing_by_key(connection, {one for some in people for one in some})
    held = _held(lookup, people, sent)
    owners.update(_owners(lookup, {subject for some in held for subject in some}))
    cases = [
        _case(one, ids, _own(owners, some))
        for one, ids, some in zip(objections, people, held, strict=True)
    ]
    recorded = facts.suppress(connection, [row for one in cases for row in one.suppressions()], at)
    events = {row["source_event"] for row in recorded}
    new = [one for one in cases if one.objection.source_event in events]
    keys = {key for one in new for bound in one.bound.values() for key in _keys(owners, bound)}
    standing = _standing_by_key(connection, keys)
    rows = [row for one in new for row in _rows(connected, owners, sent, standing, one)]
    return OptedOut(len(recorded), fast_lane.enqueue_in_order(connection, rows, at))


@dataclass(frozen=True)
class _Case:
    """An objection, the customers that it names, and by scope whom it suppresses."""

    objection: Objection
    people: frozenset[str]
    bound: Mapping[Scope, Set[Subject]]

    def suppressions(self) -> list[dict[str, Any]]:
        return [
            row
            for scope, some in self.bound.items()
            for row in self.objection.suppressions(scope, some)
        ]


def _case(objection: Objection, people: Set[str], held: Set[Subject]) -> _Case:
    bound = {
        scope: _bound(objection.subjects, people, held, scope[0]) for scope in objection.scopes
    }
    return _Case(objection, frozenset(people), bound)


def _rows(
    connected: Connected, owners: Owners, sent: Standing, standing: Standing, case: _Case
) -> list[OptOut]:
    known = {
        **in_clear(row for one in case.people for row in sent.get(one, ())),
        **case.objection.addresses,
    }
    rows: list[OptOut] = []
    for scope, some in case.bound.items():
        theirs = [row for key in _keys(owners, some) for row in standing.get(key, ())]
        rows += _removals(_of_scope(connected, scope, some, theirs))
        reached = {value for kind, value in some if kind in REACHED_BY[scope[0]]}
        rows += _told(connected, scope[0], {d: a for d, a in known.items() if d in reached})
    return rows


def bound_rows(
    connection: Connection,
    connected: Connected,
    lookup: Lookup,
    scope: Scope,
    subjects: Set[Subject],
) -> list[OptOut]:
    """What leaves because of suppressions that are decided already, as the build decides them: an
    address binds whatever was sent with it, and nobody's other addresses."""
    named = {value for kind, value in subjects if kind == "customer_id"}
    people = customer_ids.same_people(connection, named)
    bound = {*subjects, *(("customer_id", one) for one in people)}
    owners = _owners(lookup, bound)
    theirs = delivered.standing_of(connection, sorted(_keys(owners, bound)))
    standing = _of_scope(connected, scope, bound, theirs)
    known = in_clear(row for row in standing if row.key in people)
    return [*_removals(standing), *_told(connected, scope[0], known)]


def put_out(
    connection: Connection,
    halted: SealedPlan,
    rows: Sequence[Mapping[str, str | None]],
    at: datetime,
) -> int:
    """Put removals of suppressed people out, in the caller's transaction; how many were new.

    Their rows have no plan: the approval that the halted plan waits for is not theirs. Planned
    again before they are sent, they are on their way already and stand there once.
    """
    if not rows:
        return 0
    count = fast_lane.enqueue(
        connection,
        [
            OptOut(
                halted.destination,
                halted.object,
                str(row["key"]),
                "remove",
                row["payload_json"] or "{}",
                row["vendor_id"],
            )
            for row in rows
        ],
        at,
    )
    if count:
        detail = {"plan_hash": halted.plan_hash, "rows": count}
        audit.append(connection, "opt_outs", detail, at)
    return count


def _people(owners: Owners, subjects: Set[Subject]) -> set[str]:
    """Whom the subjects name; not those who merely have a placeholder in common."""
    named = [owners.get(subject, set()) for subject in subjects]
    return {one for some in named if len(some) <= SHARED_BY_MAX for one in some}


def _owners(lookup: Lookup, subjects: Set[Subject]) -> dict[Subject, set[str]]:
    try:
        return lookup.owners(subjects)
    except NoLookupError:
        # The address is suppressed all the same; the next build binds whoever has it.
        return themselves(subjects)


def _held(
    lookup: Lookup, people: Sequence[Set[str]], sent: Standing
) -> list[set[Subject]]:
    """Every address that each of these groups of ids is known by, or was sent with."""
    try:
        known = lookup.subjects_of({one for some in people for one in some})
    except NoLookupError:
        known = {}
    return [
        {subject for one in some for subject in known.get(one, ())}
        | _subjects_sent(row for one in some for row in sent.get(one, ()))
        for some in people
    ]


def _own(owners: Owners, held: Set[Subject]) -> set[Subject]:
    return {one for one in held if len(owners.get(one, ())) <= SHARED_BY_MAX}


def _keys(owners: Owners, bound: Set[Subject]) -> set[str]:
    """Whoever a suppression binds: the people, and whoever else has one of the addresses."""
    return {one for subject in bound for one in owners.get(subject, ())} | {
        value for kind, value in bound if kind == "customer_id"
    }


def _standing_by_key(connection: Connection, keys: Set[str]) -> Standing:
    found: dict[str, list[StandingRow]] = {}
    for row in delivered.standing_of(connection, sorted(keys)):
        found.setdefault(row.key, []).append(row)
    return found


def _bound(
    subjects: Set[Subject], people: Set[str], held: Set[Subject], channel: str
) -> set[Subject]:
    """Whom the opt-out suppresses for a channel: the people, and the addresses of that channel,
    older and newer ones. A phone that a family shares takes nobody's mail; it is bound only where
    the source names nothing else."""
    reached = {subject for subject in held | subjects if subject[0] in REACHED_BY[channel]}
    return {*(("customer_id", one) for one in people), *reached} or set(subjects)


def _of_scope(
    connected: Connected, scope: Scope, bound: Set[Subject], standing: Iterable[StandingRow]
) -> list[StandingRow]:
    """Rows at connected vendors that the scope binds: of the people, and of whoever else was sent
    with one of the addresses."""
    found = []
    for row in standing:
        if row.destination not in connected.destinations or row.kind == "event":
            continue
        if (channel_of(row.destination, row.purpose), row.purpose) != scope:
            continue
        named = payloads.subjects(row.key, payloads.parse(row.payload_json))
        if ("customer_id", row.key) in bound or named & bound:
            found.append(row)
    return found


def _subjects_sent(rows: Iterable[StandingRow]) -> set[Subject]:
    return {
        subject
        for row in rows
        for subject in payloads.subjects(row.key, payloads.parse(row.payload_json))
    }


def in_clear(rows: Iterable[StandingRow]) -> dict[str, str]:
    """Digest -> address, of what was sent in clear."""
    found: dict[str, str] = {}
    for row in rows:
        found.update(payloads.addresses(payloads.parse(row.payload_json)))
    return found


def _removals(standing: Iterable[StandingRow]) -> list[OptOut]:
    """People leave lists. A profile stays, as in every plan, and the vendor's own record of the
    opt-out keeps it silent."""
    return [
        OptOut(
            row.destination, row.object, row.key, "remove", row.payload_json or "{}", row.vendor_id
        )
        for row in standing
        if row.kind == "membership"
    ]


def _told(connected: Connected, channel: str, addresses: Mapping[str, str]) -> list[OptOut]:
    """One row per address at every vendor that keeps its own record of the channel's opt-outs."""
    return [
        OptOut(name, one.object, digest, "suppress", json.dumps({one.identifier: address}))
        for name in sorted(connected.destinations)
        for one in OPT_OUT_OBJECTS.get(name, ())
        if one.channel == channel
        for digest, address in sorted(addresses.items())
        if ("@" in address) == (one.identifier == "email")
    ]
