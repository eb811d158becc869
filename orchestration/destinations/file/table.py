"""The file of an object and its contract: read in order of the key, replaced as a whole.

What lives here: the merge of changes into the rows that stand, and the atomic replacement.
What never does: rows changed in place; a file that is not ours.

Memory holds the changes, never the file. First the rows are replaced, then the contract: a reader
that finds another SHA-256 in the contract has come between the two and reads again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from orchestration.destinations.base import FatalError
from orchestration.destinations.file.cells import CellType, cell, common, guarded, type_of
from orchestration.faults import kill_point

KEY = "row_key"
# The type of a column that has held no value yet.
UNKNOWN = "unknown"
CONTRACT_VERSION = 1

# The new row of a key; None where its row leaves.
Changes = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True)
class Table:
    """The object ``file/<name>`` in ``folder``, which must be ours alone."""

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.csv"

    @property
    def contract(self) -> Path:
        return self.folder / f"{self.name}.contract.json"

    def keys(self) -> Iterator[str]:
        """The keys as they stand in the file."""
        with self._rows() as (_, rows):
            yield from (row[0] for row in rows)

    def change(self, changes: Changes) -> frozenset[str]:
        """Replace file and contract; the changed keys that stood in the file before.

        Raises:
            FatalError: what stands there was not written here.
            OSError: it cannot be written; the file that stood there is whole.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        columns = self._columns(changes)
        with self._rows() as (old, rows), _replaced(self.file) as stream:
            digest = _Digest(stream)
            writer = csv.writer(digest, lineterminator="\r\n")
            writer.writerow([KEY, *columns])
            found, row_count = set(), 0
            waiting = iter(sorted((guarded(key), key) for key in changes))
            following = next(waiting, None)
            for row in rows:
                while following and following[0] < row[0]:
                    row_count += _write(writer, following[0], columns, changes[following[1]])
                    following = next(waiting, None)
                if following and following[0] == row[0]:
                    found.add(following[1])
                    row_count += _write(writer, row[0], columns, changes[following[1]])
                    following = next(waiting, None)
                else:
                    cells = dict(zip(old, row[1:], strict=True))
                    writer.writerow([row[0], *(cells.get(column, "") for column in columns)])
                    row_count += 1
            while following:
                row_count += _write(writer, following[0], columns, changes[following[1]])
                following = next(waiting, None)
        kill_point("file_between_replacements")
        self._write_contract(columns, row_count, digest.value())
        return frozenset(found)

    def _columns(self, changes: Changes) -> dict[str, CellType | None]:
        """Columns of the new rows, then those that only older rows still fill."""
        before = self._types()
        columns: dict[str, CellType | None] = {}
        for payload in changes.values():
            for name, value in (payload or {}).items():
                known = columns.get(name, before.get(name))
                columns[name] = common(known, type_of(value))
        with self._rows() as (old, rows):
            extra = [(place, name) for place, name in enumerate(old, 1) if name not in columns]
            if extra and columns:
                touched = {guarded(key) for key in changes}
                filled = {
                    place for row in rows if row[0] not in touched
                    for place, _ in extra if row[place]
                }
                extra = [(place, name) for place, name in extra if place in filled]
        return columns | {name: before.get(name, "text") for _, name in extra}

    def _types(self) -> dict[str, CellType | None]:
        try:
            columns = json.loads(self.contract.read_text(encoding="utf-8"))["columns"]
            typed = [column for column in columns if column["type"] != UNKNOWN]
            return {column["name"]: column["type"] for column in typed}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError):
            raise self._foreign(self.contract) from None

    @contextmanager
    def _rows(self) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
        """The columns after the key, and the rows in order of their key."""
        if not self.file.exists():
            yield [], iter(())
            return
        with self.file.open(encoding="utf-8", newline="") as stream:
            lines = self._lines(stream)
            header = next(lines, [])
            if header[:1] != [KEY]:
                raise self._foreign(self.file)
            yield header[1:], self._checked(lines, len(header))

    def _lines(self, stream: TextIO) -> Iterator[list[str]]:
        try:
            yield from csv.reader(stream, strict=True)
        except (csv.Error, UnicodeDecodeError):
            raise self._foreign(self.file) from None

    def _checked(self, lines: Iterator[list[str]], width: int) -> Iterator[list[str]]:
        last = ""
        for row in lines:
            if len(row) != width or row[0] <= last:
                raise self._foreign(self.file)
            last = row[0]
            yield row

    def _write_contract(
        self, columns: Mapping[str, CellType | None], row_count: int, sha256: str
    ) -> None:
        contract = {
            "object": f"file/{self.name}",
            "contract_version": CONTRACT_VERSION,
            "format": "CSV of RFC 4180, UTF-8, one header line, CRLF; an empty cell is no value; "
            "drop one leading apostrophe from a text cell",
            "key": KEY,
            "columns": [
                {"name": KEY, "type": "text"},
                *({"name": name, "type": kind or UNKNOWN} for name, kind in columns.items()),
            ],
            "row_count": row_count,
            "sha256": sha256,
        }
        with _replaced(self.contract) as stream:
            stream.write(json.dumps(contract, indent=2, ensure_ascii=False) + "\n")

    def _foreign(self, file: Path) -> FatalError:
        return FatalError(
            f"{file.name} is not as it was written here.",
            remedy="Move it away and deliver the object anew; edit copies only.",
        )


class _Digest:
    """A stream that keeps the SHA-256 of what was written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()

    def write(self, text: str) -> int:
        self._sha256.update(text.encode())
        return self._stream.write(text)

    def value(self) -> str:
        return self._sha256.hexdigest()


def _write(
    writer: Any, key: str, columns: Mapping[str, Any], payload: Mapping[str, Any] | None
) -> int:
    if payload is None:
        return 0
    writer.writerow([key, *(cell(payload.get(column)) for column in columns)])
    return 1


@contextmanager
def _replaced(file: Path) -> Iterator[TextIO]:
    """Write beside ``file`` and give it the name at the end: whole, or not at all."""
    temporary = file.with_name(f".{file.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        os.fchmod(descriptor, 0o600)
        yield stream
        stream.flush()
        os.fsync(descriptor)
    kill_point("file_before_replacement")
    temporary.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
