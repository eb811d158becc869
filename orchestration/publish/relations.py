"""Tables of the warehouse as publishing reads them.

What lives here: names quoted for SQL, rows in batches, the error for a table that is not there.
What never does: writing to the warehouse, or which tables are published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from orchestration.errors import TributaryError

ROWS_TOGETHER = 10_240

Relation = tuple[str, str]


class PublishError(TributaryError):
    """The build cannot be published: no manifest, or a table that it promises is not there."""


def require(
    warehouse: duckdb.DuckDBPyConnection, relation: Relation, names: Sequence[str]
) -> None:
    """
    Raises:
        PublishError: the table or one of the columns is not there.
    """
    try:
        warehouse.execute(f"select {', '.join(names)} from {quoted(relation)} limit 0")
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise no_table(relation) from error


def rows(
    warehouse: duckdb.DuckDBPyConnection, statement: str, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """What the statement answers, one row by these names at a time."""
    for batch in batches(warehouse, statement):
        yield from (dict(zip(names, row, strict=True)) for row in batch)


def batches(
    warehouse: duckdb.DuckDBPyConnection, statement: str
) -> Iterator[list[tuple[Any, ...]]]:
    """What the statement answers, some thousand rows at a time."""
    result = warehouse.execute(statement)
    while batch := result.fetchmany(ROWS_TOGETHER):
        yield batch


def no_table(relation: Relation) -> PublishError:
    """The error for a table that the manifest promises and the warehouse lacks."""
    return PublishError(
        f"{'.'.join(relation)} is not in the warehouse as the manifest promises it.",
        remedy="Run 'tributary build' until it is green, then publish again.",
    )


def quoted(relation: Relation) -> str:
    """The name of a table for SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in relation)
