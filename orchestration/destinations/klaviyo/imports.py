"""Receipts from a bulk import job.

What lives here: mapping a job's errors back to rows by the identifiers that were sent.
What never does: calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.destinations.base import Receipt, Row
from orchestration.destinations.klaviyo.api import ImportFailure, ImportResult

# In the order of trust: the vendor's id and ours are one row each, an address may be shared.
_IDENTIFIERS = ("id", "external_id", "email", "phone_number")


def import_receipts(result: ImportResult, rows: Sequence[Row]) -> list[Receipt]:
    """One receipt per row of a finished job, in order.

    A failure that no row, or more than one row, answers to leaves what it could concern ambiguous.
    """
    if not result.is_complete:
        return [Receipt(row.key, "ambiguous", reason="job_not_completed") for row in rows]
    positions = _positions(rows)
    # Where fewer rows are asked for than were sent, a failure of another row is no concern here.
    is_whole_job = result.total_count <= len(rows)
    receipts: dict[int, Receipt] = {}
    unnamed_count = result.failed_count - len(result.failures)
    for failure in result.failures:
        found = _found(failure, positions)
        if not found and (is_whole_job or not failure.identifiers):
            unnamed_count += 1
        for position in found:
            receipts[position] = _failed(rows[position], failure, len(found) == 1)
    for position, row in enumerate(rows):
        if position not in receipts:
            receipts[position] = (
                Receipt(row.key, "ambiguous", reason="unnamed_import_error")
                if unnamed_count
                else Receipt(row.key, "accepted", vendor_id=row.vendor_id)
            )
    return [receipts[position] for position in range(len(rows))]


def _failed(row: Row, failure: ImportFailure, is_only_one: bool) -> Receipt:
    if is_only_one:
        return Receipt(row.key, "rejected", reason=failure.code)
    return Receipt(row.key, "ambiguous", reason=f"shared_identifier:{failure.code}")


def _positions(rows: Sequence[Row]) -> Mapping[tuple[str, str], list[int]]:
    positions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        sent: dict[str, Any] = {**row.payload, "id": row.vendor_id}
        for name in _IDENTIFIERS:
            if sent.get(name):
                positions[name, str(sent[name]).lower()].append(position)
    return positions


def _found(failure: ImportFailure, positions: Mapping[tuple[str, str], list[int]]) -> list[int]:
    for name in _IDENTIFIERS:
        value = failure.identifiers.get(name)
        if value is not None and (name, value.lower()) in positions:
            return positions[name, value.lower()]
    return []
