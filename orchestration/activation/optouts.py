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

from sqlalchemy import Connection

from orchestration.activation import fast_lane, payloads
from orchestration.activation.connected import Connected
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.gate import channel_of
from orchestration.activation.lookup import Lookup, NoLookupError
from orchestration.destinations.registry import OPT_OUT_OBJECTS
from orchestration.ledger import SealedPlan, audit, customer_ids, delivered, facts
from orchestration.ledger.delivered import StandingRow
from orchestration.ledger.facts import SHARED_BY_MAX, Subject

# Channel and purpose of everything that a gate looks for.
SCOPES = (("email", "marketing"), ("sms", "marketing"), ("ads", "ads_sharing"))
# Which addresses reach a person by a channel.
REACHED_BY: Mapping[str, tuple[str, ...]] = {
    "email": ("email_sha256",),
    "sms": ("phone_sha256",),
    "ads": ("email_sha256", "phone_sha256"),
}

Scope = tuple[str, str]


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
    subjects: Set[Subject],
    scopes: Sequence[Scope],
    source_event: str,
    suppressed_at: datetime,
    at: datetime,
    addresses: Mapping[str, str] | None = None,
) -> int:
    """Record an opt-out and put out all that follows; how many outbox rows are new.

    Args:
        subjects: (subject type, digest or customer id) as the source names the person.
        scopes: (channel, purpose) pairs of ``SCOPES``.
        source_event: the same event told again changes nothing.
        addresses: digest -> address in clear, for vendors' own records; stands in the outbox only.
    """
    return opt_out_telling(
        connection, connected, lookup, subjects, scopes, source_event, suppressed_at, at, addresses
    ).row_count


def opt_out_telling(
    connection: Connection,
    connected: Connected,
    lookup: Lookup,
    subjects: Set[Subject],
    scopes: Sequence[Scope],
    source_event: str,
    suppressed_at: datetime,
    at: datetime,
    addresses: Mapping[str, str] | None = None,
) -> OptedOut:
    """The same as ``opt_out``, and what goes where."""
    people = customer_ids.same_people(connection, _people(lookup, subjects))
    # What was sent for them tells of addresses that no build knew yet.
    sent = delivered.standing_of(connection, sorted(people))
    held = _own(lookup, _addresses_of(lookup, people) | _subjects_sent(sent))
    bound = {scope: _bound(subjects, people, held, scope[0]) for scope in scopes}
    recorded = facts.record_suppressions(
        connection,
        [
            {
                "subject_type": subject_type,
                "subject_value": subject_value,
                "channel": channel,
                "purpose": purpose,
                "source_event": source_event,
                "suppressed_at": suppressed_at,
            }
            for (channel, purpose), some in bound.items()
            for subject_type, subject_value in sorted(some)
        ],
        at,
    )
    if not recorded:
        return OptedOut(0, {})
    rows: list[OptOut] = []
    for scope, some in bound.items():
        rows += _removals(_standing(connection, connected, lookup, scope, some))
        known = {**in_clear(sent), **(addresses or {})}
        reached = {value for kind, value in some if kind in REACHED_BY[scope[0]]}
        rows += _told(connected, scope[0], {d: a for d, a in known.items() if d in reached})
    return OptedOut(recorded, fast_lane.enqueue_in_order(connection, rows, at))


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
    standing = _standing(connection, connected, lookup, scope, bound)
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


def _people(lookup: Lookup, subjects: Set[Subject]) -> set[str]:
    """Whom the subjects name; not those who merely have a placeholder in common."""
    named = [_customer_ids(lookup, {subject}) for subject in sorted(subjects)]
    return {one for some in named if len(some) <= SHARED_BY_MAX for one in some}


def _customer_ids(lookup: Lookup, subjects: Set[Subject]) -> set[str]:
    try:
        return lookup.customer_ids(subjects)
    except NoLookupError:
        # The address is suppressed all the same; the next build binds whoever has it.
        return {value for kind, value in subjects if kind == "customer_id"}


def _addresses_of(lookup: Lookup, people: Iterable[str]) -> set[Subject]:
    try:
        return {subject for one in people for subject in lookup.subjects_of(one)}
    except NoLookupError:
        return set()


def _own(lookup: Lookup, held: Set[Subject]) -> set[Subject]:
    return {one for one in held if len(_customer_ids(lookup, {one})) <= SHARED_BY_MAX}


def _bound(
    subjects: Set[Subject], people: Set[str], held: Set[Subject], channel: str
) -> set[Subject]:
    """Whom the opt-out suppresses for a channel: the people, and the addresses of that channel,
    older and newer ones. A phone that a family shares takes nobody's mail; it is bound only where
    the source names nothing else."""
    reached = {subject for subject in held | subjects if subject[0] in REACHED_BY[channel]}
    return {*(("customer_id", one) for one in people), *reached} or set(subjects)


def _standing(
    connection: Connection,
    connected: Connected,
    lookup: Lookup,
    scope: Scope,
    bound: Set[Subject],
) -> list[StandingRow]:
    """Rows at connected vendors that the scope binds: of the people, and of whoever else was sent
    with one of the addresses."""
    people = {value for kind, value in bound if kind == "customer_id"}
    found = []
    for row in delivered.standing_of(connection, sorted(people | _customer_ids(lookup, bound))):
        if row.destination not in connected.destinations or row.kind == "event":
            continue
        if (channel_of(row.destination, row.purpose), row.purpose) != scope:
            continue
        named = payloads.subjects(row.key, payloads.parse(row.payload_json))
        if row.key in people or named & bound:
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
