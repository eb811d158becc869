"""A batch of a segment's lines as rows, one per key.

What lives here: parsing, which of two lines about one row counts, lines that are none.
What never does: bytes of files, fields of a line (``segment_rows.py``), SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.landing.contract import RELATION, SYNCED
from orchestration.landing.readers import RejectedLine
from orchestration.landing.segment_files import Batch
from orchestration.landing.segment_rows import (
    DELETED,
    EVENT_TABLE,
    ORDER_TABLE,
    ROWS,
    Row,
)

MAIN_TABLES: Mapping[str, str] = {"events": EVENT_TABLE, "orders": ORDER_TABLE}
"""Stream -> the raw table of its lines themselves; broken lines are told under it."""
# Beside the shop; every other table has an id.
_KEYS: Mapping[str, tuple[str, ...]] = {
    EVENT_TABLE: ("message_id",),
    "shopify.tax_line": ("order_line_id", "index"),
    "shopify.discount_allocation": ("order_line_id", "index"),
    "shopify.order_discount_code": ("order_id", "index"),
}


@dataclass
class Lines:
    """What a batch says: rows by raw table with the line each stands in, and broken lines."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    broken: list[RejectedLine] = field(default_factory=list)
    count: int = 0


def read_lines(
    stream: str, batch: Batch, before: int, relation_of: Callable[[str], str]
) -> Lines:
    """The newest row of each key, whatever the order of the lines.

    Args:
        before: lines of the segment that stand before this batch.
        relation_of: the shop or storefront of a line -> its ``_source_relation``.
    """
    found = Lines({MAIN_TABLES[stream]: []})
    newest: dict[tuple[object, ...], tuple[str, int, Row]] = {}
    for number, text in enumerate(batch.content.splitlines(), start=before + 1):
        found.count += 1
        if not text.strip():
            # Somebody stood here who was erased.
            continue
        line = _parsed(text)
        if line is None:
            shown = json.dumps({"line": text.decode("utf-8", "replace")})
            reason = "the line is no JSON object"
            found.broken.append(RejectedLine(batch.digest, number, reason, shown))
            continue
        relation = relation_of(str(line.get("source_relation") or stream))
        for name, row in ROWS[stream](line, relation):
            key = _key(name, row, number)
            held = newest.get(key)
            if held is None or _is_newer(row, held[2]):
                newest[key] = (name, number, _with_what_it_was(row, held[2] if held else {}))
    for name, number, row in newest.values():
        found.rows.setdefault(name, []).append((number, row))
    return found


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _key(name: str, row: Row, number: int) -> tuple[object, ...]:
    """What makes two lines one row; a row without a whole key is nobody's copy."""
    values = tuple(row.get(one) for one in (RELATION, *_KEYS.get(name, ("id",))))
    return (name, *values) if None not in values else (name, number, *values)


def _is_newer(row: Row, other: Row) -> bool:
    # Texts of one form and zone; of equal ones the later line counts.
    return (row.get(SYNCED) or "") >= (other.get(SYNCED) or "")


def _with_what_it_was(row: Row, before: Row) -> Row:
    """A mark of deletion says nothing else: what the order was it stays."""
    return {**before, **row} if row.get(DELETED) == "true" else row
