"""Fits into ``raw_fits``: parameters and scores that were estimated outside SQL.

What lives here: one transaction that replaces a fit of the same moment and lets old ones go.
What never does: the estimate (``fits/``), or a choice between fits (models).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from orchestration.landing.contract import TableContract, column_list, quoted, read_contract
from orchestration.landing.report import LandingReport, TableReport
from orchestration.landing.tables import create_raw_tables, utc
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

# A build of a past moment takes the fit of that moment; older than these it takes none.
FITS_KEPT = 30


@dataclass(frozen=True)
class FitHead:
    """What every fit says of itself."""

    fit_name: str
    as_of_at: datetime
    input_digest: str
    input_row_count: int
    fitted_at: datetime


def land_fit(settings: Settings, head: FitHead, table_name: str, rows: pa.Table) -> LandingReport:
    """Write a fit and its rows into ``raw_fits.<table_name>``; the same moment is replaced.

    Args:
        rows: the columns of the table but ``as_of_at``, ``input_digest`` and ``fitted_at``.

    Raises:
        WarehouseBusyError: another process holds the warehouse.
    """
    contract = read_contract(settings.project_dir)
    heads, table = contract.table("fits.fit"), contract.table(f"fits.{table_name}")
    moments = {"as_of_at": utc(head.as_of_at), "fitted_at": utc(head.fitted_at)}
    line = pa.table({
        "fit_name": [head.fit_name], "input_digest": [head.input_digest],
        "input_row_count": [head.input_row_count], "output_row_count": [rows.num_rows],
        **{name: pa.array([moment], pa.timestamp("us")) for name, moment in moments.items()},
    })  # fmt: skip
    for name, moment in moments.items():
        column = pa.array([moment] * rows.num_rows, pa.timestamp("us"))
        rows = rows.append_column(name, column)
    digests = pa.array([head.input_digest] * rows.num_rows, pa.string())
    rows = rows.append_column("input_digest", digests)
    with warehouse_connection(settings, "land fit") as connection:
        connection.execute("begin transaction")
        try:
            create_raw_tables(connection, contract)
            _forget(connection, heads, table, head)
            _insert(connection, heads, line)
            _insert(connection, table, rows)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return LandingReport((
        TableReport(heads.source_table, read=1, landed=1),
        TableReport(table.source_table, read=rows.num_rows, landed=rows.num_rows),
    ))  # fmt: skip


def _forget(
    connection: duckdb.DuckDBPyConnection, heads: TableContract, table: TableContract, head: FitHead
) -> None:
    """The fit of this moment, and all but the newest ``FITS_KEPT`` with the new one."""
    gone = connection.execute(
        f"select as_of_at from {heads.relation} where fit_name = ? and as_of_at = ?"
        f" union all (select as_of_at from {heads.relation} where fit_name = ? and as_of_at <> ?"
        " order by as_of_at desc offset ?)",
        [head.fit_name, utc(head.as_of_at), head.fit_name, utc(head.as_of_at), FITS_KEPT - 1],
    ).fetchall()
    for (moment,) in gone:
        connection.execute(
            f"delete from {heads.relation} where fit_name = ? and as_of_at = ?",
            [head.fit_name, moment],
        )
        connection.execute(f"delete from {table.relation} where as_of_at = ?", [moment])


def _insert(
    connection: duckdb.DuckDBPyConnection, table: TableContract, rows: pa.Table
) -> None:
    connection.register("landing_fit", rows)
    values = ", ".join(f"cast({quoted(c.name)} as {c.data_type})" for c in table.columns)
    connection.execute(
        f"insert into {table.relation} ({column_list(table.names)})"
        f" select {values} from landing_fit"
    )
    connection.unregister("landing_fit")
