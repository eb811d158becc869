"""What was decided about plans, read from the chain: who signed, took back, started and finished.

What lives here: links of the chain that name a plan, as rows that landing copies by watermark.
What never does: writing a link, or a plan's rows.

The chain is read and not the tables of plans and approvals, because those move on: a link stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.tables import audit_chain

DECISION_STEP = "decision_step"
# Kind of a link -> where it names the person, and where what she said. What a standing approval
# lets out names its signature, whose person stands in a table of its own and never changes.
_STEPS = {
    "seal": (None, "state"),
    "approval": ("approver", "override_reason"),
    "standing_use": (None, None),
    "cancel": ("actor", "reason"),
    "delivery_start": (None, None),
    "delivery_end": (None, "state"),
}


def steps_since(connection: Connection, sequence: int, limit: int) -> list[dict[str, Any]]:
    """Steps after a position of the chain, oldest first; times are aware UTC."""
    rows = connection.execute(
        select(
            audit_chain.c.position, audit_chain.c.kind, audit_chain.c.detail_json,
            audit_chain.c.recorded_at,
        )
        .where(audit_chain.c.position > sequence, audit_chain.c.kind.in_(_STEPS))
        .order_by(audit_chain.c.position)
        .limit(limit)
    )  # fmt: skip
    people: dict[str, str] = {
        row.signature: row.approver
        for row in connection.execute(
            select(standing_approval.c.signature, standing_approval.c.approver)
        )
    }
    return [_step(people, **row._mapping) for row in rows]


def _step(
    people: Mapping[str, str], position: int, kind: str, detail_json: str, recorded_at: Any
) -> dict[str, Any]:
    detail = json.loads(detail_json)
    actor, reason = (detail.get(name) if name else None for name in _STEPS[kind])
    if kind == "standing_use":
        actor = people.get(detail["signature"])
    return {
        "sequence": position, "kind": kind, "plan_hash": detail["plan_hash"], "actor": actor,
        "reason": reason, "recorded_at": recorded_at,
    }  # fmt: skip
