"""What stands at the vendors because of us, and the receipts that say so.

What lives here: receipts, delivered state, rejected content, and the version of an object's state.
What never does: a vendor's own list; only what we sent counts as ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    literal,
    select,
    text,
    update,
)

from orchestration.ledger.statements import (
    chunks,
    counted,
    next_sequence,
    set_counter,
    upsert,
)
from orchestration.ledger.tables import dead_letter, delivered, outbox, plan, receipt

# Rejected content is offered again after this pause, which doubles up to the longest.
REJECTED_PAUSE = timedelta(days=1)
REJECTED_PAUSE_MAX = timedelta(days=32)
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
class StandingRow:
    """A row that stands at a vendor, and under which kind and purpose its object is planned."""

    destination: str
    object: str
    kind: str
    purpose: str
    key: str
    payload_json: str | None
    vendor_id: str | None


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


def ever_taken(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> set[str]:
    """Those keys of which the vendor took a row at any time; a slow look, for rare questions."""
    found: set[str] = set()
    for some in chunks(keys, _KEYS_TOGETHER):
        found.update(
            connection.execute(
                select(receipt.c.key).where(
                    _of(receipt, destination, object_name),
                    receipt.c.key.in_(some),
                    receipt.c.operation.in_(("add", "update")),
                    receipt.c.verdict.in_(("accepted", "accepted_unverified")),
                )
            ).scalars()
        )
    return found


def opt_outs_taken(connection: Connection, destination: str, object_name: str) -> set[str]:
    """Digests of addresses whose opt-out the vendor took into its own record; a slow look."""
    rows = connection.execute(
        select(receipt.c.key).distinct().where(
            _of(receipt, destination, object_name),
            receipt.c.operation == "suppress",
            receipt.c.verdict.in_(("accepted", "accepted_unverified")),
        )
    )
    return set(rows.scalars())


def opt_out_receipts(
    connection: Connection, keys: Sequence[str], since: datetime
) -> list[tuple[str, str, str, str | None, str | None]]:
    """(destination, object, verdict, reason, vendor id) of the opt-outs of a few keys, the newest
    last; a slow look, for rare questions."""
    rows = connection.execute(
        select(
            receipt.c.destination, receipt.c.object, receipt.c.verdict, receipt.c.reason,
            receipt.c.vendor_id,
        )
        .where(
            receipt.c.received_at >= since,
            receipt.c.key.in_(keys),
            receipt.c.operation.in_(("remove", "suppress")),
        )
        .order_by(receipt.c.sequence)
    )  # fmt: skip
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def version(connection: Connection, destination: str, object_name: str) -> int:
    """Moves with each change that a plan made to the object's delivered state; 0 before the first.

    Opt-outs do not move it: a plan that was approved before one may still go, since the gate drops
    whoever opted out meanwhile.
    """
    return counted(connection, _version_name(destination, object_name))


def stream_hashes(
    connection: Connection, destination: str, object_name: str, expired_by: datetime | None = None
) -> Iterator[tuple[str, str | None, bool]]:
    """Every known key of the object as (key, row_hash, is_removed), as it is read.

    What was delivered up to ``expired_by`` is in doubt: the vendor forgets it soon.
    """
    is_expired: ColumnElement[bool] = literal(False)
    if expired_by is not None:
        is_expired = delivered.c.delivered_at <= expired_by
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        select(
            delivered.c.key,
            delivered.c.row_hash,
            delivered.c.is_removed,
            is_expired.label("is_expired"),
        ).where(_of(delivered, destination, object_name))
    )
    for row in rows:
        yield row.key, None if row.is_expired else row.row_hash, row.is_removed


def stream_vendor_ids(
    connection: Connection, destination: str, object_name: str
) -> Iterator[tuple[str, str, bool]]:
    """Keys whose record the vendor named, as (key, vendor_id, is_removed)."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        select(delivered.c.key, delivered.c.vendor_id, delivered.c.is_removed).where(
            _of(delivered, destination, object_name), delivered.c.vendor_id.is_not(None)
        )
    )
    for row in rows:
        yield row.key, row.vendor_id, row.is_removed


def put_in_doubt(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> None:
    """Nobody knows any more that these keys stand there: the next plan sends them again."""
    connection.execute(
        update(delivered)
        .where(_of(delivered, destination, object_name), delivered.c.key.in_(keys))
        .values(row_hash=None)
    )


def stream_rejected(
    connection: Connection, destination: str, object_name: str, at: datetime
) -> Iterator[tuple[str, str]]:
    """Content that the vendor rejected and that is not due again by ``at``: (key, row_hash)."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        _REJECTED, {"of_destination": destination, "of_object": object_name, "at": at}
    )
    for row in rows:
        yield row.key, row.row_hash


def by_keys(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> dict[str, DeliveredRow]:
    """The delivered state of these keys; unknown keys are absent."""
    found: dict[str, DeliveredRow] = {}
    for some in chunks(keys, _KEYS_TOGETHER):
        given = {"of_destination": destination, "of_object": object_name, "keys": some}
        rows = connection.execute(_BY_KEYS, given)
        found.update((row.key, DeliveredRow(**row._mapping)) for row in rows)
    return found


def standing_of(connection: Connection, keys: Sequence[str]) -> list[StandingRow]:
    """Whatever stands anywhere under these keys, in doubt or not, of objects that were planned; and
    what a vendor has in a job that has not ended, where nothing of hers stands yet."""
    found: dict[tuple[str, str, str], StandingRow] = {}
    for some in chunks(keys, _KEYS_TOGETHER):
        for statement in (_STANDING_OF, _IN_JOBS):
            for row in connection.execute(statement, {"keys": some}):
                one = StandingRow(**row._mapping)
                found.setdefault((one.destination, one.object, one.key), one)
    return list(found.values())


def write(
    connection: Connection,
    destination: str,
    object_name: str,
    plan_hash: str | None,
    rows: Sequence[DeliveredRow],
    at: datetime,
) -> None:
    """Replace the delivered state of these keys; a plan's doing moves the object's version."""
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
    if plan_hash is not None:
        name = _version_name(destination, object_name)
        set_counter(connection, name, first + len(rows) - 1)


def write_receipts(
    connection: Connection,
    destination: str,
    object_name: str,
    plan_hash: str | None,
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
        _WRITE_RECEIPTS,
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
    """Remember rejected content (key, row_hash, reason): it is not sent again unchanged before its
    pause is over, and the pause grows with each rejection of the same content."""
    before = _rejected_counts(connection, destination, object_name, [row["key"] for row in rows])
    shared = {
        "destination": destination,
        "object": object_name,
        "plan_hash": plan_hash,
        "rejected_at": at,
    }
    letters = []
    for row in rows:
        count = before.get((row["key"], row["row_hash"]), 0) + 1
        pause = min(REJECTED_PAUSE * 2 ** (count - 1), REJECTED_PAUSE_MAX)
        letters.append({**shared, **row, "rejected_count": count, "retry_at": at + pause})
    upsert(connection, dead_letter, letters)


def make_rejected_due(connection: Connection, at: datetime, destination: str | None = None) -> int:
    """Let the next plan take every rejected row again; how many there are."""
    condition = dead_letter.c.retry_at > at
    if destination is not None:
        condition = condition & (dead_letter.c.destination == destination)
    return connection.execute(update(dead_letter).where(condition).values(retry_at=at)).rowcount


def forget_rejected(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> None:
    """The vendor took the key after all, or it left."""
    if keys:
        given = {"of_destination": destination, "of_object": object_name, "keys": keys}
        connection.execute(_FORGET_REJECTED, given)


def verdict_counts(connection: Connection, plan_hash: str) -> dict[tuple[str, str], int]:
    """Receipts of a plan by (operation, verdict)."""
    rows = connection.execute(
        select(receipt.c.operation, receipt.c.verdict, func.count())
        .where(receipt.c.plan_hash == plan_hash)
        .group_by(receipt.c.operation, receipt.c.verdict)
    )
    return {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}


def refusal_counts(connection: Connection, plan_hash: str) -> dict[str, int]:
    """Receipts of a plan that took nothing, by reason, most frequent first."""
    number = func.count()
    rows = connection.execute(
        select(receipt.c.reason, number)
        .where(
            receipt.c.plan_hash == plan_hash,
            receipt.c.verdict.in_(("rejected", "ambiguous")),
        )
        .group_by(receipt.c.reason)
        .order_by(number.desc(), receipt.c.reason)
    )
    return {str(row[0] or "no reason given"): int(str(row[1])) for row in rows}


def standing_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Keys that stand at the vendors now, by (destination, object)."""
    rows = connection.execute(
        select(delivered.c.destination, delivered.c.object, func.count())
        .where(delivered.c.is_removed.is_(False))
        .group_by(delivered.c.destination, delivered.c.object)
    )
    return {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}


def _rejected_counts(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for some in chunks(keys, _KEYS_TOGETHER):
        rows = connection.execute(
            select(dead_letter).where(
                _of(dead_letter, destination, object_name), dead_letter.c.key.in_(some)
            )
        )
        found.update(((row.key, row.row_hash), row.rejected_count) for row in rows)
    return found


def set_first_versions(connection: Connection) -> None:
    """The versions of a ledger that did not count them yet."""
    rows = connection.execute(
        select(delivered.c.destination, delivered.c.object, func.max(delivered.c.sequence))
        .group_by(delivered.c.destination, delivered.c.object)
    )
    for row in rows.all():
        set_counter(connection, _version_name(str(row[0]), str(row[1])), int(str(row[2])))


def _given(table: Table) -> Any:
    return _of(table, bindparam("of_destination"), bindparam("of_object"))


def _standing_of() -> Select[Any]:
    newest = (
        select(plan.c.destination, plan.c.object, func.max(plan.c.sequence).label("sequence"))
        .group_by(plan.c.destination, plan.c.object)
        .subquery()
    )
    same = (plan.c.destination == delivered.c.destination) & (plan.c.object == delivered.c.object)
    return (
        select(
            delivered.c.destination,
            delivered.c.object,
            plan.c.kind,
            plan.c.purpose,
            delivered.c.key,
            delivered.c.payload_json,
            delivered.c.vendor_id,
        )
        .join(plan, same)
        .join(newest, newest.c.sequence == plan.c.sequence)
        .where(
            delivered.c.key.in_(bindparam("keys", expanding=True)),
            delivered.c.is_removed.is_(False),
        )
        .order_by(delivered.c.destination, delivered.c.object, delivered.c.key)
    )


def _version_name(destination: str, object_name: str) -> str:
    return f"delivered_version|{destination}|{object_name}"


def _of(table: Table, destination: Any, object_name: Any) -> Any:
    return (table.c.destination == destination) & (table.c.object == object_name)


def _in_jobs() -> Select[Any]:
    return (
        select(
            outbox.c.destination,
            outbox.c.object,
            plan.c.kind,
            plan.c.purpose,
            outbox.c.key,
            outbox.c.payload_json,
            outbox.c.vendor_id,
        )
        .join(plan, plan.c.plan_hash == outbox.c.plan_hash)
        .where(
            outbox.c.key.in_(bindparam("keys", expanding=True)),
            # In words of the partial index, which no bound value would meet.
            text("outbox.state = 'submitted'"),
            outbox.c.operation.in_(("add", "update")),
        )
        .order_by(outbox.c.outbox_id)
    )


# Built once: an opt-out and every plan ask these, and building costs more than answering.
_STANDING_OF = _standing_of()
_IN_JOBS = _in_jobs()
_BY_KEYS = select(*[delivered.c[name] for name in DeliveredRow.__dataclass_fields__]).where(
    _given(delivered), delivered.c.key.in_(bindparam("keys", expanding=True))
)
_REJECTED = select(dead_letter.c.key, dead_letter.c.row_hash).where(
    _given(dead_letter), dead_letter.c.retry_at > bindparam("at")
)
_FORGET_REJECTED = delete(dead_letter).where(
    _given(dead_letter), dead_letter.c.key.in_(bindparam("keys", expanding=True))
)
_WRITE_RECEIPTS = receipt.insert()
