"""Suppressions that a build found out: into the ledger, with their opt-outs on their way.

What lives here: recording them in chunks, each with the outbox rows that follow from it.
What never does: opt-ins; widening what the build decided; the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import fast_lane
from orchestration.activation.connected import connected_destinations
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.optouts import REACHED_BY, bound_rows
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, facts
from orchestration.ledger.statements import INSERTED_ROWS, chunks
from orchestration.settings import Settings

Suppression = Mapping[str, Any]
# A person can stand in a dozen lists: so many people's rows fit into one transaction.
_PEOPLE_TOGETHER = 40


def suppress_published(
    settings: Settings, ledger: Ledger, now: Callable[[], datetime]
) -> Callable[[Iterable[Suppression]], int]:
    """What ``publish`` hands suppressions to: new ones are recorded, and whoever stands at a vendor
    leaves it at fast-lane priority. A suppression and its opt-outs are one transaction; told again
    after a crash, each counts once."""
    lookup, connected = SnapshotLookup(settings), connected_destinations(settings)

    def rows_of(connection: Connection, some: Sequence[Suppression]) -> list[OptOut]:
        found: list[OptOut] = []
        for scope, of_scope in groupby(sorted(some, key=_scope), key=_scope):
            if scope[0] in REACHED_BY:
                named = {(str(row["subject_type"]), str(row["subject_value"])) for row in of_scope}
                found += bound_rows(connection, connected, lookup, scope, named)
        return found

    def record(some: Sequence[Suppression]) -> int:
        with ledger.transaction() as connection:
            at = now()
            count = facts.record_suppressions(connection, some, at)
            fast_lane.enqueue_in_order(connection, rows_of(connection, some), at)
        kill_point("publish_suppressed")
        return count

    def suppress(rows: Iterable[Suppression]) -> int:
        iterator, written = iter(rows), 0
        while some := list(islice(iterator, INSERTED_ROWS)):
            with ledger.read() as reader:
                new = facts.unrecorded(reader, some)
                is_anybody_there = bool(rows_of(reader, new))
            # Most people stand nowhere: their rows need no room for opt-outs.
            size = _PEOPLE_TOGETHER if is_anybody_there else INSERTED_ROWS
            written += sum(record(part) for part in chunks(new, size))
        return written

    return suppress


def _scope(row: Suppression) -> tuple[str, str]:
    return str(row["channel"]), str(row["purpose"])
