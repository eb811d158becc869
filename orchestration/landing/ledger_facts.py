"""Ledger facts into ``raw_ledger``, by watermark.

What lives here: copying the rows that came after the greatest ``sequence`` already landed, and the
subjects of a fact as rows of their own.
What never does: attaching the ledger to the warehouse, or changing a fact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from orchestration.faults import kill_point
from orchestration.landing.contract import TableContract, column_list, quoted, read_contract
from orchestration.landing.erased import keep_erased_facts_out, load_erased
from orchestration.landing.report import LandingReport, Progress, TableReport, no_progress
from orchestration.landing.tables import create_raw_tables, utc
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

_CHUNK = 20_000
# Raw table of subjects -> the ledger's table whose subjects_json it spells out: SQL reads no lists.
_SUBJECTS_OF = {
    "consent_event_subject": "consent_event",
    "privacy_request_subject": "privacy_request",
}
_ARROW = {"varchar": pa.string(), "bigint": pa.int64(), "timestamp": pa.timestamp("us")}


class LedgerFacts(Protocol):
    """What landing needs of the ledger."""

    def rows_since(
        self, table: str, sequence: int, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """Rows whose ``sequence`` is greater, oldest first."""
        ...


def land_ledger(
    settings: Settings, ledger: LedgerFacts, *, progress: Progress = no_progress
) -> LandingReport:
    """Copy what the ledger recorded since the last landing; a second call copies nothing.

    Raises:
        WarehouseBusyError: another process holds the warehouse.
    """
    contract = read_contract(settings.project_dir)
    with warehouse_connection(settings, "land ledger") as connection:
        connection.execute("begin transaction")
        try:
            create_raw_tables(connection, contract)
            load_erased(connection, settings)
            reports = [
                _land_table(connection, table, ledger, progress)
                for table in contract.of_source("ledger")
            ]
            kill_point("landing_before_commit")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return LandingReport(tuple(reports))


def _land_table(
    connection: duckdb.DuckDBPyConnection,
    table: TableContract,
    ledger: LedgerFacts,
    progress: Progress,
) -> TableReport:
    found = connection.execute(
        f"select coalesce(max(sequence), 0) from {table.relation}"
    ).fetchone()
    assert found is not None
    sequence, copied = int(found[0]), 0
    is_of_subjects = table.name in _SUBJECTS_OF
    facts = _SUBJECTS_OF.get(table.name, table.name)
    while found_rows := ledger.rows_since(facts, sequence, _CHUNK):
        sequence = int(found_rows[-1]["sequence"])
        kept = keep_erased_facts_out(connection, found_rows)
        rows = list(_subjects(kept)) if is_of_subjects else kept
        _replace(connection, table, rows)
        copied += len(rows)
        progress(table.source_table, copied, copied)
    return TableReport(table.source_table, read=copied, landed=copied)


def _replace(
    connection: duckdb.DuckDBPyConnection,
    table: TableContract,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """A row whose ``sequence`` moved replaces the one with its key; the newest stands."""
    newest = {tuple(row[key] for key in table.keys): row for row in rows}
    batch = pa.table(
        {
            column.name: pa.array(
                [_plain(row[column.name]) for row in newest.values()], _ARROW[column.data_type]
            )
            for column in table.columns
        }
    )
    connection.register("landing_ledger_batch", batch)
    keys = " and ".join(f"t.{quoted(key)} = b.{quoted(key)}" for key in table.keys)
    connection.execute(
        f"delete from {table.relation} as t using landing_ledger_batch as b where {keys}"
    )
    connection.execute(
        f"insert into {table.relation} ({column_list(table.names)})"
        f" select {column_list(table.names)} from landing_ledger_batch"
    )
    connection.unregister("landing_ledger_batch")


def _subjects(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """One row per fact and subject; a fact about nobody has none."""
    for row in rows:
        for subject_type, subject_value in json.loads(row["subjects_json"]):
            yield {
                "sequence": row["sequence"],
                "subject_type": subject_type,
                "subject_value": subject_value,
            }


def _plain(value: object) -> object:
    return utc(value) if isinstance(value, datetime) else value
