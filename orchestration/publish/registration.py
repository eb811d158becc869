"""What a published build tells the ledger: new ids, their anchors, merges, splits, suppressions.

What lives here: reading these from the public models and handing them on, in this order.
What never does: deciding any of it (models/identity, models/marts/consent); what leaves a vendor
because of a suppression (``suppress`` does, which the caller brings).

The ledger keeps what it heard first, so that all of it may be told again after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.faults import kill_point
from orchestration.ledger import Ledger
from orchestration.publish.relations import Relation, quoted, require, rows
from orchestration.publish.subjects import CUSTOMERS, IDENTITY_MAP, suppressions_of_addresses

_SEEDS = ("identity", "customer_seeds")
_ANCHORS = ("identity", "customer_anchors")
_HISTORY = ("identity", "customer_id_history")
_SUPPRESSIONS = ("consent", "fct_suppressions")
_SOURCE_ROW = ("source_relation", "source_table", "source_row_id")
_SUPPRESSION_KEY = ("subject_type", "subject_value", "channel", "purpose", "source_event")
_READ: Mapping[Relation, tuple[str, ...]] = {
    _SEEDS: ("customer_id", *_SOURCE_ROW, "first_ordered_at", "first_seen_at", "as_of_at"),
    _ANCHORS: ("customer_id", *_SOURCE_ROW, "anchor_number"),
    _HISTORY: ("old_customer_id", "customer_id", "valid_from", "reason"),
    _SUPPRESSIONS: (*_SUPPRESSION_KEY, "suppressed_at"),
    IDENTITY_MAP: ("identifier_type", "identifier_value", "customer_id"),
    CUSTOMERS: ("customer_id", "email", "phone_number"),
}
# Takes rows of suppressions, those of people first; how many were new to the ledger.
Suppress = Callable[[Iterable[Mapping[str, Any]]], int]


@dataclass(frozen=True)
class Registration:
    """How much of it was new to the ledger."""

    customer_id_count: int
    anchor_count: int
    change_count: int
    suppression_count: int


def check_tables(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Look for everything that ``register`` reads, before anything is published.

    Raises:
        PublishError: a table or column is not there.
    """
    for relation, names in _READ.items():
        require(warehouse, relation, names)


def register(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, suppress: Suppress
) -> Registration:
    """Hand on what the build knows; killed anywhere and run again, the ledger holds the same."""
    ids, anchors, changes = register_identity(warehouse, ledger)
    names = _READ[_SUPPRESSIONS]
    order = ", ".join(_SUPPRESSION_KEY)
    people = _read(warehouse, _SUPPRESSIONS, order)
    statement = f"{suppressions_of_addresses(_SUPPRESSIONS)} order by {order}"
    # One after the other: a connection has one open result.
    suppressions = suppress(people) + suppress(_aware(rows(warehouse, statement, names)))
    return Registration(ids, anchors, changes, suppressions)


def register_identity(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger
) -> tuple[int, int, int]:
    """Hand on ids, anchors and changes; how many of each were new."""
    ids = ledger.register_customer_ids(_read(warehouse, _SEEDS, "customer_id"))
    kill_point("publish_registered")
    anchors = ledger.register_customer_anchors(_anchors(warehouse))
    kill_point("publish_anchored")
    history = _read(warehouse, _HISTORY, "old_customer_id, valid_from")
    changes = ledger.record_customer_id_changes(_changes(history))
    kill_point("publish_changes_recorded")
    return ids, anchors, changes


def _anchors(warehouse: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """Anchors with the time up to which their build had data, as their customer's seed tells it."""
    names = _READ[_ANCHORS]
    statement = f"""
        select {', '.join(f'anchors.{name}' for name in names)}, seeds.as_of_at
        from {quoted(_ANCHORS)} as anchors
        left join {quoted(_SEEDS)} as seeds on anchors.customer_id = seeds.customer_id
        order by anchors.customer_id, anchors.anchor_number
    """
    yield from _aware(rows(warehouse, statement, (*names, "as_of_at")))


def _changes(history: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each row of ``customer_id_history`` as a change: a split gives an id back to itself."""
    for row in history:
        is_split = row["customer_id"] == row["old_customer_id"]
        yield {
            "old_customer_id": row["old_customer_id"],
            "customer_id": None if is_split else row["customer_id"],
            "kind": "split" if is_split else "merge",
            "reason": row["reason"],
            "changed_at": row["valid_from"],
        }


def _read(
    warehouse: duckdb.DuckDBPyConnection, relation: Relation, order: str
) -> Iterator[dict[str, Any]]:
    names = _READ[relation]
    statement = f"select {', '.join(names)} from {quoted(relation)} order by {order}"
    yield from _aware(rows(warehouse, statement, names))


def _aware(found: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The warehouse keeps UTC without saying so; the ledger wants it said."""
    for row in found:
        yield {
            name: value.replace(tzinfo=UTC)
            if isinstance(value, datetime) and value.tzinfo is None
            else value
            for name, value in row.items()
        }
