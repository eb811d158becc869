"""How much input can hardly be right, from the published snapshot.

What lives here: counts and amounts at stake per kind of finding.
What never does: the warehouse, a rule of what is odd (``models/marts/margin/*_findings``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

_FILE = "margin.margin_findings.parquet"


@dataclass(frozen=True)
class FindingCount:
    """``amount`` in the reporting currency; None where no row of the kind has one."""

    finding: str
    count: int
    amount: Decimal | None
    reason: str


def finding_counts(snapshot: Path) -> tuple[FindingCount, ...]:
    """Per kind: rows, what is at stake and a reason; nothing where no snapshot has them."""
    file = snapshot / _FILE
    if not file.exists():
        return ()
    with duckdb.connect() as connection:
        rows = connection.execute(
            """
            select finding, count(*), sum(abs(amount)), min(reason)
            from read_parquet(?) group by finding order by finding
            """,
            [str(file)],
        ).fetchall()
    return tuple(FindingCount(*row) for row in rows)
