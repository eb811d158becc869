"""Which files of a folder are landed, and what they are before a row is read.

What lives here: the layout ``DIR/<source>/<table>.parquet|.csv|.csv.gz`` (or a folder of parts),
digests, and the columns of a file.
What never does: rows, and anything written to the warehouse.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from orchestration.landing.contract import RELATION, SYNCED, RawContract, TableContract
from orchestration.landing.errors import LandingError

SUFFIXES = (".parquet", ".csv", ".csv.gz")
_NOT_OURS = {"truth"}


@dataclass(frozen=True)
class FoundFile:
    """A file that belongs to a table of the contract."""

    path: Path
    name: str
    """The path below the folder, for people."""
    table: TableContract

    @property
    def is_parquet(self) -> bool:
        return self.path.suffix == ".parquet"


@dataclass(frozen=True)
class LandingFile:
    """A file that was opened: its digest and its columns (name in the file, DuckDB type)."""

    found: FoundFile
    digest: str
    columns: tuple[tuple[str, str], ...]

    @property
    def by_contract_name(self) -> Mapping[str, tuple[str, str]]:
        """Contract name -> (name in the file, type). Loaders differ in case."""
        known = set(self.found.table.names)
        return {name.lower(): (name, kind) for name, kind in self.columns if name.lower() in known}

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        known = set(self.found.table.names)
        return tuple(name for name, _ in self.columns if name.lower() not in known)


def find_files(directory: Path, contract: RawContract) -> tuple[list[FoundFile], list[str]]:
    """The files of the layout in a stable order, and the paths that are none of ours.

    Raises:
        LandingError: the folder is missing, empty, or holds no table of the contract.
    """
    if not directory.is_dir():
        raise LandingError(f"{directory} is not a folder.", remedy="Give a folder of raw files.")
    found: list[FoundFile] = []
    ignored: list[str] = []
    layout = "Write DIR/<source>/<table>.parquet, .csv or .csv.gz."
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        relative = path.relative_to(directory)
        if relative.parts[0] in _NOT_OURS or any(part.startswith(".") for part in relative.parts):
            continue
        table = _table_of(relative, contract)
        if table is None:
            ignored.append(relative.as_posix())
        else:
            found.append(FoundFile(path, relative.as_posix(), table))
    if not found and not ignored:
        raise LandingError(f"The folder {directory} holds no file.", remedy=layout)
    if not found:
        sources = ", ".join(sorted({table.source for table in contract.landed}))
        raise LandingError(
            f"The folder {directory} holds no table of the raw contract (found {ignored[0]}).",
            remedy=f"{layout} Sources: {sources}.",
        )
    return found, ignored


def _table_of(relative: Path, contract: RawContract) -> TableContract | None:
    suffix = next((suffix for suffix in SUFFIXES if relative.name.endswith(suffix)), None)
    if suffix is None or len(relative.parts) not in (2, 3):
        return None
    inside = len(relative.parts) == 3
    name = relative.parts[1] if inside else relative.name.removesuffix(suffix)
    tables = {table.source_table: table for table in contract.landed}
    return tables.get(f"{relative.parts[0]}.{name}")


def open_file(connection: duckdb.DuckDBPyConnection, found: FoundFile) -> LandingFile:
    """Digest the file, read its columns and hold them against the contract.

    Raises:
        LandingError: unreadable, not UTF-8, wrong delimiter, or a required column is missing.
    """
    columns = read_columns(connection, found)
    check_columns(found.name, found.table, [name for name, _ in columns])
    return LandingFile(found, file_digest(found.path), columns)


def read_columns(
    connection: duckdb.DuckDBPyConnection, found: FoundFile
) -> tuple[tuple[str, str], ...]:
    """The names and DuckDB types of the file's columns, in its order.

    Raises:
        LandingError: unreadable, not UTF-8, or no header.
    """
    return _parquet_columns(connection, found) if found.is_parquet else _csv_columns(found)


def file_digest(path: Path) -> str:
    """SHA-256 of the file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_columns(where: str, table: TableContract, names: list[str]) -> None:
    """
    Raises:
        LandingError: a required column is missing, or one stands there twice.
    """
    lowered = [name.lower() for name in names]
    twice = sorted({name for name in lowered if lowered.count(name) > 1})
    if twice:
        raise LandingError(
            f"{where} has the column '{twice[0]}' twice.", remedy="Keep one and land again."
        )
    missing = [
        column.name
        for column in table.columns
        if column.is_required and column.name not in (*lowered, RELATION, SYNCED)
    ]
    if not missing:
        return
    if len(names) == 1 and ".csv" in where:
        raise LandingError(
            f"{where} has one column only; '{missing[0]}' of {table.source_table} is missing.",
            remedy="Its delimiter is probably not a comma: save it with commas and land again.",
        )
    raise LandingError(
        f"{where} lacks the required column '{missing[0]}' of {table.source_table}"
        + (f" (and {', '.join(missing[1:])})." if missing[1:] else "."),
        remedy="Export it with this column (the raw contract is in models/staging).",
    )


def glob_escaped(path: Path) -> str:
    """A path that DuckDB's readers take as one file, as an SQL literal."""
    text = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path))
    return "'" + text.replace("'", "''") + "'"


def _parquet_columns(
    connection: duckdb.DuckDBPyConnection, found: FoundFile
) -> tuple[tuple[str, str], ...]:
    try:
        rows = connection.execute(
            f"describe select * from read_parquet({glob_escaped(found.path)},"
            " hive_partitioning = false)"
        ).fetchall()
    except duckdb.Error:
        raise unreadable(found.name) from None
    return tuple((row[0], row[1]) for row in rows)


def _csv_columns(found: FoundFile) -> tuple[tuple[str, str], ...]:
    try:
        with _open_text(found.path) as file:
            header = next(csv.reader(file), [])
        if found.path.suffix == ".gz":
            _read_to_the_end(found.path)
    except UnicodeDecodeError:
        raise not_utf8(found.name) from None
    except (OSError, EOFError, zlib.error, csv.Error):
        raise unreadable(found.name) from None
    if not any(name.strip() for name in header):
        raise LandingError(
            f"{found.name} has no header line.", remedy="Write the column names on line 1."
        )
    return tuple((name.strip(), "VARCHAR") for name in header)


def _read_to_the_end(path: Path) -> None:
    """DuckDB takes a truncated gzip stream for a shorter file; only its end proves it whole."""
    with gzip.open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def _open_text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def unreadable(name: str) -> LandingError:
    """The file is broken; the engine's own message is left out, for it quotes rows."""
    return LandingError(
        f"{name} cannot be read: it is truncated or not what its name says.",
        remedy="Copy or export it again.",
    )


def not_utf8(name: str) -> LandingError:
    """The file is in another encoding."""
    return LandingError(f"{name} is not UTF-8 text.", remedy="Save it as UTF-8 and land again.")
