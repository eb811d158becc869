"""Opt-outs that leave without a plan: rows of the outbox that no approval holds back.

What lives here: putting removals of suppressed people out, once, and who is on the way.
What never does: additions or changes; deciding who is suppressed; sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, select

from orchestration.ledger.outbox import REMOVE_SUPPRESSED
from orchestration.ledger.outbox import fill as fill_outbox
from orchestration.ledger.tables import outbox

_READ_TOGETHER = 10_000


def put_out(
    connection: Connection,
    destination: str,
    object_name: str,
    rows: Sequence[Mapping[str, str | None]],
) -> int:
    """Put removals (key, payload_json, vendor_id; at most ``INSERTED_ROWS``) into the outbox, in
    the caller's transaction; how many were not there yet.

    A key that has an intent already keeps it: there is one per object and key.
    """
    keys = [str(row["key"]) for row in rows]
    known: set[str] = set(
        connection.execute(
            select(outbox.c.key).where(
                outbox.c.destination == destination,
                outbox.c.object == object_name,
                outbox.c.key.in_(keys),
            )
        ).scalars()
    )
    new = [
        {
            "plan_hash": None,
            "destination": destination,
            "object": object_name,
            "key": row["key"],
            "operation": "remove",
            "priority": REMOVE_SUPPRESSED,
            "row_hash": None,
            "payload_json": row["payload_json"] or "{}",
            "prior_payload_json": None,
            "vendor_id": row["vendor_id"],
        }
        for row in rows
        if row["key"] not in known
    ]
    fill_outbox(connection, new)
    return len(new)


def stream_waiting(
    connection: Connection, destination: str, object_name: str
) -> Iterator[tuple[str]]:
    """Keys of the object that leave without a plan and are not decided yet, as they are read."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        select(outbox.c.key).where(
            outbox.c.destination == destination,
            outbox.c.object == object_name,
            outbox.c.plan_hash.is_(None),
        )
    )
    for row in rows:
        yield (row.key,)
