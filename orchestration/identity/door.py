"""The door to the identity tables: read-only, under the warehouse's lock, checked for its shape.

What lives here: opening, and running one query.
What never does: a question about an identity (reading.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import duckdb

from orchestration.identity.errors import IdentityMissingError
from orchestration.resources import missing_tables, warehouse_connection
from orchestration.settings import Settings

Connection: TypeAlias = duckdb.DuckDBPyConnection

# Older builds lack some of these; a query would fail in the engine's words.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "identity.int_identity_observations": ("node_key", "identifier_type", "strength"),
    "identity.int_identity_identifiers": ("verdict", "reason"),
    "identity.int_identity_members": ("node_key", "customer_id"),
    "identity.int_identity_edges": ("identifier_scope", "identifier_value", "linked_at"),
    "identity.identity_map": ("identifier_type", "customer_id", "rule"),
    "identity.customer_seeds": ("customer_id", "source_row_id"),
    "identity.customer_id_history": ("old_customer_id", "customer_id", "valid_to"),
    "identity.guard_log": ("guard", "identifier_sha256", "stopped_at"),
    "identity.identity_reviews": ("review_kind", "left_customer_id", "match_probability"),
    "staging.stg_ledger__identity_instructions": ("kind", "left_node_key", "actor"),
}


@contextmanager
def identity_tables(settings: Settings, holder: str) -> Iterator[Connection]:
    """The warehouse, read-only and under its lock.

    Raises:
        IdentityMissingError: it was never built, or by a version without these tables.
        WarehouseBusyError: it stayed taken.
    """
    if not settings.warehouse.is_file():
        raise IdentityMissingError(
            f"There is no {settings.warehouse.name} in TRIBUTARY_HOME.",
            remedy="Run `tributary run` first, or set TRIBUTARY_HOME.",
        )
    with warehouse_connection(settings, holder, read_only=True) as connection:
        _check_tables(connection)
        yield connection


def _check_tables(connection: Connection) -> None:
    missing = missing_tables(connection, _NEEDED)
    if missing:
        raise IdentityMissingError(
            f"The warehouse lacks {', '.join(missing)}, or columns of it.",
            remedy="Build it with this version: `tributary run`, or `tributary build`.",
        )


def rows_of(connection: Connection, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query; ``$name`` stands for a parameter."""
    rows: list[tuple[Any, ...]] = connection.execute(query, parameters).fetchall()
    return rows
