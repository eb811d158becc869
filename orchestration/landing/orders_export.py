"""``tributary land --orders-export FILE --mapping FILE.yml``: one flat file of order lines.

What lives here: the file through the same reader, types, quarantine and merge as every raw table.
What never does: what a column means (``mapping.py``) or what a table gets (``order_lines.py``).

Each line is landed, as sale or refund, or stands in the quarantine: nothing is lost. An order's
lines stand together in one file. The rows are as new as the newest line of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.landing.contract import (
    SYNCED,
    ColumnContract,
    TableContract,
    column_list,
    quoted,
    read_contract,
)
from orchestration.landing.erased import keep_erased_out, load_erased
from orchestration.landing.errors import LandingError
from orchestration.landing.files import (
    SUFFIXES,
    FoundFile,
    LandingFile,
    file_digest,
    read_columns,
)
from orchestration.landing.mapping import LineColumns, OrdersExportMapping, read_mapping
from orchestration.landing.merge import merge_incoming
from orchestration.landing.order_lines import create_lines, literal, sign_reason, table_selects
from orchestration.landing.pipeline import Run, follow_rows, landing_transaction, record_file
from orchestration.landing.readers import DIGEST, Group, open_group
from orchestration.landing.report import LandingReport, Progress, TableReport, no_progress
from orchestration.landing.tables import refuse_registered, utc
from orchestration.landing.typed import (
    DEFAULTED,
    REASON,
    Defaults,
    create_typed_view,
    quarantine_bad_rows,
    quarantine_rows,
)
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

_TEXTS = ("title", "customer_id", "email", "phone", "first_name", "last_name", "city", "region",
          "zip", "country")  # fmt: skip
_MONEY = ("discount_amount", "tax_amount", "shipping_amount")
LINES = TableContract(
    "shopify",
    "raw_shopify",
    "orders_export",
    (
        ColumnContract("order_number", "varchar", is_required=True, is_not_null=True),
        ColumnContract("sku", "varchar", is_required=True, is_not_null=True),
        ColumnContract("quantity", "bigint", is_required=True, is_not_null=True),
        ColumnContract("unit_price", "decimal(28,10)", is_required=True, is_not_null=True),
        ColumnContract("ordered_at", "timestamp", is_required=True, is_not_null=True),
        *(ColumnContract(name, "varchar") for name in _TEXTS),
        *(ColumnContract(name, "decimal(28,10)") for name in _MONEY),
    ),
)


@dataclass(frozen=True)
class _Export:
    file: LandingFile
    mapping: OrdersExportMapping


def land_orders_export(
    settings: Settings,
    file: Path,
    mapping_file: Path,
    *,
    now: Callable[[], datetime],
    progress: Progress = no_progress,
) -> LandingReport:
    """Land a flat CSV or Parquet of order lines into the shop's raw tables.

    The report has one entry for the export's lines (``shopify.orders_export``: read, landed as
    sale or refund, quarantined) and one per raw table.

    Raises:
        ConfigurationError: the mapping is wrong; the message names the key.
        LandingError: the file is broken, lacks a mapped column, or a whole column is of a wrong
            type. Nothing was written.
    """
    mapping = read_mapping(mapping_file)
    contract = read_contract(settings.project_dir)
    with duckdb.connect() as scratch:
        export = _Export(_open(scratch, file.resolve(), mapping), mapping)
    with warehouse_connection(settings, "land --orders-export") as connection:
        load_erased(connection, settings)
        run = Run(connection, contract, mapping.relation, utc(now()), progress)
        tables = [contract.table(name) for name in table_selects(mapping)]
        refuse_registered(connection, tables)
        with landing_transaction(run):
            if _is_landed(run, export):
                return LandingReport(
                    (TableReport(LINES.source_table, files=1, skipped_files=1, is_export=True),)
                )
            lines = _land_lines(run, export)
            reports = [_land_table(run, export, table) for table in tables]
            phones, costs = follow_rows(run, tables)
    return LandingReport((lines, *reports), (), phones, costs)


def _open(
    scratch: duckdb.DuckDBPyConnection, path: Path, mapping: OrdersExportMapping
) -> LandingFile:
    """The digest covers the mapping too: with another mapping the file is another export."""
    if not path.is_file() or not path.name.endswith(SUFFIXES):
        raise LandingError(
            f"{path.name} is no orders export.", remedy="Give a .parquet, .csv or .csv.gz file."
        )
    found = FoundFile(path, path.name, LINES)
    columns = read_columns(scratch, found)
    held = {name for name, _ in columns}
    for ours, theirs in mapping.columns.named().items():
        if theirs not in held:
            wrong_delimiter = " Its delimiter must be a comma." if len(columns) == 1 else ""
            raise LandingError(
                f"{path.name} has no column '{theirs}', which the mapping names as"
                f" columns.{ours}.",
                remedy=f"Correct the mapping or the export.{wrong_delimiter}",
            )
    content = f"{file_digest(path)}|{mapping.model_dump_json()}"
    return LandingFile(found, hashlib.sha256(content.encode()).hexdigest(), columns)


def _is_landed(run: Run, export: _Export) -> bool:
    found = run.connection.execute(
        "select 1 from raw_landing.file where file_digest = ? and source_table = ?",
        [export.file.digest, LINES.source_table],
    ).fetchone()
    return found is not None


def _land_lines(run: Run, export: _Export) -> TableReport:
    """Make ``landing_line`` and the quarantine of what is neither a sale nor a refund."""
    connection = run.connection
    group = _renamed(open_group(connection, [export.file]), export.mapping.columns)
    has_bad = create_typed_view(connection, group, Defaults(export.mapping.relation, run.at))
    quarantine_bad_rows(connection, group, run.at, has_bad)
    sign = sign_reason(export.mapping)
    quarantine_rows(
        connection,
        group,
        "landing_typed",
        f"{REASON} is null and {sign} is not null",
        sign,
        run.at,
    )
    connection.execute(create_lines(export.mapping, f"coalesce({REASON}, {sign})"))
    read, quarantined, reasons = record_file(run, group)
    return TableReport(
        LINES.source_table,
        files=1,
        read=read,
        landed=read - quarantined,
        quarantined=quarantined,
        reasons=reasons,
        is_export=True,
        ignored_columns=tuple(
            sorted(
                {name for name, _ in export.file.columns}
                - set(export.mapping.columns.named().values())
            )
        ),
    )


def _renamed(group: Group, columns: LineColumns) -> Group:
    """The same rows under our names."""
    types = dict(group.files[0].columns)
    named = columns.named()
    pairs = ", ".join(f"{quoted(theirs)} as {quoted(ours)}" for ours, theirs in named.items())
    file = replace(
        group.files[0], columns=tuple((ours, types[theirs]) for ours, theirs in named.items())
    )
    relation = f"(select {pairs}, {DIGEST}, _row_number from {group.relation})"
    return replace(group, files=(file,), relation=relation)


def _land_table(run: Run, export: _Export, table: TableContract) -> TableReport:
    connection = run.connection
    select = table_selects(export.mapping)[table.source_table]
    connection.execute(f"create or replace temp table landing_part as {select}")
    held = {row[0] for row in connection.execute("describe landing_part").fetchall()}
    fixed = {
        "_source_relation": literal(export.mapping.relation),
        SYNCED: "(select max(synced_at) from landing_line)",
    }
    values = ", ".join(
        f"cast({fixed.get(c.name, quoted(c.name) if c.name in held else 'null')} as {c.data_type})"
        f" as {quoted(c.name)}"
        for c in table.columns
    )
    connection.execute(
        f"create or replace temp table landing_whole as select {values},"
        f" '{export.file.digest}' as {DIGEST}, false as {DEFAULTED} from landing_part"
    )
    names = f"{column_list(table.names)}, {DIGEST}, {DEFAULTED}"
    connection.execute(
        f"create or replace temp view landing_incoming as select {names} from landing_whole"
    )
    keep_erased_out(connection, table, literal(export.file.found.name), run.at)
    counts = merge_incoming(connection, table)
    run.progress(table.source_table, 1, 1)
    return TableReport(
        table.source_table,
        files=1,
        read=counts.landed + counts.updated + counts.unchanged,
        landed=counts.landed,
        updated=counts.updated,
        unchanged=counts.unchanged,
    )
