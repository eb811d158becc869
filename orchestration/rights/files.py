"""An erasure in files: what was landed, what the collector wrote, plans, a last look everywhere.

What lives here: rewriting files of the raw layout and blanking landing segments; which plans hold
her; the search through every file of the home.
What never does: files outside of the home (whoever put them there must erase); tables.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.activation import plan_file
from orchestration.landing import erased
from orchestration.landing.contract import RawContract, TableContract, quoted
from orchestration.landing.errors import LandingError
from orchestration.landing.files import FoundFile, file_digest, find_files, glob_escaped
from orchestration.landing.segment_erasing import blank_out
from orchestration.landing.segment_files import find_segments
from orchestration.ledger.erasures import Person
from orchestration.settings import Settings

_BYTES_TOGETHER = 16 * 1024 * 1024
_OVERLAP_BYTES = 4_096


@dataclass
class Rewritten:
    """Files that lost rows, and old digest -> new one of those that landing knows."""

    file_count: int = 0
    row_count: int = 0
    digests: dict[str, str] = field(default_factory=dict)


def rewrite_landed(
    settings: Settings, contract: RawContract, key: bytes, digests: list[str]
) -> Rewritten:
    """Take her out of every file of the inbox, keeping its name, format and columns."""
    done = Rewritten()
    try:
        found, _ = find_files(settings.inbox_dir, contract)
    except LandingError:
        return done
    with duckdb.connect() as connection:
        erased.know(connection, key, digests)
        for one in found:
            before = file_digest(one.path)
            count = _rewrite(connection, one)
            if count:
                done.file_count += 1
                done.row_count += count
                done.digests[before] = file_digest(one.path)
    return done


def blank_segments(
    connection: duckdb.DuckDBPyConnection, settings: Settings, contract: RawContract, person: Person
) -> Rewritten:
    """Take her out of the collector's segments, landed or not, also of those being written.

    Args:
        connection: knows her, and how far each segment landed; it keeps landings out meanwhile.
    """
    done, pattern = Rewritten(), re.compile(person.pattern)
    for segment in find_segments(settings.segments_dir):
        count = blank_out(
            connection, contract, segment, betrays=lambda text: bool(pattern.search(text))
        )
        if count:
            done.file_count += 1
            done.row_count += count
    return done


def plans_with(settings: Settings, person: Person) -> list[str]:
    """Hashes of the plans in whose rows she is."""
    pattern = re.compile(person.pattern)
    return [
        file.stem
        for file in sorted(settings.plans_dir.glob("*.parquet"))
        if any(
            row["key"] in person.customer_ids
            or pattern.search("\n".join(map(str, row.values())).lower())
            for batch in plan_file.batches(file)
            for row in batch.to_pylist()
        )
    ]


def files_that_betray(settings: Settings, person: Person) -> tuple[int, list[str]]:
    """How many files of the home were searched, and the names of those with a token in their bytes
    or, compressed, in their content."""
    # In a database's blocks one text follows the other: nothing can be asked of what is beside it.
    tokens = b"|".join(re.escape(one.encode()) for one in person.tokens) or rb"[^\s\S]"
    pattern = re.compile(tokens, re.IGNORECASE)
    searched, found = 0, []
    for file in sorted(settings.home.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        searched += 1
        if any(pattern.search(part) for part in _parts(file)):
            found.append(file.relative_to(settings.home).as_posix())
    return searched, found


def _rewrite(connection: duckdb.DuckDBPyConnection, found: FoundFile) -> int:
    reader = f"read_parquet({glob_escaped(found.path)}, hive_partitioning = false)"
    if not found.is_parquet:
        reader = (
            f"read_csv({glob_escaped(found.path)}, all_varchar = true, header = true,"
            " null_padding = true, ignore_errors = false)"
        )
    columns = [r[0] for r in connection.execute(f"describe select * from {reader}").fetchall()]
    values = {name.lower(): quoted(name) for name in columns}
    condition = erased.is_hers(found.table, values)
    if condition is None:
        return 0
    row = connection.execute(f"select count(*) from {reader} where {condition}").fetchone()
    count = int(row[0]) if row else 0
    if count:
        statement = _kept(found.table, values, reader, condition)
        temporary = found.path.with_name(f".{found.path.name}")
        connection.execute(f"copy ({statement}) to '{_text(temporary)}' ({_format(found.path)})")
        temporary.chmod(found.path.stat().st_mode & 0o777)
        temporary.replace(found.path)
    return count


def _kept(
    table: TableContract, values: dict[str, str], reader: str, condition: str
) -> str:
    blanks = [values[name] for name in erased.blanked_columns(table) if name in values]
    if not table.is_blanked or not blanks:
        return f"select * from {reader} where not {condition}"
    cells = ", ".join(f"case when {condition} then null else {n} end as {n}" for n in blanks)
    return f"select * replace ({cells}) from {reader}"


def _format(path: Path) -> str:
    if path.suffix == ".parquet":
        return "format parquet, compression zstd"
    return "format csv, header" + (", compression gzip" if path.suffix == ".gz" else "")


def _parts(file: Path) -> Iterator[bytes]:
    """The bytes of a file in overlapping parts; of Parquet and gzip their content as well."""
    if file.suffix == ".parquet":
        with duckdb.connect() as connection:
            rows = connection.execute(
                f"select cast(to_json(t) as varchar) from read_parquet({glob_escaped(file)}) as t"
            )
            while batch := rows.fetchmany(10_000):
                yield "\n".join(row[0] for row in batch).encode()
    with (gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")) as stream:
        tail = b""
        while part := stream.read(_BYTES_TOGETHER):
            yield tail + part
            tail = part[-_OVERLAP_BYTES:]


def _text(file: Path) -> str:
    return str(file).replace("'", "''")
