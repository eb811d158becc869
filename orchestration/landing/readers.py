"""Files as relations: Parquet in place, CSV as text in a temporary table.

What lives here: groups of files with equal columns, the SQL that reads them, CSV lines that
have too few or too many fields.
What never does: types of the contract (``typed.py``) or writing to raw tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from orchestration.landing.contract import TableContract, quoted
from orchestration.landing.errors import LandingError
from orchestration.landing.files import LandingFile, glob_escaped, not_utf8, unreadable

DIGEST, ROW = "_file_digest", "_row_number"
_RAGGED = {"MISSING COLUMNS": "too few fields", "TOO MANY COLUMNS": "too many fields"}


@dataclass(frozen=True)
class RejectedLine:
    """A CSV line that is no row. ``row_number`` counts lines below the header."""

    digest: str
    row_number: int
    reason: str
    row_json: str


@dataclass(frozen=True)
class Group:
    """Files of one table with equal columns; ``relation`` has their columns, digest and row."""

    table: TableContract
    files: tuple[LandingFile, ...]
    relation: str
    rejected: tuple[RejectedLine, ...] = ()
    is_stream: bool = False
    """Rows of many senders: a column that one of them gets wrong must not stop the others."""

    @property
    def is_text(self) -> bool:
        return not self.files[0].found.is_parquet

    def name_of(self, digest: str) -> str:
        return next(file.found.name for file in self.files if file.digest == digest)


def grouped(files: Iterable[LandingFile]) -> list[list[LandingFile]]:
    """Files with equal columns and format together, in a stable order; equal bytes once."""
    groups: dict[object, dict[str, LandingFile]] = {}
    for file in files:
        key = (file.found.is_parquet, file.columns)
        groups.setdefault(key, {}).setdefault(file.digest, file)
    return [list(group.values()) for group in groups.values()]


def open_group(connection: duckdb.DuckDBPyConnection, files: Sequence[LandingFile]) -> Group:
    """Make the files readable as one relation.

    Raises:
        LandingError: a CSV file is broken or not UTF-8.
    """
    table = files[0].found.table
    if files[0].found.is_parquet:
        return Group(table, tuple(files), _parquet_relation(connection, files))
    rejected = _stage_csv(connection, files)
    return Group(table, tuple(files), "landing_csv", tuple(rejected))


def _parquet_relation(
    connection: duckdb.DuckDBPyConnection, files: Sequence[LandingFile]
) -> str:
    connection.execute("create or replace temp table landing_path (path varchar, digest varchar)")
    connection.executemany(
        "insert into landing_path values (?, ?)",
        [[str(file.found.path), file.digest] for file in files],
    )
    paths = ", ".join(glob_escaped(file.found.path) for file in files)
    columns = ", ".join(f"f.{quoted(name)}" for name, _ in files[0].columns)
    return (
        f"(select {columns}, p.digest as {DIGEST}, f.file_row_number + 1 as {ROW}"
        f" from read_parquet([{paths}], filename = '_landing_path', file_row_number = true,"
        " hive_partitioning = false) as f"
        " inner join landing_path as p on f._landing_path = p.path)"
    )


def _stage_csv(
    connection: duckdb.DuckDBPyConnection, files: Sequence[LandingFile]
) -> list[RejectedLine]:
    names = [name for name, _ in files[0].columns]
    columns = ", ".join(f"{quoted(name)} varchar" for name in names)
    connection.execute(
        f"create or replace temp table landing_csv ({columns}, {DIGEST} varchar, {ROW} bigint)"
    )
    rejected: list[RejectedLine] = []
    for file in files:
        rejected += _stage_one_csv(connection, file, names)
    return rejected


def _stage_one_csv(
    connection: duckdb.DuckDBPyConnection, file: LandingFile, names: Sequence[str]
) -> list[RejectedLine]:
    types = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)
    reject_tables = ("landing_rejected_line", "landing_rejected_scan")
    try:
        # The order of lines is wanted here, for their numbers.
        connection.execute("set preserve_insertion_order = true")
        connection.execute(
            f"insert into landing_csv select *, '{file.digest}', row_number() over ()"
            f" from read_csv({glob_escaped(file.found.path)}, header = true, auto_detect = false,"
            f" delim = ',', quote = '\"', escape = '\"', strict_mode = true,"
            f" columns = {{{types}}}, store_rejects = true,"
            f" rejects_table = '{reject_tables[0]}', rejects_scan = '{reject_tables[1]}')"
        )
        rows = connection.execute(
            # One record per missing field: a line is one row.
            "select distinct line, cast(error_type as varchar), csv_line"
            " from landing_rejected_line order by all"
        ).fetchall()
    except duckdb.Error as error:
        raise _csv_error(file, str(error)) from None
    finally:
        connection.execute("set preserve_insertion_order = false")
    for table in reject_tables:
        connection.execute(f"drop table if exists {table}")
    return [_rejected(file, *row) for row in rows]


def _csv_error(file: LandingFile, message: str) -> LandingError:
    broken_text = "unicode" in message.lower() or "utf-8" in message.lower()
    return not_utf8(file.found.name) if broken_text else unreadable(file.found.name)


def _rejected(file: LandingFile, line: int, kind: str, text: str | None) -> RejectedLine:
    if kind == "INVALID ENCODING":
        raise not_utf8(file.found.name)
    if kind not in _RAGGED:
        raise LandingError(
            f"{file.found.name} has a quote on or before line {line} that is never closed.",
            remedy="Quote every text that holds a quote or a comma, and land again.",
        )
    return RejectedLine(
        file.digest, line - 1, f"the line has {_RAGGED[kind]}", json.dumps({"line": text or ""})
    )
