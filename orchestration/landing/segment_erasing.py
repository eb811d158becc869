"""Erased people leave the collector's segments on disk; every other line stays where it is.

What lives here: which lines are theirs, and blanks in their place.
What never does: who is erased (``erased.py`` knows), the collector's writing, raw rows.

A line keeps its length: a storefront event becomes blanks, an order (money) loses what is personal
and is filled up with blanks. So the place up to which a segment landed stays right, and a segment
that is being written can be changed under its writer, who only ever appends. A whole segment is
replaced by a copy.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.landing import erased
from orchestration.landing.contract import RawContract
from orchestration.landing.segment_files import OPEN_SUFFIX, Segment, opened
from orchestration.landing.segment_rows import ORDER_TABLE, ROWS, Row, without_person

Betrays = Callable[[str], bool]
_BLANK = b" "


def blank_out(
    connection: duckdb.DuckDBPyConnection,
    contract: RawContract,
    segment: Segment,
    *,
    start: int = 0,
    end: int | None = None,
    betrays: Betrays | None = None,
) -> int:
    """Take whoever the connection knows out of the lines between two bytes; how many changed.

    The caller keeps landings out. Where the first line changes, how far the segment landed is
    known by the new one as well before the file is touched.

    Args:
        betrays: whether a text in lower case names her; of lines that nobody can read, and of what
            no column of ours holds.
    """
    file = opened(segment)
    if file is None:
        return 0
    with file:
        file.seek(start)
        content = file.read() if end is None else file.read(end - start)
        content = content[: content.rfind(b"\n") + 1]
        lines = content.splitlines(keepends=True)
        changed = _changed(connection, contract, segment.stream, lines, betrays)
        if not changed:
            return 0
        before = _head(file)
        after = before
        if start == 0 and 0 in changed:
            after = hashlib.sha256(changed[0]).hexdigest()
            _know_by(connection, segment.name, before, after)
        new = b"".join(changed.get(place, line) for place, line in enumerate(lines))
        if file.name.endswith(OPEN_SUFFIX):
            _write_over(Path(file.name), start, lines, changed)
        else:
            _replace(Path(file.name), start, new)
    if after != before:
        _forget(connection, segment.name, before)
    return len(changed)


def _changed(
    connection: duckdb.DuckDBPyConnection,
    contract: RawContract,
    stream: str,
    lines: list[bytes],
    betrays: Betrays | None,
) -> dict[int, bytes]:
    """Place of a line -> what stands there from now on, in as many bytes."""
    parsed = {place: _parsed(line) for place, line in enumerate(lines) if line.strip()}
    hers = _hers(connection, contract, stream, parsed)
    if betrays is not None:
        hers |= {
            place for place, line in parsed.items() if betrays(_plain(line, lines[place]))
        }
    new = {
        place: _without_her(contract, stream, parsed[place], lines[place], betrays)
        for place in hers
    }
    return {place: line for place, line in new.items() if line != lines[place]}


def _hers(
    connection: duckdb.DuckDBPyConnection,
    contract: RawContract,
    stream: str,
    parsed: Mapping[int, dict[str, Any] | None],
) -> set[int]:
    rows: dict[str, list[tuple[int, Row]]] = {}
    for place, line in parsed.items():
        # Her rows are known in whichever shop.
        for name, row in ROWS[stream](line, "") if line is not None else ():
            rows.setdefault(name, []).append((place, row))
    found: set[int] = set()
    for name, some in rows.items():
        table = contract.table(name)
        condition = erased.is_hers(table, erased.own(table))
        if condition is None:
            continue
        columns = {one: pa.array([row.get(one) for _, row in some], pa.string())
                   for one in table.names}  # fmt: skip
        places = pa.array([place for place, _ in some], pa.int64())
        connection.register("landing_segment_lines", pa.table({**columns, "_place": places}))
        found |= {
            place
            for (place,) in connection.execute(
                f"select _place from landing_segment_lines where {condition}"
            ).fetchall()
        }
        connection.unregister("landing_segment_lines")
    return found


def _without_her(
    contract: RawContract,
    stream: str,
    parsed: dict[str, Any] | None,
    line: bytes,
    betrays: Betrays | None,
) -> bytes:
    blank = _BLANK * (len(line) - 1) + b"\n"
    table = contract.table(ORDER_TABLE)
    if stream != "orders" or parsed is None or not table.is_blanked:
        return blank
    kept = without_person(parsed, erased.blanked_columns(table))
    if betrays is not None and betrays(_plain(kept, b"")):
        return blank
    text = json.dumps(kept, separators=(",", ":")).encode()
    return text.ljust(len(line) - 1) + b"\n" if len(text) < len(line) else blank


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _plain(parsed: dict[str, Any] | None, line: bytes) -> str:
    """A line with its escapes resolved, in lower case."""
    if parsed is None:
        return line.decode("utf-8", "replace").lower()
    return json.dumps(parsed, ensure_ascii=False).lower()


def _head(file: BufferedReader) -> str:
    file.seek(0)
    return hashlib.sha256(file.readline()).hexdigest()


def _write_over(
    path: Path, start: int, lines: list[bytes], changed: Mapping[int, bytes]
) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        # Closed since it was opened.
        descriptor = os.open(path.with_name(path.name.removesuffix(OPEN_SUFFIX)), os.O_WRONLY)
    try:
        at = start
        for place, line in enumerate(lines):
            if place in changed and os.fstat(descriptor).st_size >= at + len(line):
                os.pwrite(descriptor, changed[place], at)
            at += len(line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(path: Path, start: int, new: bytes) -> None:
    """Put a copy in its place, as old as the segment was."""
    content = bytearray(path.read_bytes())
    content[start : start + len(new)] = new
    times = path.stat()
    temporary = path.with_name(f".{path.name}.erasing")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _know_by(
    connection: duckdb.DuckDBPyConnection, name: str, before: str, after: str
) -> None:
    if _has_places(connection):
        connection.execute(
            "insert into raw_landing.segment select * replace (? as head_digest)"
            " from raw_landing.segment where segment_name = ? and head_digest = ?",
            [after, name, before],
        )


def _forget(connection: duckdb.DuckDBPyConnection, name: str, before: str) -> None:
    if _has_places(connection):
        connection.execute(
            "delete from raw_landing.segment where segment_name = ? and head_digest = ?",
            [name, before],
        )


def _has_places(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select 1 from information_schema.tables"
        " where table_schema = 'raw_landing' and table_name = 'segment'"
    ).fetchone()
    return found is not None
