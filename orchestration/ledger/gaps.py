"""What a restore from an older backup lost, and the stop that it puts on sending.

What lives here: the gap's record, its closing, and the refusal while it is open.
What never does: restoring (``backup.py``); importing the opt-outs again.

Between the backup and the loss people may have opted out, and the restored ledger does not know
them: nothing is sent until a person says that their opt-outs are in again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from orchestration.ledger import audit
from orchestration.ledger.errors import RestoreGapError
from orchestration.ledger.safety_tables import restore_gap
from orchestration.ledger.statements import next_sequence
from orchestration.ledger.tables import audit_chain


@dataclass(frozen=True)
class Gap:
    """One restore that lost links: positions of the backup's head and of the lost head."""

    sequence: int
    backup_position: int
    lost_position: int
    reason: str
    actor: str
    restored_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    close_reason: str | None = None


def record(
    connection: Connection,
    *,
    backup_position: int,
    lost: audit.Head,
    reason: str,
    actor: str,
    at: datetime,
) -> None:
    """Remember that the links up to ``lost`` are gone, with one link of the chain."""
    detail = {
        "sequence": next_sequence(connection, restore_gap.name, 1),
        "backup_position": backup_position,
        "lost_position": lost.position,
        "reason": reason,
        "actor": actor,
    }
    connection.execute(restore_gap.insert().values(**detail, restored_at=at))
    audit.append(connection, "restore", {**detail, "lost_hash": lost.link_hash}, at)


def open_gap(connection: Connection) -> Gap | None:
    """The oldest gap that nobody closed yet."""
    row = connection.execute(_OPEN).first()
    return None if row is None else Gap(**row._mapping)


def refuse_while_open(connection: Connection) -> None:
    """
    Raises:
        RestoreGapError: a restore lost links, and nobody said that the opt-outs are in again.
    """
    gap = open_gap(connection)
    if gap is not None:
        lost = gap.lost_position - gap.backup_position
        raise RestoreGapError(
            f"The ledger was restored at {gap.restored_at:%F %T} UTC from a backup that lacks up "
            f"to {lost} links, opt-outs among them; nothing is sent.",
            remedy="Land and publish the opt-outs since then again, then run "
            "'tributary ledger confirm --reason …'.",
        )


def close(connection: Connection, *, actor: str, reason: str, at: datetime) -> int:
    """A person says that the opt-outs are in again, with one link of the chain; gaps closed."""
    closed = connection.execute(
        update(restore_gap)
        .where(restore_gap.c.closed_at.is_(None))
        .values(closed_at=at, closed_by=actor, close_reason=reason)
    ).rowcount
    if closed:
        detail = {"actor": actor, "reason": reason, "gaps": closed}
        audit.append(connection, "restore_confirmed", detail, at)
    return closed


def gap_stands(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the gap that a link records is in the table, unchanged, and closed by nobody but a
    link of the chain."""
    row = connection.execute(
        select(restore_gap).where(restore_gap.c.sequence == detail["sequence"])
    ).first()
    names = ("backup_position", "lost_position", "reason", "actor")
    if row is None or any(row._mapping[name] != detail[name] for name in names):
        return False
    if row.closed_at is None:
        return True
    confirmed = connection.execute(
        select(audit_chain.c.position)
        .where(
            audit_chain.c.kind == "restore_confirmed",
            audit_chain.c.recorded_at == row.closed_at,
        )
        .limit(1)
    ).first()
    return confirmed is not None


# Built once: the gate asks it before anything starts.
_OPEN = (
    select(*[restore_gap.c[field.name] for field in fields(Gap)])
    .where(restore_gap.c.closed_at.is_(None))
    .order_by(restore_gap.c.sequence)
    .limit(1)
)
