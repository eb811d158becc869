"""Claims that our margin is the brand's own ledger, which other code wrote, to the cent.

What lives here: brands landed and built up to margin, each amount beside two ledgers: the brand's,
in whole cents, and that of ``tests/hand_ledger.py``, in Decimal from the raw files. Neither shares
a line with the SQL or with the other.
What never does: a tolerance.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.hand_ledger import HandLedger
from tests.proof.harness import Result, passed
from tests.proof.margin.subscriptions import MODELS as SUBSCRIPTION_MODELS
from tests.proof.margin.subscriptions import beside_truth
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 5_000, 18, 701
SMALL_CUSTOMERS, SMALL_MONTHS, SMALL_SEEDS, QUICK_SEEDS = 150, 12, range(800, 850), range(850, 851)
MODELS = ("+fct_order_margin", "+fct_order_line_margin", *SUBSCRIPTION_MODELS)
# Every line of the ladder that a brand must show before its margin proves anything.
CASES = frozenset((
    "carrier_label", "chargeback", "chargeback_fee", "cost_of_goods", "cost_of_goods_returned",
    "discount", "exchange_difference", "gross_merchandise_sales", "marketplace_fee",
    "merchandise_refund", "packaging",
    "payment_fee", "pick_pack", "refund_administration_fee", "return_handling", "return_label",
    "shipping_charged", "shipping_refund",
))  # fmt: skip

_OURS = """
create or replace temp table ours as
select order_id, order_line_id, cost_type, event_date, cohort_date, sum(amount) as amount
from warehouse.intermediate.int_cost_lines
where cost_type not in ('ad_spend')
group by all
"""
_LEDGER = """
create or replace temp table ledger as
select source_relation || ':' || shopify_order_id as order_id,
    source_relation || ':' || shopify_order_line_id as order_line_id,
    cost_type, event_date, cohort_date,
    cast(sum(reporting_amount_minor) as decimal(16, 0)) * 0.01 as amount
from read_parquet(?) group by all
"""
_BY_HAND = """
select coalesce(max(abs(coalesce(one.amount, 0) - coalesce(other.amount, 0))), 0), count(*)
from (
    select cast(split_part(order_id, ':', 2) as bigint) as order_id,
        cast(split_part(order_line_id, ':', 2) as bigint) as line_id, cost_type, event_date,
        sum(amount) as amount
    from ours group by all
) as one
full join by_hand as other using (order_id, line_id, cost_type, event_date)
"""
GRAINS = {
    "line, type and day": "order_line_id, cost_type, event_date, cohort_date",
    "line": "order_line_id",
    "order": "order_id",
    "cost type": "cost_type",
    "day of the event clock": "event_date",
    "day of the cohort clock": "cohort_date",
}
_GRAIN = """
select coalesce(max(abs(coalesce(one.amount, 0) - coalesce(other.amount, 0))), 0), count(*)
from (select {columns}, sum(amount) as amount from ours group by all) as one
full join (select {columns}, sum(amount) as amount from ledger group by all) as other
using ({columns})
"""
_ORDERS = """
select coalesce(max(greatest(
    abs(coalesce(margins.cm1_amount, 0) - coalesce(totals.cm1_amount, 0)),
    abs(coalesce(margins.cm2_amount, 0) - coalesce(totals.cm2_amount, 0))
)), 0), count(*)
from warehouse.margin.fct_order_margin as margins
full join (
    select source_relation || ':' || shopify_order_id as order_id,
        cast(reporting_cm1_minor as decimal(16, 0)) * 0.01 as cm1_amount,
        cast(reporting_cm2_minor as decimal(16, 0)) * 0.01 as cm2_amount
    from read_parquet(?)
) as totals using (order_id)
"""


@dataclass(frozen=True)
class Compared:
    """Largest error and number of rows per grain; the cost types that the brand shows.

    ``charges``: of subscriptions; ``apart``: rows about subscriptions that are not the brand's.
    """

    errors: dict[str, Decimal]
    rows: dict[str, int]
    cases: frozenset[str]
    charges: int
    apart: int

    @property
    def worst(self) -> Decimal:
        return max(self.errors.values())


def large(quick: bool) -> Result:
    """A brand of at least 10,000 orders with every case."""
    found = _compared(CUSTOMERS, MONTHS, SEED)
    missing = CASES - found.cases
    return passed(
        found.worst == 0 and not missing and found.rows["order margin"] >= 10_000,
        f"{found.rows['order margin']:,} orders; largest error "
        + ", ".join(f"{grain} {error:.2f}" for grain, error in found.errors.items())
        + (f"; missing: {', '.join(sorted(missing))}" if missing else "; every case occurs"),
        "0.00 at every grain, every case of the ladder",
    )


def small(quick: bool) -> Result:
    """Many small brands of other seeds."""
    seeds = QUICK_SEEDS if quick else SMALL_SEEDS
    found = [_compared(SMALL_CUSTOMERS, SMALL_MONTHS, seed) for seed in seeds]
    orders = sum(one.rows["order margin"] for one in found)
    worst = max(one.worst for one in found)
    charges, apart = sum(one.charges for one in found), sum(one.apart for one in found)
    return passed(
        worst == 0 and apart == 0 and charges > 0,
        f"{len(found)} brands (seeds {seeds[0]} to {seeds[-1]}), {orders:,} orders, "
        f"largest error at any grain {worst:.2f}; {charges:,} charges of subscriptions, "
        f"{apart} rows differ",
        "0.00, none",
    )


def _compared(customers: int, months: int, seed: int) -> Compared:
    with tempfile.TemporaryDirectory(prefix="tributary-margin-") as folder:
        files = Path(folder) / "brand"
        make_brand(files, customers=customers, months=months, seed=seed, progress=_silent)
        settings = Settings.from_env(environment(Path(folder) / "home"))
        run.land(settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
        project = _project(settings)
        project.build(MODELS, indirect_selection="empty").raise_for_failures()
        return _beside(settings.warehouse, files)


def _project(settings: Settings) -> DbtProject:
    """One parsed project for all brands: only the warehouse differs."""
    project = DbtProject(settings, _manifests=dict(_PARSED))
    project.parse()
    _PARSED.update(project._manifests)
    return project


_PARSED: dict[str, object] = {}


def _beside(warehouse: Path, files: Path) -> Compared:
    truth = files / "truth"
    errors: dict[str, Decimal] = {}
    rows: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(_OURS)
        connection.execute(_LEDGER, [str(truth / "order_ledger.parquet")])
        for grain, columns in GRAINS.items():
            errors[grain], rows[grain] = _figures(connection, _GRAIN.format(columns=columns))
        errors["order margin"], rows["order margin"] = _figures(
            connection, _ORDERS, [str(truth / "order_totals.parquet")]
        )
        _put_by_hand(connection, files)
        errors["line, type and day by hand"], rows["line, type and day by hand"] = _figures(
            connection, _BY_HAND
        )
        cases = frozenset(
            row[0] for row in connection.execute("select distinct cost_type from ours").fetchall()
        )
        true, apart = beside_truth(connection, truth)
    return Compared(errors, rows, cases, true["charges"], sum(apart.values()))


def _put_by_hand(connection: duckdb.DuckDBPyConnection, files: Path) -> None:
    entries = [(key, amount) for key, amount in HandLedger(files).reporting.items() if amount]
    columns = {
        "order_id": pa.array([key[0] for key, _ in entries], pa.int64()),
        "line_id": pa.array([key[1] for key, _ in entries], pa.int64()),
        "cost_type": pa.array([key[2] for key, _ in entries], pa.string()),
        "event_date": pa.array([key[3] for key, _ in entries], pa.date32()),
        "amount": pa.array([amount for _, amount in entries], pa.decimal128(18, 4)),
    }
    connection.register("by_hand", pa.table(columns))


def _figures(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: list[str] | None = None
) -> tuple[Decimal, int]:
    row = connection.execute(query, parameters or []).fetchone()
    assert row is not None
    return Decimal(row[0]), int(row[1])


def _silent(done: int, of: int) -> None:
    """No progress: the harness says which claim runs."""
