"""What a landing did, as values that go to people and to JSON.

What lives here: counts per table, reasons of the quarantine, what was ignored.
What never does: values of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Progress = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``; ``what`` is a few words for people."""


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class TableReport:
    """One raw table. read = landed + updated + unchanged + superseded + quarantined."""

    source_table: str
    files: int = 0
    read: int = 0
    landed: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    """Older versions and identical copies of a row that stand in the same files."""
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    skipped_files: int = 0
    """Files whose very bytes were landed before."""
    is_export: bool = False
    """The lines of an orders export themselves; they become rows of several raw tables."""


@dataclass(frozen=True)
class LandingReport:
    """A whole landing."""

    tables: tuple[TableReport, ...]
    ignored_paths: tuple[str, ...] = ()
    phones: int = 0
    unit_cost_changes: int = 0

    @property
    def landed(self) -> int:
        """New and changed rows of raw tables."""
        tables = (table for table in self.tables if not table.is_export)
        return sum(table.landed + table.updated for table in tables)

    @property
    def quarantined(self) -> int:
        return sum(table.quarantined for table in self.tables)

    def table(self, source_table: str) -> TableReport:
        """The report of one table; an empty one where nothing came in for it."""
        known = (table for table in self.tables if table.source_table == source_table)
        return next(known, TableReport(source_table))

    def as_json(self) -> dict[str, Any]:
        """Plain dicts, lists, texts and numbers, with the totals."""
        return {**asdict(self), "landed": self.landed, "quarantined": self.quarantined}
