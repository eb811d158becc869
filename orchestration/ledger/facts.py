"""Facts that outlive every build: suppressions, and how any fact is read.

What lives here: recording suppressions once, looking them up, reading tables by watermark.
What never does: opt-ins; nothing here lifts a suppression. Customer ids (``customer_ids.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.statements import chunks, next_sequence
from orchestration.ledger.tables import LANDED_TABLES, suppression

SUBJECT_TYPES = ("customer_id", "email_sha256", "phone_sha256")
_SUPPRESSION_KEY = ("subject_type", "subject_value", "channel", "purpose", "source_event")
# SQLite takes 32,766 parameters in a statement.
_LOOKED_UP = 5_000

Subject = tuple[str, str]


def rows_since(
    connection: Connection, table: str, sequence: int, limit: int
) -> list[dict[str, Any]]:
    """Rows whose ``sequence`` is greater than the given one, oldest first; times are aware UTC.

    Raises:
        UnknownNameError: the table is none of those that landing copies.
    """
    if table not in LANDED_TABLES:
        raise UnknownNameError("ledger table", table, list(LANDED_TABLES))
    landed = LANDED_TABLES[table]
    rows = connection.execute(
        select(landed).where(landed.c.sequence > sequence).order_by(landed.c.sequence).limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def unrecorded(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those suppressions that are not in the ledger by subject, channel, purpose and event."""
    keys = [tuple(row[name] for name in _SUPPRESSION_KEY) for row in rows]
    columns = [suppression.c[name] for name in _SUPPRESSION_KEY]
    known = {
        tuple(row)
        for row in connection.execute(select(*columns).where(tuple_(*columns).in_(keys)))
    }
    new = {
        key: row
        for key, row in zip(reversed(keys), reversed(rows), strict=True)
        if key not in known
    }
    return list(reversed(new.values()))


def record_suppressions(
    connection: Connection, rows: Sequence[Mapping[str, Any]], at: datetime
) -> int:
    """Record new suppressions with one link of the chain; return how many were new.

    Raises:
        UnknownNameError: a subject type that no gate looks for.
    """
    for row in rows:
        if row["subject_type"] not in SUBJECT_TYPES:
            raise UnknownNameError("subject type", row["subject_type"], list(SUBJECT_TYPES))
    new = unrecorded(connection, rows)
    if not new:
        return 0
    first = next_sequence(connection, suppression.name, len(new))
    names = (*_SUPPRESSION_KEY, "suppressed_at")
    connection.execute(
        suppression.insert(),
        [
            {"sequence": first + place, "recorded_at": at, **{name: row[name] for name in names}}
            for place, row in enumerate(new)
        ],
    )
    detail: dict[str, Any] = {"first_sequence": first, "count": len(new)}
    detail["digest"] = _suppression_digest(connection, first, len(new))
    audit.append(connection, "suppression", detail, at)
    return len(new)


def suppressions_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the batch that a link records is in the table, unchanged."""
    digest = _suppression_digest(connection, detail["first_sequence"], detail["count"])
    return bool(digest == detail["digest"])


def suppressed(
    connection: Connection, channel: str, purpose: str, subjects: Set[Subject]
) -> set[Subject]:
    """Those subjects (type, value) that are suppressed for the channel and purpose."""
    found: set[Subject] = set()
    values = sorted({value for _, value in subjects})
    for some in chunks(values, _LOOKED_UP):
        rows = connection.execute(
            select(suppression.c.subject_type, suppression.c.subject_value).where(
                suppression.c.channel == channel,
                suppression.c.purpose == purpose,
                suppression.c.subject_value.in_(some),
            )
        )
        found.update((row.subject_type, row.subject_value) for row in rows)
    return found & subjects


def stream_suppressed(connection: Connection, channel: str, purpose: str) -> Iterator[Subject]:
    """Every suppressed subject (type, value) of the channel and purpose, as it is read."""
    rows = connection.execution_options(yield_per=_LOOKED_UP).execute(
        select(suppression.c.subject_type, suppression.c.subject_value).where(
            suppression.c.channel == channel, suppression.c.purpose == purpose
        )
    )
    for row in rows:
        yield row.subject_type, row.subject_value


def _suppression_digest(connection: Connection, first: int, count: int) -> str:
    names = ("sequence", *_SUPPRESSION_KEY, "suppressed_at")
    return audit.batch_digest(connection, suppression, names, first, count)
