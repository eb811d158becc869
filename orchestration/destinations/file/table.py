"""The file of an object and its contract: read in order of the key, replaced as a whole.

What lives here: the merge of changes into the rows that stand, and the atomic replacement.
What never does: rows changed in place; a file that is not ours.

Memory holds the changes, never the file. First the rows are replaced, then the contract: a reader
that finds another SHA-256 in the contract has come between the two and reads again.
"""

from __future__ import annotations

import csv
import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from orchestration.destinations.file.cells import (
    CellType,
    cell,
    common,
    guarded,
    type_of,
    unguarded,
)
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
        """The keys of the rows."""
        with self._rows() as (_, rows):
            yield from (unguarded(row[0]) for row in rows)

    def change(self, changes: Changes) -> frozenset[str]:
        """Replace file and contract; the changed keys that stood in the file before.

        Raises:
            FatalError: what stands there was not written here.
            OSError: it cannot be written; the file that stood there is whole.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        columns = self._columns(changes)
        touched = {guarded(key): key for key in changes}
        found: set[str] = set()
        new = [
            [stored, *(cell(payload.get(column)) for column in columns)]
            for stored, key in sorted(touched.items())
            if (payload := changes[key]) is not None
        ]
        with self._rows() as (old, rows), replaced(self.file) as stream:
            places = [old.index(name) + 1 if name in old else None for name in columns]
            is_as_before = old == list(columns)

            def staying() -> Iterator[list[str]]:
                for row in rows:
                    if row[0] in touched:
                        found.add(touched[row[0]])
                    elif is_as_before:
                        yield row
                    else:
                        yield [row[0], *("" if at is None else row[at] for at in places)]

            digest = Digest(stream)
            writer = csv.writer(digest, lineterminator="\r\n")
            # Rows compare by their key: no two are equal in it.
            writer.writerows(chain([[KEY, *columns]], heapq.merge(staying(), new)))
        kill_point("file_between_replacements")
        write_contract(self.contract, self.name, columns, digest.count - 1, digest.value())
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
