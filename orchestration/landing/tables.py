"""The raw tables themselves, and landing's own records.

What lives here: creating what the contract names, ``raw_landing.*``, which files were landed.
What never does: rows of a source.

Beside the contract's columns every raw table has ``_file_digest``: the file that its row came
from, null where landing made the row. It settles ties and is no part of the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import duckdb

from orchestration.landing.contract import RawContract, TableContract, quoted
from orchestration.landing.errors import LandingError
from orchestration.landing.readers import DIGEST

_OWN_TABLES = (
    """create table if not exists raw_landing.file (
        file_digest varchar, source_table varchar, source_relation varchar, file_name varchar,
        row_count bigint, landed_count bigint, quarantined_count bigint, landed_at timestamp)""",
    """create table if not exists raw_landing.segment (
        segment_name varchar, head_digest varchar, landed_bytes bigint, line_count bigint,
        is_complete boolean, landed_at timestamp)""",
    """create table if not exists raw_landing.unit_cost_seen (
        source_relation varchar, sku varchar, seen_at timestamp, cost decimal(28,10),
        currency varchar)""",
    """create table if not exists raw_landing.unit_cost_change (
        source_relation varchar, sku varchar, valid_from timestamp, cost decimal(28,10),
        currency varchar)""",
)


def utc(moment: datetime) -> datetime:
    """Naive UTC, as the warehouse keeps times."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def create_raw_tables(connection: duckdb.DuckDBPyConnection, contract: RawContract) -> None:
    """Create what is missing, columns that the contract gained included.

    Raises:
        LandingError: a column stands in the warehouse with another type.
    """
    existing = _existing_columns(connection)
    registered = registered_tables(connection)
    for schema in sorted({table.schema for table in contract.tables.values()}):
        connection.execute(f"create schema if not exists {quoted(schema)}")
    for table in contract.tables.values():
        held = existing.get((table.schema, table.name))
        if (table.schema, table.name) in registered:
            continue
        if held is None:
            columns = ", ".join(f"{quoted(c.name)} {c.data_type}" for c in table.columns)
            digest = f", {DIGEST} varchar" if is_landed(table) else ""
            connection.execute(f"create table {table.relation} ({columns}{digest})")
        else:
            _complete(connection, table, held)
    for statement in _OWN_TABLES:
        connection.execute(statement)


def is_landed(table: TableContract) -> bool:
    """Whether rows of this table come from files."""
    return table.source not in ("fits", "ledger", "landing")


def _existing_columns(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], dict[str, str]]:
    rows = connection.execute(
        "select table_schema, table_name, column_name, lower(data_type)"
        " from information_schema.columns where table_schema like 'raw\\_%' escape '\\'"
    ).fetchall()
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in rows:
        columns.setdefault((schema, table), {})[column] = data_type
    return columns


def _complete(
    connection: duckdb.DuckDBPyConnection, table: TableContract, held: dict[str, str]
) -> None:
    for column in table.columns:
        if column.name not in held:
            connection.execute(
                f"alter table {table.relation} add column {quoted(column.name)} {column.data_type}"
            )
        elif held[column.name] != column.data_type:
            raise LandingError(
                f"{table.relation} holds '{column.name}' as {held[column.name]}, the contract says"
                f" {column.data_type}.",
                remedy="Move the warehouse file away and land everything again.",
            )


def registered_tables(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(schema, table) of the raw tables that are views over a loader's tables."""
    return set(
        connection.execute(
            "select schema_name, view_name from duckdb_views()"
            " where not internal and schema_name like 'raw\\_%' escape '\\'"
        ).fetchall()
    )


def refuse_registered(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[TableContract]
) -> None:
    """
    Raises:
        LandingError: files came for a table that is registered from a loader.
    """
    registered = registered_tables(connection)
    for table in tables:
        if (table.schema, table.name) in registered:
            raise LandingError(
                f"{table.relation} is registered from a loader's tables.",
                remedy=f"Take the {table.source} files out of the folder, or drop its views first.",
            )


def record_newest(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[TableContract]
) -> None:
    """Write the newest source time of each table into ``raw_landing.as_of``."""
    for table in tables:
        connection.execute(
            "delete from raw_landing.as_of where source_table = ?", [table.source_table]
        )
        connection.execute(
            f"insert into raw_landing.as_of select ?, max(_fivetran_synced) from {table.relation}"
            " having count(*) > 0",
            [table.source_table],
        )
