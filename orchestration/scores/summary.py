"""The few numbers that tell what a build came to, from the published snapshot.

What lives here: totals over published tables.
What never does: the warehouse, the truth of a simulated brand, a metric's definition (models).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.errors import TributaryError
from orchestration.publish import POINTER
from orchestration.settings import Settings

_AUDIENCE_PREFIX = "audiences.audience_"


class NothingPublishedError(TributaryError):
    """There is no snapshot to read."""


@dataclass(frozen=True)
class Summary:
    """Direct orders; amounts in the reporting currency, what cancelled orders cost included."""

    build_id: str
    customer_count: int
    order_count: int
    net_sales_amount: Decimal
    cm1_amount: Decimal
    cm2_amount: Decimal
    audience_sizes: Mapping[str, int]


def summarise(settings: Settings) -> Summary:
    """Read the current snapshot.

    Raises:
        NothingPublishedError: nothing was published yet.
    """
    folder = settings.published_dir / POINTER
    if not folder.exists():
        raise NothingPublishedError("Nothing is published.", remedy="Run 'tributary publish'.")
    folder = folder.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    row_counts = {str(table["table"]): int(table["row_count"]) for table in manifest["tables"]}
    orders = _order_totals(folder)
    return Summary(
        build_id=str(manifest["build_id"]),
        customer_count=row_counts["customer.dim_customers"],
        order_count=int(orders[0]),
        net_sales_amount=orders[1],
        cm1_amount=orders[2],
        cm2_amount=orders[3],
        audience_sizes={
            name.removeprefix(_AUDIENCE_PREFIX): rows
            for name, rows in row_counts.items()
            if name.startswith(_AUDIENCE_PREFIX)
        },
    )


def _order_totals(folder: Path) -> tuple[int, Decimal, Decimal, Decimal]:
    with duckdb.connect() as connection:
        row = connection.execute(
            """
            select
                count(*) filter (where not orders.is_cancelled),
                coalesce(sum(orders.net_sales_amount), 0),
                coalesce(sum(margins.cm1_amount), 0),
                coalesce(sum(margins.cm2_amount), 0)
            from read_parquet(?) as orders
            left join read_parquet(?) as margins using (order_id)
            where orders.order_scope = 'dtc'
            """,
            [
                str(folder / "commerce.fct_orders.parquet"),
                str(folder / "margin.fct_order_margin.parquet"),
            ],
        ).fetchone()
    assert row is not None
    return int(row[0]), Decimal(row[1]), Decimal(row[2]), Decimal(row[3])
