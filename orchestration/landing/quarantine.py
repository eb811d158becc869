"""What stands in quarantine, for whoever has to mend it.

What lives here: how many rows, of which raw table and why.
What never does: putting rows there (typed.py), what stood in one.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.resources import warehouse_connection
from orchestration.settings import Settings


@dataclass(frozen=True)
class QuarantineCount:
    """Rows of one raw table that could not be landed for one reason."""

    source_table: str
    reason: str
    count: int

    @property
    def text(self) -> str:
        """A few words for people."""
        return f"{self.source_table}: {self.count:,} rows, {self.reason}"


def quarantine_counts(settings: Settings) -> tuple[QuarantineCount, ...]:
    """Most rows first; nothing where nothing was landed yet.

    Raises:
        WarehouseBusyError: another process holds the warehouse.
    """
    if not settings.warehouse.is_file():
        return ()
    with warehouse_connection(settings, "read quarantine", read_only=True) as connection:
        is_there = connection.execute(
            "select count(*) from information_schema.tables"
            " where table_schema = 'raw_landing' and table_name = 'quarantine'"
        ).fetchone()
        if is_there == (0,):
            return ()
        rows = connection.execute(
            "select source_table, reason, count(*) from raw_landing.quarantine"
            " group by source_table, reason order by count(*) desc, source_table, reason"
        ).fetchall()
    return tuple(QuarantineCount(*row) for row in rows)
