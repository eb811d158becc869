"""One transaction that lands groups of rows: what folders and exports have in common.

What lives here: the order of steps for a table, the transaction, and what follows from rows
(phones, cost history, newest times).
What never does: finding files, or knowing a layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.faults import kill_point
from orchestration.landing.contract import RELATION, RawContract, TableContract
from orchestration.landing.erased import keep_erased_out
from orchestration.landing.files import LandingFile, glob_escaped, unreadable
from orchestration.landing.merge import MergeCounts, create_incoming_view, merge_incoming
from orchestration.landing.phones import land_phones
from orchestration.landing.readers import DIGEST, Group, grouped, open_group
from orchestration.landing.registry import SOURCES
from orchestration.landing.report import Progress, TableReport
from orchestration.landing.tables import create_raw_tables, record_newest
from orchestration.landing.typed import (
    REASON,
    Defaults,
    create_typed_view,
    file_names,
    quarantine_bad_rows,
)
from orchestration.landing.unit_costs import (
    HISTORY,
    ITEMS,
    SHOPS,
    derive_costs,
    drop_derived_costs,
    see_unit_costs,
)


@dataclass(frozen=True)
class Run:
    """What every step of one landing shares. ``relation`` None: the default of the source."""

    connection: duckdb.DuckDBPyConnection
    contract: RawContract
    relation: str | None
    at: datetime
    progress: Progress

    def relation_of(self, table: TableContract) -> str:
        return self.relation or SOURCES[table.source]


@contextmanager
def landing_transaction(run: Run) -> Iterator[None]:
    """All of a landing or nothing of it; the raw tables exist inside."""
    connection = run.connection
    connection.execute("set preserve_insertion_order = false")
    connection.execute("begin transaction")
    try:
        create_raw_tables(connection, run.contract)
        yield
        kill_point("landing_before_commit")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    kill_point("landing_after_commit")


def follow_rows(run: Run, tables: Sequence[TableContract]) -> tuple[int, int]:
    """Phones, cost history and newest times of tables that rows came for.

    Returns (new phones, rows of the derived cost history).
    """
    phones = land_phones(run.connection, tables, run.progress)
    costs = 0
    if touches_costs(tables):
        costs = derive_costs(run.connection, run.contract)
    record_newest(run.connection, tables)
    return phones, costs


def touches_costs(tables: Iterable[TableContract]) -> bool:
    """Whether the cost history may change with these tables."""
    return any(table.source_table in (ITEMS, HISTORY, SHOPS) for table in tables)


def prepare_costs(run: Run, tables: Sequence[TableContract]) -> None:
    """Take derived costs out before files of the same table are merged."""
    if touches_costs(tables):
        drop_derived_costs(run.connection, run.contract)


def land_table(run: Run, table: TableContract, files: Sequence[LandingFile]) -> TableReport:
    """Land all files of one table; those landed before are skipped.

    Raises:
        LandingError: a file is broken, or a whole column has a wrong type.
    """
    new = [file for file in files if not is_landed(run, file)]
    counts: list[MergeCounts] = []
    for members in grouped(new):
        group = _open(run, members)
        try:
            counts.append(_land_group(run, group))
        except duckdb.Error as error:
            raise _blamed(group, error) from None
    read, quarantined, reasons = _tally(run, table, new)
    landed = sum(count.landed for count in counts)
    updated = sum(count.updated for count in counts)
    unchanged = sum(count.unchanged for count in counts)
    return TableReport(
        source_table=table.source_table,
        files=len(files),
        read=read,
        landed=landed,
        updated=updated,
        unchanged=unchanged,
        superseded=read - quarantined - landed - updated - unchanged,
        quarantined=quarantined,
        reasons=reasons,
        ignored_columns=tuple(sorted({name for file in files for name in file.ignored_columns})),
        skipped_files=len(files) - len(new),
    )


def _open(run: Run, files: Sequence[LandingFile]) -> Group:
    for file in files:
        run.progress(file.found.name, 0, 1)
    return open_group(run.connection, files)


def _land_group(run: Run, group: Group) -> MergeCounts:
    connection = run.connection
    defaults = Defaults(run.relation_of(group.table), run.at)
    has_bad_rows = create_typed_view(connection, group, defaults)
    quarantine_bad_rows(connection, group, run.at, has_bad_rows)
    if group.table.source_table == ITEMS:
        see_unit_costs(connection, "landing_typed", f"{REASON} is null")
    create_incoming_view(connection, group, run.at, has_bad_rows)
    keep_erased_out(connection, group.table, file_names(group), run.at)
    counts = merge_incoming(connection, group.table)
    _record_files(run, group)
    kill_point("landing_after_table")
    return counts


def _relation_key(run: Run, file: LandingFile) -> str:
    """A file that names its relation lands once; one that does not, once per relation."""
    return "" if RELATION in file.by_contract_name else run.relation_of(file.found.table)


def is_landed(run: Run, file: LandingFile) -> bool:
    """Whether these very bytes are in the warehouse already."""
    found = run.connection.execute(
        "select 1 from raw_landing.file"
        " where file_digest = ? and source_table = ? and source_relation = ?",
        [file.digest, file.found.table.source_table, _relation_key(run, file)],
    ).fetchone()
    return found is not None


def _record_files(run: Run, group: Group) -> None:
    rows = dict(
        run.connection.execute(
            f"select {DIGEST}, count(*) from {group.relation} group by {DIGEST}"
        ).fetchall()
    )
    for line in group.rejected:
        rows[line.digest] = rows.get(line.digest, 0) + 1
    bad = dict(
        run.connection.execute(
            "select file_digest, count(*) from raw_landing.quarantine"
            " where source_table = ? and quarantined_at = ? group by file_digest",
            [group.table.source_table, run.at],
        ).fetchall()
    )
    for file in group.files:
        count, quarantined = rows.get(file.digest, 0), bad.get(file.digest, 0)
        run.connection.execute(
            "insert into raw_landing.file values (?, ?, ?, ?, ?, ?, ?, ?)",
            [file.digest, group.table.source_table, _relation_key(run, file), file.found.name,
             count, count - quarantined, quarantined, run.at],
        )  # fmt: skip


def record_file(run: Run, group: Group) -> tuple[int, int, dict[str, int]]:
    """Record a group of files; returns (rows read, quarantined, how often each reason)."""
    _record_files(run, group)
    return _tally(run, group.table, group.files)


def _tally(
    run: Run, table: TableContract, files: Sequence[LandingFile]
) -> tuple[int, int, dict[str, int]]:
    """Rows read and quarantined of these files, and how often each reason."""
    digests = [file.digest for file in files]
    totals = run.connection.execute(
        "select coalesce(sum(row_count), 0), coalesce(sum(quarantined_count), 0)"
        " from raw_landing.file where source_table = ? and landed_at = ?"
        " and file_digest in (select unnest(?))",
        [table.source_table, run.at, digests],
    ).fetchone()
    reasons = run.connection.execute(
        "select reason, count(*) from raw_landing.quarantine where source_table = ?"
        " and quarantined_at = ? and file_digest in (select unnest(?))"
        " group by reason order by reason",
        [table.source_table, run.at, digests],
    ).fetchall()
    assert totals is not None
    return int(totals[0]), int(totals[1]), dict(reasons)


def _blamed(group: Group, error: duckdb.Error) -> Exception:
    """The file that cannot be read to its end; the engine's error where all of them can."""
    with duckdb.connect() as scratch:
        for file in group.files:
            if not file.found.is_parquet:
                continue
            try:
                scratch.execute(
                    "create or replace temp table landing_probe as"
                    f" select * from read_parquet({glob_escaped(file.found.path)})"
                )
            except duckdb.Error:
                return unreadable(file.found.name)
    engine_error: Exception = error
    return engine_error
