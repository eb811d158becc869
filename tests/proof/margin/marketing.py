"""Claims about CM3: spend is shared out to the cent, every grain meets its parent, errors are seen.

What lives here: builds of a small brand up to margin, and what its tables are held against.
What never does: a build of identity for its own sake; a figure of what a brand earns.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.proof.margin.spend_by_hand import Credit, Spend, share_out
from tests.support import environment

SEED, MONTHS, CUSTOMERS, QUICK_CUSTOMERS = 733, 12, 4_000, 600
CHECKS = frozenset((
    "ads_to_campaigns", "campaigns_to_channels", "channels_to_events", "channels_to_orders",
    "customers_to_orders", "events_to_cohorts", "lifetime_events_to_cohorts", "lines_to_orders",
    "net_sales_to_commerce", "orders_to_staging", "products_to_orders", "refunds_to_staging",
    "shipping_to_commerce", "spend_is_allocated_or_not", "spend_to_platforms",
))  # fmt: skip
EQUAL_SHARES = "equal_shares"

# One row of each gains some cents, no two the same, so that no two errors cancel.
_ERRORS: tuple[tuple[str, str, str], ...] = (
    ("commerce.fct_orders", "tax_shop_amount", "true"),
    ("commerce.fct_refunds", "refund_shop_amount", "order_id is not null"),
    ("intermediate.int_ad_spend_daily", "spend_account_amount", "true"),
    ("intermediate.int_cost_lines", "amount",
     "order_id in (select order_id from margin.fct_order_margin where order_scope = 'dtc')"),
    ("margin.int_marketing_cost_lines", "amount", "true"),
    ("margin.fct_order_line_margin", "cm3_amount", "true"),
    ("margin.fct_order_margin", "net_sales_amount", "true"),
    ("margin.fct_order_margin", "shipping_charged_amount", "true"),
    ("margin.fct_order_margin", "cm2_amount", "order_scope = 'dtc'"),
    ("margin.fct_ad_margin_daily", "cm3_amount", "true"),
    ("margin.fct_channel_margin_daily", "cm3_amount", "spend_amount > 0"),
    ("margin.fct_sku_margin_daily", "cm3_amount", "true"),
    ("margin.fct_customer_margin", "cm3_amount", "true"),
)  # fmt: skip

# Every touch in the lookback gets the same share; what six decimals leave goes to the first.
_EQUAL_SHARES = f"""
insert into attribution.fct_order_credits by name
with shared as (
    select orders.order_id, touches.touch_id, touches.channel, touches.campaign_id, touches.ad_id,
        orders.order_date, orders.ordered_at, touches.touched_at,
        count(*) over (partition by orders.order_id) as touch_count,
        row_number() over (partition by orders.order_id order by touches.touch_id) as touch_number
    from commerce.fct_orders as orders
    inner join attribution.fct_touches as touches on orders.customer_id = touches.customer_id
        and touches.touched_at between orders.ordered_at - interval 30 day and orders.ordered_at
)
select md5('{EQUAL_SHARES}' || order_id || touch_id) as credit_id,
    '{EQUAL_SHARES}' as attribution_model,
    (1000000 // touch_count + case when touch_number = 1 then 1000000 % touch_count else 0 end)
        * 0.000001 as credit_ratio,
    * exclude (touch_count, touch_number)
from shared
union all by name
select md5('{EQUAL_SHARES}' || order_id) as credit_id, order_id,
    '{EQUAL_SHARES}' as attribution_model, 'unattributed' as channel, 1 as credit_ratio,
    order_date, ordered_at
from commerce.fct_orders where order_id not in (select order_id from shared)
"""

_SPEND = """
select 'meta_ads' as channel, ads.meta_campaign_id::varchar as campaign_id,
    ads.meta_ad_set_id::varchar as ad_set_id, days.meta_ad_id::varchar as ad_id,
    days.report_date, days.spend_amount
from staging.stg_facebook_ads__ad_days as days
left join staging.stg_facebook_ads__ads as ads using (source_relation, meta_ad_id)
union all
select 'google_ads', google_campaign_id::varchar, google_ad_group_id::varchar,
    google_ad_id::varchar, report_date, spend_amount
from staging.stg_google_ads__ad_days
union all
select 'tiktok_ads', ads.tiktok_campaign_id::varchar, ads.tiktok_ad_group_id::varchar,
    hours.tiktok_ad_id::varchar, hours.reported_at::date, hours.spend_amount
from staging.stg_tiktok_ads__ad_hours as hours
left join staging.stg_tiktok_ads__ads as ads using (source_relation, tiktok_ad_id)
"""

_CREDITS = f"""
with spends as ({_SPEND}),
ad_sets as (select channel, ad_id, min(ad_set_id) as ad_set_id from spends group by all)
select credits.credit_id, credits.order_id, credits.channel, credits.campaign_id,
    ad_sets.ad_set_id, credits.ad_id, credits.order_date, credits.credit_ratio
from attribution.fct_order_credits as credits
inner join commerce.fct_orders as orders using (order_id)
left join ad_sets on credits.channel = ad_sets.channel and credits.ad_id = ad_sets.ad_id
where credits.attribution_model = $model and orders.order_scope = 'dtc'
    and order_id in (
        select source_relation || ':' || shopify_order_id from staging.stg_shopify__order_lines
    )
"""


class World:
    """A home in which everything up to the reconciliation of margin is built."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings.from_env(environment(directory))
        self.project = DbtProject(self.settings)

    def build(self, *select: str, vars: Mapping[str, Any] | None = None) -> None:
        self.project.build(select, indirect_selection="empty", vars=vars).raise_for_failures()

    def rows(
        self, query: str, parameters: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return list(connection.execute(query, parameters).fetchall())

    def change(self, *statements: str) -> None:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)

    def copy(self, name: str) -> World:
        """The same home again, to be spoiled."""
        target = self.settings.home.parent / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.settings.home, target)
        return World(target)

    def checks(self) -> list[tuple[str, int, Decimal]]:
        """Name, days and largest difference of every check."""
        return self.rows(
            "select check_name, count(*), max(abs(difference_amount))"
            " from margin.reconciliation_daily group by check_name order by check_name"
        )


@functools.lru_cache(maxsize=2)
def world(customers: int) -> World:
    """A brand of so many customers, built once per run; its files go with the process."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-margin-")
    _HELD.append(holder)
    files, home = Path(holder.name, "brand"), Path(holder.name, "home")
    make_brand(
        files, customers=customers, months=MONTHS, seed=SEED, progress=lambda done, of: None
    )
    made = World(home)
    run.land(made.settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
    made.build("+path:models/marts/margin")
    return made


_HELD: list[tempfile.TemporaryDirectory[str]] = []


def grains(quick: bool) -> Result:
    """Every check of reconciliation_daily exists and differs by 0.00 on every day."""
    return _reconciled(_world(quick))


def spend(quick: bool) -> Result:
    """What each order carries and what nobody does, beside a count by hand."""
    return _by_hand(_world(quick), "last_non_direct")


def another_model(quick: bool) -> Result:
    """Fractional credits of a model that is only rows: all of it holds for them too."""
    spoiled = _world(quick).copy("another_model")
    spoiled.change(_EQUAL_SHARES)
    spoiled.build(
        "path:models/marts/margin,resource_type:model",
        vars={"margin_attribution_model": EQUAL_SHARES},
    )
    reconciled, by_hand = _reconciled(spoiled), _by_hand(spoiled, EQUAL_SHARES)
    return passed(
        "PASS" == reconciled.verdict == by_hand.verdict,
        f"{reconciled.figure}; {by_hand.figure}",
        "0.00 by day and check, 0.00 by hand",
    )


def errors(quick: bool) -> Result:
    """A few cents put into one row of each table: does each check see them?"""
    spoiled = _world(quick).copy("errors")
    spoiled.change(*(
        f"update {table} set {column} = {column} + {2 ** number} * 0.01 where rowid ="
        f" (select min(rowid) from {table} where {condition})"
        for number, (table, column, condition) in enumerate(_ERRORS)
    ))  # fmt: skip
    spoiled.build("int_reconciliation_of_*", "reconciliation_daily")
    seen = {name for name, _, difference in spoiled.checks() if difference != 0}
    return passed(
        seen == CHECKS,
        f"{len(seen)} of {len(CHECKS)} checks see them"
        + "".join(f", not {name}" for name in sorted(CHECKS - seen)),
        f"{len(CHECKS)} of {len(CHECKS)}",
    )


def _world(quick: bool) -> World:
    return world(QUICK_CUSTOMERS if quick else CUSTOMERS)


def _reconciled(built: World) -> Result:
    checks = built.checks()
    largest = max(difference for _, _, difference in checks)
    return passed(
        largest == 0 and {name for name, _, _ in checks} == CHECKS,
        f"{sum(days for _, days, _ in checks):,} days of {len(checks)} checks,"
        f" largest difference {largest:.2f}",
        f"{len(CHECKS)} checks, 0.00",
    )


def _by_hand(built: World, model: str) -> Result:
    shares = share_out(
        [Spend(*row) for row in built.rows(_SPEND)],
        [Credit(*row) for row in built.rows(_CREDITS, {"model": model})],
    )
    carried = dict(
        built.rows("select order_id, marketing_cost_amount from margin.fct_order_margin")
    )
    left = {
        (channel, day): amount
        for channel, day, amount in built.rows(
            "select channel, margin_date, unallocated_spend_amount"
            " from margin.fct_channel_margin_daily"
        )
    }
    nothing = Decimal(0)
    by_order = [abs(carried[order] - shares.by_order.get(order, nothing)) for order in carried]
    by_day = [abs(left[day] - shares.unallocated.get(day, nothing)) for day in left]
    known = shares.by_order.keys() <= carried.keys() and shares.unallocated.keys() <= left.keys()
    return passed(
        known and max(by_order) == 0 == max(by_day) and bool(shares.by_order),
        f"{len(shares.by_order):,} orders carry spend, largest error {max(by_order):.2f};"
        f" {len(left):,} channel days, {max(by_day):.2f}",
        "0.00 per order and channel day",
    )
