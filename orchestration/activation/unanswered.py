"""Requests without an answer: what they asked for can still happen, long after they were given up.

What lives here: remembering whom such a request would add to a list, and looking once more when its
vendor's longest job has ended.
What never does: sending; jobs whose name we know (``asking.py``).

A vendor that queues names its job in the answer. Where the answer is lost, or the process dies
before it, nobody can ask about that job, and it can add somebody after her removal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from orchestration.activation import fast_lane
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.payloads import Stale, left_behind, parse
from orchestration.activation.settlement import beside
from orchestration.ledger import Ledger, delivered, outbox, unanswered
from orchestration.ledger.delivered import DeliveredRow
from orchestration.ledger.outbox import Intent
from orchestration.ledger.statements import SETTLED_ROWS
from orchestration.ledger.unanswered import Unanswered

# Whoever has something on its way is looked at after it.
BUSY_SECONDS = 60.0


def remember(connection: Connection, rows: Sequence[Intent], until: datetime) -> None:
    """Rows of a list whose request got no answer, in the caller's transaction."""
    added = [row for row in rows if row.operation in ("add", "update")]
    unanswered.remember(
        connection,
        [
            Unanswered(
                row.destination,
                row.object,
                row.key,
                str(row.row_hash),
                row.payload_json,
                row.vendor_id,
                until,
            )
            for row in added
        ],
    )


def look_again(ledger: Ledger, at: datetime) -> int:
    """Decide what became of every request whose time is over; how many rows it was.

    Whoever was taken out meanwhile is taken out once more. Of whoever stands there with another
    address, the older one is in doubt, and the next plan takes it out.
    """
    count = 0
    while True:
        with ledger.read() as reader:
            if not unanswered.due(reader, at, 1):
                return count
        with ledger.transaction() as connection:
            rows = unanswered.due(connection, at, SETTLED_ROWS)
            rows.sort(key=lambda row: (row.destination, row.object))
            for where, some in groupby(rows, key=lambda row: (row.destination, row.object)):
                _decide(connection, where, list(some), at)
        count += len(rows)


def _decide(
    connection: Connection, where: tuple[str, str], rows: Sequence[Unanswered], at: datetime
) -> None:
    keys = sorted({row.key for row in rows})
    busy = outbox.keys_with_rows(connection, *where, keys)
    held = delivered.by_keys(connection, *where, keys)
    idle = [row for row in rows if row.key not in busy]
    standing = [row for row in idle if row.key in held and not held[row.key].is_removed]
    removed = {row.key: row for row in idle if row not in standing}
    fast_lane.enqueue(
        connection,
        [
            OptOut(*where, row.key, "remove", row.payload_json, row.vendor_id)
            for row in removed.values()
        ],
        at,
    )
    delivered.write(connection, *where, None, _with_others(held, standing), at)
    decided = [*standing, *removed.values()]
    unanswered.forget(connection, decided)
    # One removal of a key waits at a time: another content of hers follows it.
    later = at + timedelta(seconds=BUSY_SECONDS)
    unanswered.put_off(connection, [row for row in rows if row not in decided], later)


def _with_others(
    held: Mapping[str, DeliveredRow], standing: Sequence[Unanswered]
) -> list[DeliveredRow]:
    """The rows of those of whom something else may stand there as well."""
    changed: dict[str, DeliveredRow] = {}
    for row in standing:
        known = changed.get(row.key, held[row.key])
        new = parse(known.payload_json)
        other = Stale(parse(row.payload_json), row.vendor_id)
        for left in left_behind(new, known.vendor_id, [other]):
            known = changed[row.key] = beside(known, left)
    return list(changed.values())
