"""The file of an object and its contract: read in order of the key, replaced as a whole.

What lives here: the merge of changes into the rows that stand, and the atomic replacement.
What never does: rows changed in place; a file that is not ours.

Memory holds the changes, never the file. First the rows are replaced, then the contract: a reader
that finds another SHA-256 in the contract has come between the two and reads again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from orchestration.destinations.file.cells import CellType, cell, common, guarded, type_of
from orchestration.destinations.file.contract import KEY, foreign, read_types, write_contract
from orchestration.destinations.file.replacing import Digest, replaced
from orchestration.faults import kill_point

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
        with self._rows() as (old, rows), replaced(self.file) as stream:
            digest = Digest(stream)
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
        write_contract(self.contract, self.name, columns, row_count, digest.value())
        return frozenset(found)

    def _columns(self, changes: Changes) -> dict[str, CellType | None]:
        """Columns of the new rows, then those that only older rows still fill."""
        before = read_types(self.contract)
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
                raise foreign(self.file)
            yield header[1:], self._checked(lines, len(header))

    def _lines(self, stream: TextIO) -> Iterator[list[str]]:
        try:
            yield from csv.reader(stream, strict=True)
        except (csv.Error, UnicodeDecodeError):
            raise foreign(self.file) from None

    def _checked(self, lines: Iterator[list[str]], width: int) -> Iterator[list[str]]:
        last = ""
        for row in lines:
            if len(row) != width or row[0] <= last:
                raise foreign(self.file)
            last = row[0]
            yield row


def _write(
    writer: Any, key: str, columns: Mapping[str, Any], payload: Mapping[str, Any] | None
) -> int:
    if payload is None:
        return 0
    writer.writerow([key, *(cell(payload.get(column)) for column in columns)])
    return 1
