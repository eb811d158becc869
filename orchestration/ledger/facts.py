"""Facts that outlive every build: suppressions, and how any fact is read.

What lives here: recording suppressions and proven lifts once, looking them up, reading tables by
watermark.
What never does: deciding who said yes. Customer ids (``customer_ids.py``).

A subject is suppressed while its newest suppression is not older than its newest lift: a tie is a
no. A lift needs a proof and a time after the newest no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    select,
    tuple_,
)

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.consent_tables import consent_event, privacy_request
from orchestration.ledger.decisions import DECISION_STEP, steps_since
from orchestration.ledger.errors import LiftRefusedError
from orchestration.ledger.statements import chunks, next_sequence
from orchestration.ledger.tables import LANDED_TABLES, suppression, suppression_lift

SUBJECT_TYPES = ("customer_id", "email_sha256", "phone_sha256")
# Every table that landing copies by watermark.
LANDED = {
    **LANDED_TABLES,
    consent_event.name: consent_event,
    privacy_request.name: privacy_request,
}
_SUPPRESSION_KEY = ("subject_type", "subject_value", "channel", "purpose", "source_event")
# An address that more customers have is a till's or a shop's own: an opt-out that names it binds it
# and not them, and nobody's opt-out spreads to it.
SHARED_BY_MAX = 10
# SQLite takes 32,766 parameters in a statement.
_LOOKED_UP = 5_000

_SCOPE = ("subject_type", "subject_value", "channel", "purpose")

Subject = tuple[str, str]


@dataclass(frozen=True)
class Objection:
    """One person's no, as its source tells it.

    ``subjects``: (subject type, digest or customer id) as the source names her. ``source_event``:
    the same event told again changes nothing. ``addresses``: digest -> address in clear, for
    vendors' own records; stands in the outbox only.
    """

    subjects: frozenset[Subject]
    # (channel, purpose)
    scopes: tuple[tuple[str, str], ...]
    source_event: str
    suppressed_at: datetime
    addresses: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Objection({len(self.subjects)} subjects, {self.scopes})"

    def suppressions(
        self, scope: tuple[str, str], subjects: Set[Subject]
    ) -> list[dict[str, Any]]:
        """The rows that suppress these subjects because of it."""
        return [
            {
                "subject_type": subject_type,
                "subject_value": subject_value,
                "channel": scope[0],
                "purpose": scope[1],
                "source_event": self.source_event,
                "suppressed_at": self.suppressed_at,
            }
            for subject_type, subject_value in sorted(subjects)
        ]


@dataclass(frozen=True)
class Proof:
    """Where the person said yes, and which version of the text she said it to."""

    source: str
    text_version: str


@dataclass(frozen=True)
class Lift:
    """A yes of one subject for one channel and purpose, later than every no."""

    subject_type: str
    subject_value: str
    channel: str
    purpose: str
    consented_at: datetime
    proof: Proof


def rows_since(
    connection: Connection, table: str, sequence: int, limit: int
) -> list[dict[str, Any]]:
    """Rows whose ``sequence`` is greater than the given one, oldest first; times are aware UTC.

    Raises:
        UnknownNameError: the table is none of those that landing copies.
    """
    if table == DECISION_STEP:
        return steps_since(connection, sequence, limit)
    if table not in LANDED:
        raise UnknownNameError("ledger table", table, [*LANDED, DECISION_STEP])
    landed = LANDED[table]
    rows = connection.execute(
        select(landed).where(landed.c.sequence > sequence).order_by(landed.c.sequence).limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def unrecorded(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those suppressions that are not in the ledger by subject, channel, purpose and event."""
    keys = [tuple(row[name] for name in _SUPPRESSION_KEY) for row in rows]
    known = {tuple(row) for row in connection.execute(_RECORDED, {"keys": keys})}
    new = {
        key: row
        for key, row in zip(reversed(keys), reversed(rows), strict=True)
        if key not in known
    }
    return list(reversed(new.values()))


def record_suppressions(
    connection: Connection, rows: Sequence[Mapping[str, Any]], at: datetime
) -> int:
    """``suppress``, and how many were new."""
    return len(suppress(connection, rows, at))


def suppress(
    connection: Connection, rows: Sequence[Mapping[str, Any]], at: datetime
) -> Sequence[Mapping[str, Any]]:
    """Record suppressions that are not there yet, with one link of the chain; returns those.

    Raises:
        UnknownNameError: a subject type that no gate looks for.
    """
    for row in rows:
        if row["subject_type"] not in SUBJECT_TYPES:
            raise UnknownNameError("subject type", row["subject_type"], list(SUBJECT_TYPES))
    new = unrecorded(connection, rows)
    if not new:
        return []
    first = next_sequence(connection, suppression.name, len(new))
    names = (*_SUPPRESSION_KEY, "suppressed_at")
    connection.execute(
        _RECORD,
        [
            {"sequence": first + place, "recorded_at": at, **{name: row[name] for name in names}}
            for place, row in enumerate(new)
        ],
    )
    audit.salt_batch(connection, suppression, first)
    detail: dict[str, Any] = {"first_sequence": first, "count": len(new)}
    detail["digest"] = suppression_digest(connection, first, len(new))
    audit.append(connection, "suppression", detail, at)
    return new


def suppressions_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the batch that a link records is in the table, unchanged."""
    digest = suppression_digest(connection, detail["first_sequence"], detail["count"])
    return bool(digest == detail["digest"])


def record_lifts(connection: Connection, lifts: Sequence[Lift], at: datetime) -> int:
    """Record what people allowed again, with one link of the chain; return how many were new.

    Raises:
        LiftRefusedError: no proof, a time that has not come yet, or a no that is not older. Nothing
            is recorded then.
        UnknownNameError: a subject type that no gate looks for.
    """
    new = [lift for lift in dict.fromkeys(lifts) if not _is_lifted(connection, lift)]
    for lift in new:
        _check_lift(connection, lift, at)
    if not new:
        return 0
    first = next_sequence(connection, suppression_lift.name, len(new))
    connection.execute(
        suppression_lift.insert(),
        [
            {
                "sequence": first + place,
                "recorded_at": at,
                "consented_at": lift.consented_at,
                "proof_json": audit.canonical_json(asdict(lift.proof)),
                **{name: getattr(lift, name) for name in _SCOPE},
            }
            for place, lift in enumerate(new)
        ],
    )
    audit.salt_batch(connection, suppression_lift, first)
    detail: dict[str, Any] = {"first_sequence": first, "count": len(new)}
    detail["digest"] = lift_digest(connection, first, len(new))
    audit.append(connection, "suppression_lift", detail, at)
    return len(new)


def lifts_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the lifts that a link records are in the table, unchanged."""
    digest = lift_digest(connection, detail["first_sequence"], detail["count"])
    return bool(digest == detail["digest"])


def suppressed(
    connection: Connection, channel: str, purpose: str, subjects: Set[Subject]
) -> set[Subject]:
    """Those subjects (type, value) that are suppressed for the channel and purpose."""
    found: set[Subject] = set()
    values = sorted({value for _, value in subjects})
    # With the type the unique key serves as an index; without it every look reads the table.
    types = sorted({subject_type for subject_type, _ in subjects})
    for some in chunks(values, _LOOKED_UP):
        given = {"types": types, "held": some, "channel": channel, "purpose": purpose}
        rows = connection.execute(_SUPPRESSED, given)
        found.update((row.subject_type, row.subject_value) for row in rows)
    return found & subjects


def suppressed_anywhere(
    connection: Connection, subjects: Set[Subject]
) -> set[tuple[Subject, str, str]]:
    """(subject, channel, purpose) of each standing suppression of a few subjects."""
    given = {
        "types": sorted({subject_type for subject_type, _ in subjects}),
        "held": sorted({value for _, value in subjects}),
    }
    found = {
        ((row.subject_type, row.subject_value), row.channel, row.purpose)
        for row in connection.execute(_SUPPRESSED_ANYWHERE, given)
    }
    return {one for one in found if one[0] in subjects}


def stream_suppressed(connection: Connection, channel: str, purpose: str) -> Iterator[Subject]:
    """Every suppressed subject (type, value) of the channel and purpose, as it is read."""
    rows = connection.execution_options(yield_per=_LOOKED_UP).execute(
        _EVERY_SUPPRESSED, {"channel": channel, "purpose": purpose}
    )
    for row in rows:
        yield row.subject_type, row.subject_value


def _stands() -> ColumnElement[bool]:
    """Where the newest suppression is lifted, all are."""
    return ~exists().where(
        *(suppression_lift.c[name] == suppression.c[name] for name in _SCOPE),
        suppression_lift.c.consented_at > suppression.c.suppressed_at,
    )


# Built once: a reader asks many times a second, and building costs more than answering.
_OF_SUBJECTS = and_(
    suppression.c.subject_type.in_(bindparam("types", expanding=True)),
    suppression.c.subject_value.in_(bindparam("held", expanding=True)),
)
_SUPPRESSED_ANYWHERE = select(*(suppression.c[name] for name in _SCOPE)).where(
    _OF_SUBJECTS, _stands()
)
_EVERY_SUPPRESSED = select(suppression.c.subject_type, suppression.c.subject_value).where(
    suppression.c.channel == bindparam("channel"),
    suppression.c.purpose == bindparam("purpose"),
    _stands(),
)
_SUPPRESSED = _EVERY_SUPPRESSED.where(_OF_SUBJECTS)
_KEY_COLUMNS = [suppression.c[name] for name in _SUPPRESSION_KEY]
_RECORDED = select(*_KEY_COLUMNS).where(
    tuple_(*_KEY_COLUMNS).in_(bindparam("keys", expanding=True))
)
_RECORD = suppression.insert()


def _is_lifted(connection: Connection, lift: Lift) -> bool:
    """True where this very yes is recorded already."""
    return bool(
        connection.execute(
            select(func.count())
            .select_from(suppression_lift)
            .where(
                *(suppression_lift.c[name] == getattr(lift, name) for name in _SCOPE),
                suppression_lift.c.consented_at == lift.consented_at,
            )
        ).scalar_one()
    )


def _check_lift(connection: Connection, lift: Lift, at: datetime) -> None:
    if lift.subject_type not in SUBJECT_TYPES:
        raise UnknownNameError("subject type", lift.subject_type, list(SUBJECT_TYPES))
    if not lift.proof.source.strip() or not lift.proof.text_version.strip():
        raise LiftRefusedError(
            f"A yes for {lift.channel} {lift.purpose} has no proof.",
            remedy="Give its source and the version of the text; without both the no stands.",
        )
    if lift.consented_at > at:
        raise LiftRefusedError(
            f"A yes for {lift.channel} {lift.purpose} is dated in the future.",
            remedy="Correct the clock of its source; a yes ahead of time would undo a later no.",
        )
    newest = connection.execute(
        select(func.max(suppression.c.suppressed_at)).where(
            *(suppression.c[name] == getattr(lift, name) for name in _SCOPE)
        )
    ).scalar()
    if newest is not None and newest >= lift.consented_at:
        raise LiftRefusedError(
            f"A yes for {lift.channel} {lift.purpose} is not later than the newest no.",
            remedy="Ask the person again; what she said before she opted out lifts nothing.",
        )


def lift_digest(connection: Connection, first: int, count: int) -> str:
    """What a link records of a batch of lifts."""
    names = ("sequence", *_SCOPE, "consented_at", "proof_json")
    return audit.batch_digest(connection, suppression_lift, names, first, count)


def suppression_digest(connection: Connection, first: int, count: int) -> str:
    """What a link records of a batch of suppressions."""
    names = ("sequence", *_SUPPRESSION_KEY, "suppressed_at")
    return audit.batch_digest(connection, suppression, names, first, count)
