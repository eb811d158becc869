"""What stands at the vendors because of us, and the receipts that say so.

What lives here: receipts, delivered state, rejected content, and the version of an object's state.
What never does: a vendor's own list; only what we sent counts as ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from orchestration.ledger.statements import chunks, next_sequence, upsert
from orchestration.ledger.tables import dead_letter, delivered, receipt

_READ_TOGETHER = 10_000
_KEYS_TOGETHER = 5_000


@dataclass(frozen=True)
class DeliveredRow:
    """One key's delivered state; ``row_hash`` None: in doubt. See ``tables.delivered``."""

    key: str
    row_hash: str | None
    payload_json: str | None
    stale_payloads_json: str | None
    vendor_id: str | None
    is_removed: bool


@dataclass(frozen=True)
class ReceiptRow:
    """One decided row of a plan."""

    key: str
    operation: str
    row_hash: str | None
    verdict: str
    reason: str | None
    vendor_id: str | None
    job_id: str | None


def version(connection: Connection, destination: str, object_name: str) -> int:
    """Moves with each change of the object's delivered state; 0 where nothing was delivered."""
    newest = connection.execute(
        select(func.max(delivered.c.sequence)).where(_of(delivered, destination, object_name))
    ).scalar()
    return int(newest or 0)


def stream_hashes(
    connection: Connection, destination: str, object_name: str
) -> Iterator[tuple[str, str | None, bool]]:
    """Every known key of the object as (key, row_hash, is_removed), as it is read."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        select(delivered.c.key, delivered.c.row_hash, delivered.c.is_removed).where(
            _of(delivered, destination, object_name)
        )
    )
    for row in rows:
        yield row.key, row.row_hash, row.is_removed


def stream_rejected(
    connection: Connection, destination: str, object_name: str
) -> Iterator[tuple[str, str]]:
    """Content that the vendor rejected, as (key, row_hash)."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        select(dead_letter.c.key, dead_letter.c.row_hash).where(
            _of(dead_letter, destination, object_name)
        )
    )
    for row in rows:
        yield row.key, row.row_hash


def by_keys(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> dict[str, DeliveredRow]:
    """The delivered state of these keys; unknown keys are absent."""
    columns = [delivered.c[name] for name in DeliveredRow.__dataclass_fields__]
    found: dict[str, DeliveredRow] = {}
    for some in chunks(keys, _KEYS_TOGETHER):
        rows = connection.execute(
            select(*columns).where(
                _of(delivered, destination, object_name), delivered.c.key.in_(some)
            )
        )
        found.update((row.key, DeliveredRow(**row._mapping)) for row in rows)
    return found


def write(
    connection: Connection,
    destination: str,
    object_name: str,
    plan_hash: str,
    rows: Sequence[DeliveredRow],
    at: datetime,
) -> None:
    """Replace the delivered state of these keys; the object's version moves."""
    if not rows:
        return
    first = next_sequence(connection, delivered.name, len(rows))
    shared = {
        "destination": destination,
        "object": object_name,
        "plan_hash": plan_hash,
        "delivered_at": at,
    }
    upsert(
        connection,
        delivered,
        [{**shared, "sequence": first + place, **vars(row)} for place, row in enumerate(rows)],
    )


def write_receipts(
    connection: Connection,
    destination: str,
    object_name: str,
    plan_hash: str,
    rows: Sequence[ReceiptRow],
    at: datetime,
) -> None:
    """Append one receipt per decided row."""
    if not rows:
        return
    first = next_sequence(connection, receipt.name, len(rows))
    shared = {
        "destination": destination,
        "object": object_name,
        "plan_hash": plan_hash,
        "received_at": at,
    }
    connection.execute(
        receipt.insert(),
        [{**shared, "sequence": first + place, **vars(row)} for place, row in enumerate(rows)],
    )


def write_rejected(
    connection: Connection,
    destination: str,
    object_name: str,
    plan_hash: str,
    rows: Sequence[Mapping[str, Any]],
    at: datetime,
) -> None:
    """Remember rejected content (key, row_hash, reason), so that it is not sent again unchanged."""
    shared = {
        "destination": destination,
        "object": object_name,
        "plan_hash": plan_hash,
        "rejected_at": at,
    }
    upsert(connection, dead_letter, [{**shared, **row} for row in rows])


def forget_rejected(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> None:
    """The vendor took the key after all, or it left."""
    if keys:
        connection.execute(
            delete(dead_letter).where(
                _of(dead_letter, destination, object_name), dead_letter.c.key.in_(keys)
            )
        )


def verdict_counts(connection: Connection, plan_hash: str) -> dict[tuple[str, str], int]:
    """Receipts of a plan by (operation, verdict)."""
    rows = connection.execute(
        select(receipt.c.operation, receipt.c.verdict, func.count())
        .where(receipt.c.plan_hash == plan_hash)
        .group_by(receipt.c.operation, receipt.c.verdict)
    )
    return {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}


def standing_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Keys that stand at the vendors now, by (destination, object)."""
    rows = connection.execute(
        select(delivered.c.destination, delivered.c.object, func.count())
        .where(delivered.c.is_removed.is_(False))
        .group_by(delivered.c.destination, delivered.c.object)
    )
    return {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}


def _of(table: Table, destination: str, object_name: str) -> Any:
    return (table.c.destination == destination) & (table.c.object == object_name)
