"""Opt-outs that a halted plan does not hold back: they leave now, without an approval.

What lives here: putting them into the outbox beside the seal, with one link of the chain.
What never does: additions; who is suppressed (the diff knows); sending them (the sender does,
before any plan's rows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from orchestration.activation import fast_lane
from orchestration.activation.fast_lane import OptOut
from orchestration.ledger import SealedPlan, audit


def put_out(
    connection: Connection,
    halted: SealedPlan,
    rows: Sequence[Mapping[str, str | None]],
    at: datetime,
) -> int:
    """Put removals of suppressed people out, in the caller's transaction; how many were new.

    Their rows have no plan: the approval that the halted plan waits for is not theirs. Planned
    again before they are sent, they are on their way already and stand there once.
    """
    if not rows:
        return 0
    count = fast_lane.enqueue(
        connection,
        [
            OptOut(
                halted.destination,
                halted.object,
                str(row["key"]),
                "remove",
                row["payload_json"] or "{}",
                row["vendor_id"],
            )
            for row in rows
        ],
        at,
    )
    if count:
        detail = {"plan_hash": halted.plan_hash, "rows": count}
        audit.append(connection, "opt_outs", detail, at)
    return count
