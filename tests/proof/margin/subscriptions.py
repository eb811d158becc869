"""Claim that subscriptions and their charges are the brand's own, to the cent.

What lives here: a brand landed and built up to subscriptions, each row beside the brand's truth;
the small brands of ``ledger.py`` are held to it too.
What never does: a tolerance.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 4_000, 18, 741
MODELS = (
    "+fct_subscriptions", "+fct_subscription_charges", "+fct_orders", "+int_subscription_findings",
)  # fmt: skip
# What a brand must show before its equality proves anything.
CASES = frozenset((
    "active", "cancelled", "expired", "success", "partially_refunded", "refunded", "skipped",
    "error", "queued", "EUR", "USD", "later cycle", "card tried again",
))  # fmt: skip

_TRUE_CHARGES = """
select source_relation || ':' || charge_id || '/' || source_relation || ':' || subscription_id
        as subscription_charge_id,
    source_relation || ':' || shopify_order_id as order_id, lower(status) as charge_status,
    cycle_number, cast(amount_minor as decimal(16, 0)) * 0.01 as charge_shop_amount,
    cast(reporting_amount_minor as decimal(16, 0)) * 0.01 as charge_amount,
    source_relation || ':' || subscription_id as subscription_id
from read_parquet('{truth}/subscription_charges.parquet')
"""
_TRUE_SUBSCRIPTIONS = """
select source_relation || ':' || subscription_id as subscription_id, sku,
    lower(state) as subscription_state, cancellation_reason, currency, paid_cycle_count,
    skipped_charge_count, failed_charge_count, started_at, cancelled_at,
    cast(price_minor as decimal(16, 0)) * 0.01 as unit_price_shop_amount,
    cast(reporting_price_minor as decimal(16, 0)) * 0.01 as unit_price_amount,
    cast(paid_amount_minor as decimal(16, 0)) * 0.01 as paid_shop_amount,
    cast(reporting_paid_amount_minor as decimal(16, 0)) * 0.01 as paid_amount
from read_parquet('{truth}/subscriptions.parquet')
"""
_TRUE_ORDERS = """
select distinct source_relation || ':' || shopify_order_id as order_id
from read_parquet('{truth}/subscription_charges.parquet') where shopify_order_id is not null
"""
# A charge is its order's, whoever that customer is; who she is, the proofs of identity say.
_STRANGERS = """
select count(*) from warehouse.commerce.fct_subscription_charges as charges
inner join warehouse.commerce.fct_orders as orders using (order_id)
where charges.customer_id is distinct from orders.customer_id
    or charges.currency <> orders.currency
    or charges.charge_date <> orders.order_date
"""
_CASES = """
select subscription_state from warehouse.commerce.fct_subscriptions
union select charge_status from warehouse.commerce.fct_subscription_charges
union select currency from warehouse.commerce.fct_subscription_charges
union select 'later cycle' from warehouse.commerce.fct_subscription_charges where cycle_number > 2
union select 'card tried again' from warehouse.commerce.fct_subscription_charges
    where is_paid and attempt_count > 1
"""
_FOUND = "select count(*) from warehouse.margin.int_subscription_findings"
# Rows of either side that the other lacks; both must be empty, in the number they have there.
_APART = """
select count(*) from (
    (select {columns} {ours} except all select {columns} from ({truth}))
    union all
    (select {columns} from ({truth}) except all select {columns} {ours})
)
"""


def subscriptions(quick: bool) -> Result:
    """Every subscription, charge and marked order of a brand beside its truth."""
    with tempfile.TemporaryDirectory(prefix="tributary-subscriptions-") as folder:
        files = Path(folder) / "brand"
        make_brand(
            files, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=lambda done, of: None
        )
        settings = Settings.from_env(environment(Path(folder) / "home"))
        run.land(settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
        project = DbtProject(settings)
        project.parse()
        project.build(MODELS, indirect_selection="empty").raise_for_failures()
        with duckdb.connect() as connection:
            connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
            rows, apart = beside_truth(connection, files / "truth")
            missing = CASES - {row[0] for row in connection.execute(_CASES).fetchall()}
    figure = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    figure += "; differ: " + ", ".join(f"{count} {name}" for name, count in apart.items())
    figure += f"; missing: {', '.join(sorted(missing))}" if missing else "; every case occurs"
    return passed(
        not any(apart.values()) and not missing, figure, "all equal, every case, no finding"
    )


def beside_truth(
    connection: duckdb.DuckDBPyConnection, truth: Path
) -> tuple[dict[str, int], dict[str, int]]:
    """True rows by kind, and rows that differ; the attached ``warehouse`` holds ours."""
    pairs = {
        "subscriptions": ("from warehouse.commerce.fct_subscriptions", _TRUE_SUBSCRIPTIONS),
        "charges": ("from warehouse.commerce.fct_subscription_charges", _TRUE_CHARGES),
        "marked orders": (
            "from warehouse.commerce.fct_orders where is_subscription_order", _TRUE_ORDERS
        ),
    }  # fmt: skip
    rows, apart = {}, {}
    for name, (ours, theirs) in pairs.items():
        true = theirs.format(truth=truth)
        described = connection.execute(f"describe {true}").fetchall()
        columns = ", ".join(column[0] for column in described)
        rows[name] = _count(connection, f"select count(*) from ({true})")
        apart[name] = _count(connection, _APART.format(columns=columns, ours=ours, truth=true))
    apart["charges of another customer, currency or day"] = _count(connection, _STRANGERS)
    apart["findings"] = _count(connection, _FOUND)
    return rows, apart


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
