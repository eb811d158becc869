"""``tributary land DIR``: every raw table of a folder into the warehouse.

What lives here: the one function that lands a folder.
What never does: how a table is landed (``pipeline.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.faults import kill_point
from orchestration.landing.contract import RawContract, TableContract, read_contract
from orchestration.landing.erased import load_erased
from orchestration.landing.files import FoundFile, LandingFile, find_files, open_file
from orchestration.landing.pipeline import (
    Run,
    follow_rows,
    is_landed,
    land_table,
    landing_transaction,
    prepare_costs,
)
from orchestration.landing.report import LandingReport, Progress, no_progress
from orchestration.landing.tables import refuse_registered, utc
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings


def land_directory(
    settings: Settings,
    directory: Path,
    *,
    relation: str | None = None,
    now: Callable[[], datetime],
    progress: Progress = no_progress,
) -> LandingReport:
    """Land every file of ``DIR/<source>/<table>`` in one transaction.

    Args:
        relation: ``_source_relation`` of files that have none; default the source's name.
        now: the landing's moment; ``_fivetran_synced`` of rows that have none.

    Raises:
        LandingError: a file or a whole column cannot be landed; nothing was written.
        WarehouseBusyError: another process holds the warehouse.
    """
    contract = read_contract(settings.project_dir)
    found, ignored = find_files(directory.resolve(), contract)
    files = _open_all(found, progress)
    kill_point("landing_after_open")
    with warehouse_connection(settings, "land") as connection:
        load_erased(connection, settings)
        run = Run(connection, contract, relation, utc(now()), progress)
        return _land(run, files, ignored)


def _open_all(found: Sequence[FoundFile], progress: Progress) -> list[LandingFile]:
    files: list[LandingFile] = []
    with duckdb.connect() as scratch:
        for file in found:
            files.append(open_file(scratch, file))
            progress("reading columns", len(files), len(found))
    return files


def _land(run: Run, files: Sequence[LandingFile], ignored: Sequence[str]) -> LandingReport:
    by_table = _by_table(files, run.contract)
    tables = [table for table, _ in by_table]
    refuse_registered(run.connection, tables)
    with landing_transaction(run):
        changed = [
            table
            for table, members in by_table
            if not all(is_landed(run, file) for file in members)
        ]
        prepare_costs(run, changed)
        reports = []
        for done, (table, members) in enumerate(by_table, start=1):
            reports.append(land_table(run, table, members))
            run.progress(table.source_table, done, len(by_table))
        phones, costs = follow_rows(run, changed)
    return LandingReport(tuple(reports), tuple(ignored), phones, costs)


def _by_table(
    files: Sequence[LandingFile], contract: RawContract
) -> list[tuple[TableContract, list[LandingFile]]]:
    groups: dict[str, list[LandingFile]] = {}
    for file in files:
        groups.setdefault(file.found.table.source_table, []).append(file)
    return [(contract.table(name), members) for name, members in groups.items()]
