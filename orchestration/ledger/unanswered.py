"""Whom requests without an answer may still add.

What lives here: the statements on ``unanswered``.
What never does: what is done about it (``activation/unanswered.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from orchestration.ledger.safety_tables import unanswered
from orchestration.ledger.statements import upsert


@dataclass(frozen=True)
class Unanswered:
    """See ``safety_tables.unanswered``."""

    destination: str
    object: str
    key: str
    row_hash: str
    payload_json: str
    vendor_id: str | None
    until_at: datetime


_IS_ROW = [
    unanswered.c[name] == bindparam(f"of_{name}")
    for name in ("destination", "object", "key", "row_hash")
]
_DUE = select(*[unanswered.c[field.name] for field in fields(Unanswered)])
_FORGET = delete(unanswered).where(*_IS_ROW)
_PUT_OFF = update(unanswered).where(*_IS_ROW).values(until_at=bindparam("later"))


def remember(connection: Connection, rows: Sequence[Unanswered]) -> None:
    """From the newest request on: what is known of a key and its content is replaced."""
    upsert(connection, unanswered, [vars(row) for row in rows])


def due(connection: Connection, at: datetime, most: int) -> list[Unanswered]:
    """Rows whose request can have no more effect, the oldest first."""
    rows = connection.execute(
        _DUE.where(unanswered.c.until_at <= at).order_by(unanswered.c.until_at).limit(most)
    )
    return [Unanswered(**row._mapping) for row in rows]


def forget(connection: Connection, rows: Sequence[Unanswered]) -> None:
    """Delete them."""
    if rows:
        connection.execute(_FORGET, [_names(row) for row in rows])


def put_off(connection: Connection, rows: Sequence[Unanswered], later: datetime) -> None:
    """Make them due later."""
    if rows:
        connection.execute(_PUT_OFF, [{**_names(row), "later": later} for row in rows])


def _names(row: Unanswered) -> dict[str, str]:
    return {
        "of_destination": row.destination,
        "of_object": row.object,
        "of_key": row.key,
        "of_row_hash": row.row_hash,
    }
