"""Intents on their way: filled from a plan, taken, sent, waiting for a job, gone when decided.

What lives here: the outbox table and its states ``pending``, ``sending``, ``submitted``.
What never does: which row may go (the gate), what a verdict means (the settlement).

A row that is ``sending`` when a process dies goes back to ``pending`` with its attempts counted:
the vendor may hold it or not, and sending it again is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update

from orchestration.ledger.tables import outbox

# Suppressed people leave first, then additions, changes, identifiers that changes left behind,
# and last the other removals.
REMOVE_SUPPRESSED, ADD, UPDATE, PRUNE, REMOVE = range(5)


@dataclass(frozen=True)
class Intent:
    """One row of the outbox. ``operation``: add, update, remove, or prune (old identifiers)."""

    outbox_id: int
    plan_hash: str
    destination: str
    object: str
    key: str
    operation: str
    priority: int
    state: str
    row_hash: str | None
    payload_json: str
    prior_payload_json: str | None
    vendor_id: str | None
    job_id: str | None
    attempt_count: int
    last_reason: str | None

    @property
    def is_removal(self) -> bool:
        return self.operation in ("remove", "prune")


def fill(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows (columns of the table without ``outbox_id``), all ``pending``."""
    if rows:
        connection.execute(outbox.insert(), [{**row, "state": "pending"} for row in rows])


def pending(connection: Connection, plan_hash: str, priority: int, limit: int) -> list[Intent]:
    """The next rows of this turn, in the plan's order."""
    return _read(
        connection,
        (outbox.c.plan_hash == plan_hash)
        & (outbox.c.priority == priority)
        & (outbox.c.state == "pending"),
        limit,
    )


def waiting(connection: Connection, plan_hash: str, limit: int) -> list[Intent]:
    """Pending rows of any turn except identifiers left behind, in the plan's order."""
    return _read(
        connection,
        (outbox.c.plan_hash == plan_hash)
        & (outbox.c.state == "pending")
        & (outbox.c.operation != "prune"),
        limit,
    )


def of_job(connection: Connection, plan_hash: str, job_id: str) -> list[Intent]:
    """The rows that wait for the vendor's job."""
    return _read(
        connection,
        (outbox.c.plan_hash == plan_hash)
        & (outbox.c.state == "submitted")
        & (outbox.c.job_id == job_id),
        None,
    )


def jobs(connection: Connection, plan_hash: str) -> list[str]:
    """Ids of the vendor's jobs that rows of the plan wait for, oldest first."""
    return list(
        connection.execute(
            select(outbox.c.job_id)
            .where(outbox.c.plan_hash == plan_hash, outbox.c.state == "submitted")
            .group_by(outbox.c.job_id)
            .order_by(func.min(outbox.c.outbox_id))
        ).scalars()
    )


def mark_sending(connection: Connection, ids: Sequence[int]) -> None:
    """The rows are about to leave: from now on the vendor may hold them."""
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id.in_(ids))
        .values(state="sending", attempt_count=outbox.c.attempt_count + 1)
    )


def give_back(connection: Connection, plan_hash: str, reason: str | None, limit: int) -> int:
    """Return up to ``limit`` rows that were ``sending`` to ``pending``; how many there were."""
    ids: list[int] = list(
        connection.execute(
            select(outbox.c.outbox_id)
            .where(outbox.c.plan_hash == plan_hash, outbox.c.state == "sending")
            .order_by(outbox.c.outbox_id)
            .limit(limit)
        ).scalars()
    )
    if ids:
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(ids))
            .values(state="pending", last_reason=reason)
        )
    return len(ids)


def submit(connection: Connection, job_of: Mapping[int, str]) -> None:
    """Store the job that each row waits for, before anyone asks for its outcome."""
    if job_of:
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(list(job_of)))
            .values(state="submitted", job_id=case(job_of, value=outbox.c.outbox_id))
        )


def turn_to_prune(connection: Connection, ids: Sequence[int]) -> None:
    """The new identifiers are in; the old ones leave next."""
    if ids:
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(ids))
            .values(
                operation="prune", priority=PRUNE, state="pending", job_id=None, attempt_count=0
            )
        )


def remove_decided(connection: Connection, ids: Sequence[int]) -> None:
    """Take decided rows out; their receipts tell what came of them."""
    if ids:
        connection.execute(delete(outbox).where(outbox.c.outbox_id.in_(ids)))


def count(connection: Connection, plan_hash: str) -> int:
    """How many rows of the plan are not decided yet."""
    return int(
        connection.execute(
            select(func.count()).select_from(outbox).where(outbox.c.plan_hash == plan_hash)
        ).scalar_one()
    )


def _read(connection: Connection, condition: Any, limit: int | None) -> list[Intent]:
    columns = [outbox.c[field.name] for field in fields(Intent)]
    rows = connection.execute(
        select(*columns).where(condition).order_by(outbox.c.outbox_id).limit(limit)
    )
    return [Intent(**row._asdict()) for row in rows]
