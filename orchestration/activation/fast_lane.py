"""Opt-outs on their way: no plan, no approval, before everything else of the account.

What lives here: putting them into the outbox, and taking out whatever they overtake.
What never does: who opted out (the collector and ``publish`` know); additions of any kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection

from orchestration.activation import gate
from orchestration.activation.settlement import Decision, settle
from orchestration.errors import UnknownNameError
from orchestration.ledger import outbox, seals
from orchestration.ledger.outbox import Intent, Mandate

OPERATIONS = ("remove", "suppress", "erase")


@dataclass(frozen=True)
class OptOut:
    """One thing that must go at once: ``remove`` a member, ``suppress`` with the vendor, or ask the
    vendor to ``erase`` whom an address names.

    ``payload_json`` is what was sent when she was added, ``vendor_id`` what the vendor calls her.
    """

    destination: str
    object: str
    key: str
    operation: str
    payload_json: str
    vendor_id: str | None = None


def enqueue(connection: Connection, opt_outs: Sequence[OptOut], at: datetime) -> int:
    """Put opt-outs into the outbox, in the caller's transaction; how many were not there yet.

    What waits for the same key and object is overtaken: its receipt says ``superseded``. What is
    under way lands first, and the opt-out follows it.

    Raises:
        UnknownNameError: an operation that is no opt-out.
    """
    ordered = sorted(opt_outs, key=lambda row: (row.destination, row.object, row.key))
    written = 0
    for where, rows in groupby(ordered, key=lambda row: (row.destination, row.object)):
        some = list({row.key: row for row in rows}.values())
        waiting = outbox.pending_of_keys(connection, *where, [row.key for row in some])
        _overtake(connection, [row for row in waiting if row.plan_hash is not None], at)
        known = {row.key for row in waiting if row.plan_hash is None}
        new = [_columns(row) for row in some if row.key not in known]
        outbox.fill(connection, new)
        written += len(new)
    return written


def enqueue_in_order(
    connection: Connection, opt_outs: Sequence[OptOut], at: datetime
) -> dict[tuple[str, str, str], int]:
    """``enqueue``, and how many were new by (destination, object, operation). Leaving the lists
    comes first: a vendor's own record of an opt-out can be a job that takes its time."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for operation in OPERATIONS:
        for where in sorted({(row.destination, row.object) for row in opt_outs}):
            some = [
                row
                for row in opt_outs
                if (row.destination, row.object) == where and row.operation == operation
            ]
            counts[(*where, operation)] += enqueue(connection, some, at)
    return {name: count for name, count in counts.items() if count}


def follow_landed(
    connection: Connection, mandate: Mandate, decisions: Sequence[Decision], at: datetime
) -> None:
    """Send an opt-out after each addition that landed, or may have, although its person opted out
    while it was under way.

    A removal that waits already names what stood when she opted out. Where an addition replaced
    that, the removal names what stands now; what it replaced is pruned afterwards.
    """
    if mandate.kind != "membership" or mandate.plan_hash is None:
        return
    landed = [
        decision
        for decision in decisions
        if decision.intent.operation in ("add", "update")
        and (decision.is_taken or decision.is_doubtful)
    ]
    barred = gate.suppressed_rows(connection, mandate, [d.intent for d in landed])
    followed = [d for d in landed if d.intent.outbox_id in barred]
    _name_anew(connection, mandate, [_removal(mandate, d) for d in followed if d.is_taken])
    enqueue(connection, [_removal(mandate, d) for d in followed], at)


def _name_anew(connection: Connection, mandate: Mandate, removals: Sequence[OptOut]) -> None:
    where, of_key = (mandate.destination, mandate.object), {row.key: row for row in removals}
    waiting = outbox.pending_of_keys(connection, *where, sorted(of_key))
    outbox.name_anew(
        connection,
        {
            row.outbox_id: (of_key[row.key].payload_json, of_key[row.key].vendor_id)
            for row in waiting
            if row.plan_hash is None and row.operation == "remove"
        },
    )


def _removal(mandate: Mandate, decision: Decision) -> OptOut:
    intent = decision.intent
    return OptOut(
        mandate.destination,
        mandate.object,
        intent.key,
        "remove",
        intent.payload_json,
        decision.vendor_id or intent.vendor_id,
    )


def _overtake(connection: Connection, waiting: Sequence[Intent], at: datetime) -> None:
    by_plan = sorted(waiting, key=lambda row: (str(row.plan_hash), row.outbox_id))
    for plan_hash, rows in groupby(by_plan, key=lambda row: str(row.plan_hash)):
        mandate = seals.get(connection, plan_hash).mandate
        decisions = [Decision(row, "superseded", reason="opted_out") for row in rows]
        settle(connection, mandate, decisions, at)


def _columns(row: OptOut) -> dict[str, object]:
    if row.operation not in OPERATIONS:
        raise UnknownNameError("opt-out operation", row.operation, list(OPERATIONS))
    return {
        "plan_hash": None,
        "destination": row.destination,
        "object": row.object,
        "key": row.key,
        "operation": row.operation,
        "priority": outbox.REMOVE_SUPPRESSED,
        "row_hash": None,
        "payload_json": row.payload_json,
        "prior_payload_json": None,
        "vendor_id": row.vendor_id,
    }
