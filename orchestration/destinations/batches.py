"""From rows to requests and back to receipts.

What lives here: splitting by rows and bytes, the search for the rows behind a refused or partly
invalid request, and the checks that every hashed payload must pass.
What never does: HTTP, or a vendor's names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import (
    DeliveryError,
    Limits,
    Receipt,
    RefusedError,
    Row,
    Verdict,
)

# Two searches of a single row among 10,000: 2 x log2(10,000).
SEARCH_CALLS = 28
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Item:
    """A row on its way: its place among the caller's rows and its encoded form."""

    position: int
    row: Row
    body: bytes


@dataclass(frozen=True)
class Unfit:
    """Why a row cannot be sent; a code, never a value."""

    reason: str


Record = Callable[[Item, Receipt], None]


def encode(value: Any) -> bytes:
    """Compact JSON; raises ValueError for what JSON cannot say."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def run(
    rows: Sequence[Row],
    limits: Limits,
    prepare: Callable[[Row], Mapping[str, Any] | Sequence[Any] | Unfit],
    send: Callable[[Sequence[Item], Record], None],
) -> list[Receipt]:
    """Prepare rows, hand them to ``send`` in batches within ``limits``, return receipts in order.

    Where the limits allow several calls side by side, ``send`` is called by that many threads.

    Raises:
        DeliveryError: from ``send``, with the receipts that were recorded before it; of calls side
            by side the first one's, after all that were under way came back.
    """
    receipts: list[Receipt | None] = [None] * len(rows)
    items: list[Item] = []
    for position, row in enumerate(rows):
        body = _body(prepare(row), limits)
        if isinstance(body, Unfit):
            receipts[position] = Receipt(row.key, "rejected", reason=body.reason)
        else:
            items.append(Item(position, row, body))

    def record(item: Item, receipt: Receipt) -> None:
        receipts[item.position] = receipt

    try:
        batches = split(items, limits)
        if limits.calls_side_by_side > 1:
            _side_by_side(batches, lambda batch: send(batch, record), limits.calls_side_by_side)
        else:
            for batch in batches:
                send(batch, record)
    except DeliveryError as error:
        error.receipts = tuple(receipt for receipt in receipts if receipt is not None)
        raise
    return [
        receipt or Receipt(row.key, "ambiguous", reason="no_answer_for_row")
        for row, receipt in zip(rows, receipts, strict=True)
    ]


def _side_by_side(
    batches: Iterable[Sequence[Item]], send: Callable[[Sequence[Item]], None], calls: int
) -> None:
    with ThreadPoolExecutor(calls, thread_name_prefix="calls") as threads:
        under_way = [threads.submit(send, batch) for batch in batches]
        try:
            for one in under_way:
                one.result()
        except DeliveryError:
            for one in under_way:
                one.cancel()
            raise


def _body(prepared: Mapping[str, Any] | Sequence[Any] | Unfit, limits: Limits) -> bytes | Unfit:
    if isinstance(prepared, Unfit):
        return prepared
    try:
        body = encode(prepared)
    except (TypeError, ValueError):
        return Unfit("not_json")
    if limits.bytes_per_row is not None and len(body) > limits.bytes_per_row:
        return Unfit("row_too_large")
    return body


def split(items: Sequence[Item], limits: Limits) -> Iterator[list[Item]]:
    """Batches within the rows and bytes of one request; 4 KiB are kept for the envelope."""
    room = (limits.bytes_per_request or 0) - 4096
    batch: list[Item] = []
    size = 0
    for item in items:
        is_full = len(batch) == limits.rows_per_request
        is_heavy = limits.bytes_per_request is not None and size + len(item.body) + 1 > room
        if batch and (is_full or is_heavy):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body) + 1
    if batch:
        yield batch


def send_around_refusals(
    items: Sequence[Item],
    send: Callable[[Sequence[Item]], Sequence[Receipt]],
    record: Record,
    *,
    calls: int = SEARCH_CALLS,
) -> None:
    """Send a batch; where the vendor refuses all of it for some rows, leave those out.

    The vendor's own row numbers decide; without them the batch is halved. A refused request had no
    effect, so rows that the bound leaves unsearched are rejected. Where the vendor took a part and
    does not say which, the halves go again until each is taken whole or is one row; rows left
    unsearched are ambiguous.

    Raises:
        RefusedError: the bound was reached and no row was ever taken: the request itself is wrong.
    """
    pending = [list(items)]
    refusal: RefusedError | None = None
    unsearched: list[Item] = []
    is_any_taken = is_any_partial = False
    calls += 1
    while pending:
        group = pending.pop()
        if calls == 0:
            unsearched.extend(group)
            continue
        calls -= 1
        try:
            receipts = send(group)
        except RefusedError as error:
            refusal = error
            is_any_partial = is_any_partial or error.is_partial
            pending.extend(_without_refused(group, error, record))
            continue
        is_any_taken = True
        for item, receipt in zip(group, receipts, strict=True):
            record(item, receipt)
    if refusal is None or not unsearched:
        return
    if not is_any_taken and not is_any_partial:
        raise refusal
    verdict: Verdict = "ambiguous" if is_any_partial else "rejected"
    for item in unsearched:
        reason = f"refused_with_others:{refusal.code}"
        record(item, Receipt(item.row.key, verdict, reason=reason))


def _without_refused(
    group: Sequence[Item], error: RefusedError, record: Record
) -> list[list[Item]]:
    named = {index for index in error.row_indexes if index < len(group)}
    if len(group) == 1:
        named = {0}
    if not named:
        middle = len(group) // 2
        return [list(group[middle:]), list(group[:middle])]
    for index in named:
        item = group[index]
        record(item, Receipt(item.row.key, "rejected", reason=error.code))
    rest = [item for index, item in enumerate(group) if index not in named]
    return [rest] if rest else []


def find_invalid(
    items: Sequence[Item],
    invalid_count: int,
    count_invalid: Callable[[Sequence[Item]], int],
    *,
    calls: int = SEARCH_CALLS,
) -> list[tuple[Item, Verdict]]:
    """Name the rows behind a count: one more call per halving, as the other half's count follows.

    Rows that the bound leaves undecided are ambiguous.
    """
    decided: list[tuple[Item, Verdict]] = []
    pending = [(list(items), invalid_count)]
    while pending:
        group, invalid = pending.pop()
        if not group:
            continue
        if invalid == 0:
            decided.extend((item, "accepted") for item in group)
        elif invalid == len(group):
            decided.extend((item, "rejected") for item in group)
        elif not 0 < invalid < len(group) or calls == 0:
            decided.extend((item, "ambiguous") for item in group)
        else:
            calls -= 1
            middle = len(group) // 2
            first = count_invalid(group[:middle])
            pending.append((group[middle:], invalid - first))
            pending.append((group[:middle], first))
    return decided


def hash_problem(payload: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """A code where a hashed column is no SHA-256 in lower-case hex, or hashes nothing."""
    for column in columns:
        value = payload.get(column)
        if value is None:
            continue
        if value == EMPTY_SHA256:
            return f"hash_of_nothing:{column}"
        if not isinstance(value, str) or not _SHA256.fullmatch(value):
            return f"not_sha256:{column}"
    return None


def stay(rows: Sequence[Row]) -> list[Receipt]:
    """The answer of a capability that cannot be undone to a removal: no call, and no claim."""
    return [Receipt(row.key, "rejected", reason="not_removable") for row in rows]
