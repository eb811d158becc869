"""``tributary land --register``: tables that a loader already wrote, taken as they stand.

What lives here: views ``raw_<source>.<table>`` over a loader's schema in the same warehouse.
What never does: copying a row (bad ones are copied to the quarantine, as evidence).

The view casts, leaves bad rows out and, where keys stood twice when it was registered, keeps the
newest. Register again after the loader changed its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.errors import UnknownNameError
from orchestration.landing.contract import SYNCED, TableContract, column_list, quoted, read_contract
from orchestration.landing.errors import LandingError
from orchestration.landing.files import FoundFile, LandingFile, check_columns
from orchestration.landing.pipeline import Run, follow_rows, landing_transaction
from orchestration.landing.readers import DIGEST, ROW, Group
from orchestration.landing.registry import SOURCES
from orchestration.landing.report import LandingReport, Progress, TableReport, no_progress
from orchestration.landing.tables import registered_tables, utc
from orchestration.landing.typed import REASON, Defaults, quarantine_rows, typed_select
from orchestration.landing.unit_costs import HISTORY, ITEMS, drop_derived_costs, see_unit_costs
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

_REGISTERED = "registered"


def register_tables(
    settings: Settings,
    schemas: Mapping[str, str],
    *,
    relation: str | None = None,
    now: Callable[[], datetime],
    progress: Progress = no_progress,
) -> LandingReport:
    """Create views over existing schemas and land what follows from their rows.

    Args:
        schemas: source of the contract -> schema in the warehouse that holds its tables.
        relation: ``_source_relation`` where a table has none; default that of the source.

    Raises:
        UnknownNameError: a source is none of ours.
        LandingError: the schema or a required column is missing, a column has a wrong type, or
            rows were landed from files into the same raw table. Nothing was written.
    """
    for source in schemas:
        if source not in SOURCES:
            raise UnknownNameError("source", source, list(SOURCES))
    contract = read_contract(settings.project_dir)
    with warehouse_connection(settings, "land --register") as connection:
        run = Run(connection, contract, relation, utc(now()), progress)
        with landing_transaction(run):
            drop_derived_costs(connection, contract)
            reports, tables = [], []
            for source, schema in sorted(schemas.items()):
                for table in _present(run, source, schema):
                    reports.append(_register(run, table, schema))
                    tables.append(table)
                    progress(table.source_table, len(tables), len(tables))
            phones, costs = follow_rows(run, [*tables, contract.table(HISTORY)])
    return LandingReport(tuple(reports), (), phones, costs)


def _present(run: Run, source: str, schema: str) -> list[TableContract]:
    held = {
        row[0].lower()
        for row in run.connection.execute(
            "select table_name from information_schema.tables where lower(table_schema) = lower(?)",
            [schema],
        ).fetchall()
    }
    present = [table for table in run.contract.of_source(source) if table.name in held]
    if not present:
        raise LandingError(
            f"The schema {schema} of the warehouse holds no table of {source}.",
            remedy="Name the schema that the loader wrote: --register SCHEMA=SOURCE.",
        )
    return present


def _register(run: Run, table: TableContract, schema: str) -> TableReport:
    connection = run.connection
    group = _as_group(connection, table, schema)
    select, may_be_bad = typed_select(
        connection, group, Defaults(run.relation_of(table), run.at)
    )
    good = f"from ({select}) where {REASON} is null" if may_be_bad else f"from ({select})"
    _quarantine(run, group, select, may_be_bad)
    _make_room(connection, table)
    duplicates = _duplicates(connection, table, good)
    names = column_list(table.names)
    query = f"select {names} {good}"
    if duplicates:
        query = f"select {names} from (select *, {_copy_rank(table)} as copy_rank {good})"
        query += " where copy_rank = 1"
    if table.source_table == HISTORY:
        query += (
            " union all select source_relation, sku, valid_from, cost, currency,"
            " 'inventory_item', valid_from from raw_landing.unit_cost_change"
        )
    connection.execute(f"create view {table.relation} as {query}")
    if table.source_table == ITEMS:
        see_unit_costs(connection, table.relation, "true")
    return _report(run, group, duplicates)


def _as_group(
    connection: duckdb.DuckDBPyConnection, table: TableContract, schema: str
) -> Group:
    source = f"{quoted(schema)}.{quoted(table.name)}"
    columns = tuple(
        (row[0], row[1])
        for row in connection.execute(f"describe select * from {source}").fetchall()
    )
    check_columns(f"{schema}.{table.name}", table, [name for name, _ in columns])
    file = LandingFile(
        FoundFile(Path(f"{table.name}.parquet"), f"{schema}.{table.name}", table),
        _REGISTERED,
        columns,
    )
    named = ", ".join(quoted(name) for name, _ in columns)
    relation = (
        f"(select {named}, '{_REGISTERED}' as {DIGEST}, cast(null as bigint) as {ROW}"
        f" from {source})"
    )
    return Group(table, (file,), relation)


def _quarantine(run: Run, group: Group, select: str, may_be_bad: bool) -> None:
    """The bad rows of now replace those of the registration before."""
    run.connection.execute(
        "delete from raw_landing.quarantine where source_table = ? and file_digest = ?",
        [group.table.source_table, _REGISTERED],
    )
    if may_be_bad:
        quarantine_rows(
            run.connection, group, f"({select})", f"{REASON} is not null", REASON, run.at
        )


def _make_room(connection: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    if (table.schema, table.name) in registered_tables(connection):
        connection.execute(f"drop view {table.relation}")
        return
    if connection.execute(f"select 1 from {table.relation} limit 1").fetchone() is not None:
        raise LandingError(
            f"{table.relation} holds rows that were landed from files.",
            remedy=f"Drop the table first if the loader's {table.name} shall take its place.",
        )
    connection.execute(f"drop table {table.relation}")


def _copy_rank(table: TableContract) -> str:
    content = ", ".join(f"'{name}': {quoted(name)}" for name in table.names)
    return (
        f"row_number() over (partition by {column_list(table.keys)}"
        f" order by {quoted(SYNCED)} desc, md5(cast(to_json({{{content}}}) as varchar)) desc)"
    )


def _duplicates(connection: duckdb.DuckDBPyConnection, table: TableContract, good: str) -> int:
    keys = column_list(table.keys)
    row = connection.execute(
        f"select coalesce(sum(copies - 1), 0)"
        f" from (select count(*) as copies {good} group by {keys} having count(*) > 1)"
    ).fetchone()
    return int(row[0]) if row else 0


def _report(run: Run, group: Group, duplicates: int) -> TableReport:
    read = run.connection.execute(f"select count(*) from {group.relation}").fetchone()
    reasons = dict(
        run.connection.execute(
            "select reason, count(*) from raw_landing.quarantine"
            " where source_table = ? and file_digest = ? group by reason order by reason",
            [group.table.source_table, _REGISTERED],
        ).fetchall()
    )
    rows, bad = int(read[0]) if read else 0, sum(reasons.values())
    return TableReport(
        group.table.source_table,
        read=rows,
        unchanged=rows - bad - duplicates,
        superseded=duplicates,
        quarantined=bad,
        reasons=reasons,
        ignored_columns=tuple(sorted(group.files[0].ignored_columns)),
    )
