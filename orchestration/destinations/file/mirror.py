"""The plug-in over a file: upsert and remove change it, and it always holds the whole object.

What lives here: which rows fit a file, and what an error of the disk means.
What never does: files of other objects, secrets, HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from orchestration.destinations.base import (
    FatalError,
    Idempotency,
    Limits,
    Receipt,
    RetriableError,
    Row,
)
from orchestration.destinations.batches import Item, Record, Unfit, run
from orchestration.destinations.file.contract import KEY
from orchestration.destinations.file.table import Changes, Table
from orchestration.errors import ConfigurationError
from orchestration.settings import DestinationSettings

# Each batch writes the file anew. A longer cell than a reader of CSV takes by default is refused.
LIMITS = Limits(rows_per_request=100_000, bytes_per_row=100_000)
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class FileMirror:
    """The object ``file/<name>``."""

    table: Table
    name: str = "file"
    limits: Limits = LIMITS
    idempotent: Idempotency = "upsert"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Put rows in; a row of the same key is replaced."""
        return run(rows, self.limits, _fitting, self._put)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Take rows out by their key."""
        return run(rows, self.limits, lambda row: {}, self._take)

    def read_back(self) -> Iterator[str]:
        """The keys in the file, which are the ids that receipts name."""
        return self.table.keys()

    def _put(self, items: Sequence[Item], record: Record) -> None:
        self._change({item.row.key: item.row.payload for item in items})
        for item in items:
            record(item, Receipt(item.row.key, "accepted", vendor_id=item.row.key))

    def _take(self, items: Sequence[Item], record: Record) -> None:
        stood = self._change({item.row.key: None for item in items})
        for item in items:
            reason = None if item.row.key in stood else "nothing_to_remove"
            record(item, Receipt(item.row.key, "accepted", reason=reason))

    def _change(self, changes: Changes) -> frozenset[str]:
        try:
            return self.table.change(changes)
        except PermissionError:
            raise FatalError(
                f"file/{self.table.name} may not be written.",
                remedy="Give this user the folder 'files' under TRIBUTARY_HOME.",
            ) from None
        except OSError as error:
            raise RetriableError(
                f"file/{self.table.name} cannot be written ({error.strerror}).",
                remedy="Make room on the disk; the file that stood there is whole.",
            ) from None


def open_table(name: str, settings: DestinationSettings) -> Table:
    """The table of ``file/<name>`` below the folder that the settings allow.

    Raises:
        ConfigurationError: a name that is no plain name, or a link that leads elsewhere.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"file/{name} names no file.", remedy="Use lower-case letters, digits and _."
        )
    root = Path(unquote(urlsplit(settings.base_url).path))
    folder = root / name
    if folder.resolve() != root.resolve() / name:
        raise ConfigurationError(
            f"The folder of file/{name} is a link.", remedy="Put a plain folder in its place."
        )
    return Table(folder, name)


def _fitting(row: Row) -> Mapping[str, Any] | Unfit:
    if not row.key or KEY in row.payload:
        return Unfit("no_key" if not row.key else f"reserved_column:{KEY}")
    texts = [row.key, *(value for value in row.payload.values() if isinstance(value, str))]
    if any("\0" in text for text in texts):
        return Unfit("nul_in_text")
    return row.payload
