"""The last gate: which rows may go, decided in the transaction that takes them from the outbox.

What lives here: the check of suppressions and tombstones. It may only drop, and each drop is a
receipt.
What never does: adding or changing a row; holding back a removal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from orchestration.activation.payloads import parse, subjects
from orchestration.activation.settlement import Decision, settle
from orchestration.destinations.registry import CHANNELS
from orchestration.errors import UnknownNameError
from orchestration.ledger import facts, outbox, tombstones
from orchestration.ledger.outbox import Intent, Mandate
from orchestration.ledger.statements import SETTLED_ROWS, chunks

Name = TypeVar("Name")

# Where the destination does not serve one channel only.
_CHANNELS = {"marketing": "email", "ads_sharing": "ads"}


@dataclass(frozen=True)
class Taken:
    """Rows that are ``sending`` now, and how many the gate dropped."""

    rows: tuple[Intent, ...]
    dropped_count: int

    @property
    def is_empty(self) -> bool:
        return not self.rows and not self.dropped_count


def channel_of(destination: str, purpose: str) -> str:
    """The channel whose suppressions bind a delivery of this purpose to this destination.

    Raises:
        UnknownNameError: the purpose has no channel.
    """
    if destination in CHANNELS:
        return CHANNELS[destination]
    if purpose not in _CHANNELS:
        raise UnknownNameError("purpose", purpose, list(_CHANNELS))
    return _CHANNELS[purpose]


def take(
    connection: Connection, mandate: Mandate, priority: int, limit: int, at: datetime
) -> Taken:
    """Take up to ``limit`` rows of one turn (at most ``SETTLED_ROWS``), minus the suppressed."""
    rows = outbox.pending(connection, mandate, priority, min(limit, SETTLED_ROWS))
    going = _through(connection, mandate, rows, at)
    outbox.mark_sending(connection, [row.outbox_id for row in going])
    return Taken(tuple(going), len(rows) - len(going))


def look_again(
    connection: Connection, mandate: Mandate, rows: Sequence[Intent], at: datetime
) -> list[Intent]:
    """Rows that were taken a while ago and have not left yet, minus who was suppressed since."""
    going: list[Intent] = []
    for some in chunks(rows, SETTLED_ROWS):
        # As they were read before they were taken: nothing of them was sent.
        going += _through(connection, mandate, some, at)
    return going


def _through(
    connection: Connection, mandate: Mandate, rows: Sequence[Intent], at: datetime
) -> list[Intent]:
    barred = suppressed_rows(
        connection, mandate, [row for row in rows if row.operation in ("add", "update")]
    )
    dropped = [row for row in rows if row.outbox_id in barred]
    decisions = [Decision(row, "superseded", reason="suppressed") for row in dropped]
    settle(connection, mandate, decisions, at)
    return [row for row in rows if row.outbox_id not in barred]


def suppressed_rows(connection: Connection, mandate: Mandate, rows: Sequence[Intent]) -> set[int]:
    """Outbox ids of those rows whose person is suppressed under any of her subjects."""
    named = {row.outbox_id: subjects(row.key, parse(row.payload_json)) for row in rows}
    return _barred(connection, mandate, named)


def suppressed_keys(
    connection: Connection, mandate: Mandate, payloads: dict[str, str | None]
) -> set[str]:
    """Of keys with their payload JSON, those whose person is suppressed."""
    named = {key: subjects(key, parse(payload)) for key, payload in payloads.items()}
    return _barred(connection, mandate, named)


def _barred(
    connection: Connection, mandate: Mandate, named: dict[Name, set[tuple[str, str]]]
) -> set[Name]:
    if not named:
        return set()
    every = {subject for some in named.values() for subject in some}
    channel = channel_of(mandate.destination, mandate.purpose)
    found = facts.suppressed(connection, channel, mandate.purpose, every)
    if tombstones.is_anybody_buried(connection):
        found |= tombstones.buried(connection, tombstones.key_of(connection), every)
    return {name for name, some in named.items() if some & found}
