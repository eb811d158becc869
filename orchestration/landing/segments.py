"""The collector's segments into raw tables: storefront events and orders, in micro-batches.

What lives here: one transaction per batch of lines and how far each segment landed, the shop that a
line belongs to, the segments that may go.
What never does: fields (``segment_rows.py``), lines (``segment_lines.py``), bytes
(``segment_files.py``), consent (the ledger brings it).

A batch's rows and the place where the next one begins are one transaction: killed anywhere, the
next landing goes on where this one ended. A line that came twice lands once, by its key. What is no
row stands in the quarantine and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from orchestration.landing import segment_files
from orchestration.landing.contract import SYNCED, TableContract, quoted, read_contract
from orchestration.landing.erased import is_anybody_known, keep_erased_out, load_erased
from orchestration.landing.files import FoundFile, LandingFile
from orchestration.landing.merge import MergeCounts, create_incoming_view, merge_incoming
from orchestration.landing.pipeline import Run, follow_rows, landing_transaction
from orchestration.landing.readers import DIGEST, ROW, Group, RejectedLine
from orchestration.landing.report import LandingReport, Progress, TableReport, no_progress
from orchestration.landing.segment_erasing import blank_out
from orchestration.landing.segment_files import Batch, Segment
from orchestration.landing.segment_lines import MAIN_TABLES, read_lines
from orchestration.landing.segment_rows import DELETED, NOT_CARRIED, TABLES, Row
from orchestration.landing.tables import registered_tables, utc
from orchestration.landing.typed import (
    Defaults,
    create_typed_view,
    file_names,
    quarantine_bad_rows,
)
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

_ROWS = "landing_segment"


@dataclass(frozen=True)
class _Place:
    """How far a segment landed."""

    landed_bytes: int = 0
    line_count: int = 0
    is_complete: bool = False


def land_segments(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    most_bytes: int = segment_files.BATCH_BYTES,
    progress: Progress = no_progress,
) -> LandingReport:
    """Land every line that is on disk and not in the warehouse; a second call lands nothing.

    Orders of a shop whose tables a loader registered stay where they are: the loader brings them.

    Raises:
        LandingError: the warehouse holds a column with another type. Earlier batches stay landed.
        WarehouseBusyError: another process holds the warehouse.
    """
    segments = segment_files.find_segments(settings.segments_dir)
    if not segments:
        return LandingReport(())
    contract = read_contract(settings.project_dir)
    reports: dict[str, TableReport] = {}
    kept: list[str] = []
    with warehouse_connection(settings, "land segments") as connection:
        load_erased(connection, settings)
        run = Run(connection, contract, None, utc(now()), progress)
        with landing_transaction(run):
            registered = registered_tables(connection)
            settled = _settled(connection, segments)
        tables = {name: contract.table(name) for name in TABLES}
        for done, segment in enumerate(segments, start=1):
            main = tables[MAIN_TABLES[segment.stream]]
            if (main.schema, main.name) in registered:
                kept.append(segment.name)
                continue
            if segment.name in settled:
                continue
            _land_segment(run, segment, tables, reports, most_bytes)
            progress("segments", done, len(segments))
        _prune(settings, segments, _settled(connection, segments), now())
    return LandingReport(tuple(reports.values()), tuple(kept))


def _land_segment(
    run: Run,
    segment: Segment,
    tables: Mapping[str, TableContract],
    reports: dict[str, TableReport],
    most_bytes: int,
) -> None:
    head = segment_files.head_digest(segment)
    if head is None:
        return
    place = _place(run.connection, segment, head)
    if place.is_complete:
        # Written to after the landing began that ended it: from now on its time is enough.
        with landing_transaction(run):
            _record(run, segment, head, place)
    while not place.is_complete:
        batch = segment_files.read_batch(segment, place.landed_bytes, most_bytes)
        if not batch.content and not batch.is_last:
            return
        with landing_transaction(run):
            relation_of = shop_relations(run.connection, segment.stream)
            lines = read_lines(segment.stream, batch, place.line_count, relation_of)
            for name, rows in sorted(lines.rows.items()):
                broken = lines.broken if name == MAIN_TABLES[segment.stream] else []
                report = _land_rows(run, tables[name], segment, batch, rows, broken)
                reports[name] = _sum(reports.get(name), report)
            follow_rows(run, [tables[name] for name in sorted(lines.rows)])
            if is_anybody_known(run.connection):
                # What came too late to be erased with the rest leaves the disk as well.
                blank_out(
                    run.connection, run.contract, segment, start=batch.start, end=batch.end
                )
                head = segment_files.head_digest(segment) or head
            place = _Place(batch.end, place.line_count + lines.count, batch.is_last)
            _record(run, segment, head, place)


def shop_relations(
    connection: duckdb.DuckDBPyConnection, stream: str
) -> Callable[[str], str]:
    """How the warehouse calls the shop that a line names: by its domain, else by its relation; else
    it is the only shop there is, where nothing says that it has another domain."""
    shops = connection.execute(
        "select distinct _source_relation, lower(domain), lower(myshopify_domain)"
        " from raw_shopify.shop"
    ).fetchall()
    by_name: dict[str, str] = {}
    for relation, domain, permanent in shops:
        by_name.update({one: relation for one in (domain, permanent) if one})
    relations = {relation for relation, _, _ in shops}
    is_known_by_domain = any(permanent for _, _, permanent in shops)
    only = next(iter(relations)) if len(relations) == 1 else None

    def relation_of(scope: str) -> str:
        named = by_name.get(scope.lower())
        if named is not None or scope in relations:
            return named or scope
        is_certain = stream == "events" or not is_known_by_domain
        return only if only is not None and is_certain else scope

    return relation_of


def _land_rows(
    run: Run,
    table: TableContract,
    segment: Segment,
    batch: Batch,
    rows: Sequence[tuple[int, Row]],
    broken: Sequence[RejectedLine],
) -> TableReport:
    connection = run.connection
    if is_anybody_known(connection):
        # Nobody can ask a broken line whose it is.
        broken = [replace(line, row_json="{}") for line in broken]
    group = _staged(connection, table, segment, batch, rows, broken)
    has_bad_rows = create_typed_view(connection, group, Defaults(segment.stream, run.at))
    quarantine_bad_rows(connection, group, run.at, has_bad_rows)
    create_incoming_view(connection, group, run.at, has_bad_rows)
    keep_erased_out(connection, table, file_names(group), run.at)
    counts = merge_incoming(connection, table) if rows else MergeCounts()
    reasons = dict(
        connection.execute(
            "select reason, count(*) from raw_landing.quarantine where source_table = ?"
            " and quarantined_at = ? and file_digest = ? group by reason order by reason",
            [table.source_table, run.at, batch.digest],
        ).fetchall()
    )
    bad, read = sum(reasons.values()), len(rows) + len(broken)
    return TableReport(
        table.source_table,
        read=read,
        landed=counts.landed,
        updated=counts.updated,
        unchanged=counts.unchanged,
        superseded=read - bad - counts.landed - counts.updated - counts.unchanged,
        quarantined=bad,
        reasons=reasons,
    )


def _staged(
    connection: duckdb.DuckDBPyConnection,
    table: TableContract,
    segment: Segment,
    batch: Batch,
    rows: Sequence[tuple[int, Row]],
    broken: Sequence[RejectedLine],
) -> Group:
    """The rows as a group of one file; fields that no line carries as the raw table holds them."""
    names = table.names
    columns = {
        name: pa.array([row.get(name) for _, row in rows], pa.string()) for name in names
    }
    staged = pa.table({**columns, ROW: pa.array([number for number, _ in rows], pa.int64())})
    connection.register("landing_segment_batch", staged)
    has_held = table.source_table in NOT_CARRIED or DELETED in names
    kept = ", ".join(_kept(table, name) if has_held else f"s.{quoted(name)}" for name in names)
    # The key of the raw table stands alone, so that its zones tell which rows to read.
    keys = " and ".join(
        f"r.{quoted(key)} = try_cast(s.{quoted(key)} as {table.column(key).data_type})"
        for key in table.keys
    )
    held = f" left join {table.relation} as r on {keys}" if has_held else ""
    connection.execute(
        f"create or replace temp table {_ROWS} as select {kept},"
        f" '{batch.digest}' as {DIGEST}, s.{ROW} from landing_segment_batch as s{held}"
    )
    connection.unregister("landing_segment_batch")
    found = FoundFile(segment.path, segment.name, table)
    file = LandingFile(found, batch.digest, tuple((name, "VARCHAR") for name in names))
    return Group(table, (file,), _ROWS, tuple(broken), is_stream=True)


def _kept(table: TableContract, name: str) -> str:
    ours, theirs = f"s.{quoted(name)}", f"cast(r.{quoted(name)} as varchar)"
    if name in NOT_CARRIED.get(table.source_table, ()):
        value = f"coalesce({ours}, {theirs})"
    elif DELETED in table.names and name not in (*table.keys, SYNCED, DELETED):
        is_deleted = f"s.{quoted(DELETED)} = 'true'"
        value = f"case when {is_deleted} then coalesce({ours}, {theirs}) else {ours} end"
    else:
        value = ours
    return f"{value} as {quoted(name)}"


def _place(connection: duckdb.DuckDBPyConnection, segment: Segment, head: str) -> _Place:
    row = connection.execute(
        "select landed_bytes, line_count, is_complete from raw_landing.segment"
        " where segment_name = ? and head_digest = ?",
        [segment.name, head],
    ).fetchone()
    return _Place(*row) if row else _Place()


def _record(run: Run, segment: Segment, head: str, place: _Place) -> None:
    run.connection.execute(
        "delete from raw_landing.segment where segment_name = ? and head_digest = ?",
        [segment.name, head],
    )
    run.connection.execute(
        "insert into raw_landing.segment values (?, ?, ?, ?, ?, ?)",
        [segment.name, head, place.landed_bytes, place.line_count, place.is_complete, run.at],
    )


def _settled(
    connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]
) -> set[str]:
    """Names of whole segments that landed to their end. An old name on a newer file is no such."""
    landed = {
        (name, size): at
        for name, size, at in connection.execute(
            "select segment_name, landed_bytes, landed_at from raw_landing.segment"
            " where is_complete"
        ).fetchall()
    }
    return {
        segment.name
        for segment in segments
        if not segment.is_open
        and (found := segment_files.size_and_time(segment)) is not None
        and (at := landed.get((segment.name, found[0]))) is not None
        and found[1] <= at
    }


def _prune(
    settings: Settings, segments: Sequence[Segment], settled: set[str], at: datetime
) -> None:
    if settings.segments_kept_days is None:
        return
    since = utc(at) - timedelta(days=settings.segments_kept_days)
    for segment in segment_files.prunable(segments, settled, kept_since=since):
        segment.path.unlink(missing_ok=True)


def _sum(before: TableReport | None, report: TableReport) -> TableReport:
    if before is None:
        return report
    reasons = dict(before.reasons)
    for reason, count in report.reasons.items():
        reasons[reason] = reasons.get(reason, 0) + count
    return replace(
        before,
        read=before.read + report.read,
        landed=before.landed + report.landed,
        updated=before.updated + report.updated,
        unchanged=before.unchanged + report.unchanged,
        superseded=before.superseded + report.superseded,
        quarantined=before.quarantined + report.quarantined,
        reasons=reasons,
    )
