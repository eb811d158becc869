"""Made-up customers, orders and events whose figures lie on and beside the bounds of every rule.

What lives here: the columns that rules of segments read, and draws for them.
What never does: a rule; which draws meet one is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Rows = list[dict[str, Any]]
AS_OF = datetime(2026, 10, 31, 18, 0)
SHOP, SKUS = "shop", ("A", "B", "C", "D", "E", "F")
STATES = ("opted_in", "opted_in", "opted_out", "unknown")
_MONEY, _RATIO = "decimal(18,4)", "decimal(18,6)"

# Semicolons apart, since types hold commas.
TABLES = {
    "dim_customers": ";".join((
        "customer_id varchar", "email varchar", "phone_number varchar", "order_count bigint",
        "order_count_365d bigint", "discounted_order_count bigint", f"net_sales_amount {_MONEY}",
        f"cm2_amount {_MONEY}", f"cm2_365d_amount {_MONEY}",
        f"average_order_value_amount {_MONEY}", f"last_cart_value_amount {_MONEY}",
        f"return_ratio {_MONEY}", f"discount_share_ratio {_MONEY}",
        "days_since_last_order bigint", f"median_order_gap_days {_MONEY}",
        f"overdue_ratio {_MONEY}", "email_marketing_state varchar", "sms_marketing_state varchar",
        "ads_sharing_state varchar", "sale_state varchar", "is_california boolean",
        "is_minor boolean", "is_deletion_requested boolean", "is_email_suppressed boolean",
        "is_sms_suppressed boolean", "is_ads_suppressed boolean", "first_seen_at timestamp",
        "first_ordered_at timestamp", "last_ordered_at timestamp", "last_cart_at timestamp",
        "ads_sharing_stated_at timestamp", "sale_stated_at timestamp", "gpc_seen_at timestamp",
        "as_of_at timestamp",
    )),
    "fct_customer_lifetime_value":
        f"customer_id varchar;churn_ratio decimal(9,6);lifetime_value_amount {_MONEY}",
    "fct_last_purchases": "customer_id varchar;sku varchar;is_consumable boolean",
    "fct_customer_rhythms":
        f"customer_id varchar;expected_gap_days {_MONEY};next_purchase_date date;"
        "as_of_at timestamp",
    "fct_orders":
        "order_id varchar;customer_id varchar;order_scope varchar;is_cancelled boolean;"
        "is_first_order boolean;order_number_of_customer bigint;ordered_at timestamp",
    "fct_order_margin": f"order_id varchar;cm2_amount {_MONEY}",
    "fct_order_lines":
        "order_id varchar;customer_id varchar;source_relation varchar;sku varchar;"
        f"is_gift_card boolean;gross_merchandise_sales_amount {_MONEY};order_date date;"
        "ordered_at timestamp",
    "fct_refunds": "customer_id varchar;sku varchar",
    "fct_product_events":
        "product_event_id varchar;customer_id varchar;source_relation varchar;sku varchar;"
        f"event_kind varchar;unit_price_shop_amount {_MONEY};occurred_at timestamp",
    "fct_stock_levels":
        f"source_relation varchar;sku varchar;stock_count bigint;list_price_shop_amount {_MONEY};"
        "updated_at timestamp",
    "fct_subscriptions": "subscription_id varchar;customer_id varchar;is_active boolean",
    "fct_subscription_charges":
        "subscription_id varchar;charge_status varchar;is_paid boolean;due_date date",
    "fct_product_affinities":
        f"bought_sku varchar;offered_sku varchar;customer_count bigint;lift {_RATIO};"
        f"offered_cm2_ratio {_RATIO}",
    "fct_creator_acquisitions":
        "customer_id varchar;creator_key varchar;acquired_at timestamp",
    "fct_gift_orders":
        "order_id varchar;customer_id varchar;occasion varchar;ordered_at timestamp",
    "fct_profile_engagement":
        f"profile_id varchar;customer_id varchar;engagement_score {_MONEY};"
        "has_complained boolean;last_engaged_at timestamp;as_of_at timestamp",
    "fct_sunset_recommendations":
        "profile_id varchar;decision varchar;reason_code varchar;as_of_at timestamp",
    "fct_feed_incidents":
        "feed_offer_id varchar;sku varchar;severity varchar;started_at timestamp;"
        "ended_at timestamp",
    "fct_feed_completeness": "feed_offer_id varchar;sku varchar;as_of_at timestamp",
}  # fmt: skip


def made_up(customers: int, draw: Random) -> dict[str, Rows]:
    """Rows of every table of ``TABLES``."""
    tables: dict[str, Rows] = {name: [] for name in TABLES}
    for number in range(customers):
        _customer(f"c{number:04}", tables, draw)
    tables["fct_stock_levels"] = [
        _row("fct_stock_levels", SHOP, sku, stock, price, AS_OF - timedelta(days=3))
        for sku, stock, price in zip(
            SKUS, (0, 1, 9, 20, 0, 50), map(Decimal, (90, 90, 45, 100, 10, 81)), strict=True
        )
    ]
    tables["fct_product_affinities"] = [
        _row(
            "fct_product_affinities", first, second, draw.choice((49, 50, 80)),
            draw.choice((Decimal("1.49"), Decimal("1.5"), Decimal(3))),
            draw.choice((Decimal("0.29"), Decimal("0.3"), Decimal("0.6"), None)),
        )
        for first in SKUS for second in SKUS if first != second
    ]  # fmt: skip
    _feed(tables, draw)
    return tables


def _feed(tables: dict[str, Rows], draw: Random) -> None:
    """Two offers a product, and one of no product that the shop knows."""
    for number, sku in enumerate((*SKUS, *SKUS, "Z")):
        offer = f"offer-{number}"
        tables["fct_feed_completeness"].append(_row("fct_feed_completeness", offer, sku, AS_OF))
        for severity in draw.choice(((), ("S0",), ("S1", "S2"), ("S2",), ("L",))):
            begin = AS_OF - timedelta(days=draw.choice((1, 9)))
            tables["fct_feed_incidents"].append(_row(
                "fct_feed_incidents", offer, sku, severity, begin,
                draw.choice((None, None, AS_OF - timedelta(hours=1))),
            ))  # fmt: skip


def _profiles(customer: str, tables: dict[str, Rows], draw: Random) -> None:
    """None, one or two profiles behind a customer, or a profile that nobody is known behind."""
    for number in range(draw.choice((0, 1, 1, 2))):
        profile = f"klaviyo:{customer}-{number}"
        last = AS_OF - timedelta(days=draw.choice((1, 29, 30, 31, 60, 61, 90, 91)))
        tables["fct_profile_engagement"].append(_row(
            "fct_profile_engagement", profile, draw.choice((customer, customer, None)),
            max(_ratio(draw, "0.1", "0.25", "3"), Decimal(0)), draw.random() < 0.1,
            draw.choice((None, last, last)), AS_OF,
        ))  # fmt: skip
        tables["fct_sunset_recommendations"].append(_row(
            "fct_sunset_recommendations", profile,
            draw.choice(("suppress", "keep", "keep_as_holdout", "send_sunset_flow")), "made up",
            AS_OF,
        ))  # fmt: skip


def _row(table: str, *values: Any) -> dict[str, Any]:
    names = [column.split(" ")[0] for column in TABLES[table].split(";")]
    return dict(zip(names, values, strict=True))


def _ratio(draw: Random, *bounds: str) -> Decimal:
    """On one of the bounds, or a hair beside it."""
    return Decimal(draw.choice(bounds)) + Decimal(draw.choice(("-0.0001", "0", "0.0001", "0.2")))


def _customer(customer: str, tables: dict[str, Rows], draw: Random) -> None:
    count = draw.choice((0, 1, 1, 2, 2, 3, 3, 4, 6))
    newest = draw.choice((1, 2, 15, 20, 29, 30, 31, 40, 60, 61, 179, 180, 181, 250, 365, 366))
    gap = draw.choice((7, 20, 30, 30, 45, 90))
    times = [
        AS_OF - timedelta(
            days=newest + (count - 1 - place) * gap + draw.choice((0, 0, 0, 9)) * (place % 2)
        )
        for place in range(count)
    ]  # fmt: skip
    times.sort()
    _orders(customer, times, tables, draw)
    _events(customer, tables, draw)
    _subscription(customer, tables, draw)
    _profiles(customer, tables, draw)
    last = times[-1] if times else None
    days = (AS_OF.date() - last.date()).days if last else None
    median = Decimal(gap)
    overdue = (Decimal(days) / median).quantize(Decimal("0.0001")) if days is not None else None
    if overdue is not None and draw.random() < 0.3:
        overdue = _ratio(draw, "1.5", "3")
    tables["dim_customers"].append(_row(
        "dim_customers", customer, draw.choice((None, "a@example.com", "b@example.com")),
        draw.choice((None, "+12125550100")), count, min(count, draw.choice((count, 3))),
        draw.choice((count, count, max(count - 1, 0), 0)),
        Decimal(draw.choice((0, 40, 120))), Decimal(draw.choice((-5, 0, 10, 30, 80))),
        Decimal(draw.randint(-50, 400)) if count else Decimal(0),
        Decimal(draw.randint(20, 300)) if count else None,
        Decimal(draw.choice((10, 20, 100))),
        draw.choice((None, Decimal(0), _ratio(draw, "0.4", "0.5"))),
        draw.choice((None, Decimal(0), _ratio(draw, "0.1", "0.15"))), days, median, overdue,
        *(draw.choice(STATES) for _ in range(4)),
        draw.random() < 0.2, *(draw.random() < 0.03 for _ in range(5)),
        times[0] if times else AS_OF - timedelta(days=400), times[0] if times else None, last,
        draw.choice((None, AS_OF - timedelta(hours=draw.choice((1, 24, 25))))),
        AS_OF - timedelta(days=30), AS_OF - timedelta(days=30),
        AS_OF - timedelta(days=9) if draw.random() < 0.1 else None, AS_OF,
    ))  # fmt: skip
    if count and draw.random() < 0.95:
        churn = draw.choice((None, _ratio(draw, "0.3", "0.7"), Decimal("0.5"), Decimal("0.8")))
        value = draw.choice((None, Decimal(draw.randint(0, 400)), Decimal(draw.randint(0, 400))))
        tables["fct_customer_lifetime_value"].append(
            _row("fct_customer_lifetime_value", customer, churn, value)
        )
        tables["fct_last_purchases"].append(
            _row("fct_last_purchases", customer, "A", draw.random() < 0.5)
        )
        due = (AS_OF + timedelta(days=draw.choice((-4, -3, 0, 7, 8)))).date()
        tables["fct_customer_rhythms"].append(_row(
            "fct_customer_rhythms", customer, draw.choice((None, Decimal(15), Decimal(60))),
            draw.choice((None, due, due)), AS_OF,
        ))  # fmt: skip


def _orders(
    customer: str, times: Sequence[datetime], tables: dict[str, Rows], draw: Random
) -> None:
    favourite = draw.choice(SKUS)
    for number, at in enumerate(times, start=1):
        order = f"{customer}-{number}"
        tables["fct_orders"].append(
            _row("fct_orders", order, customer, "dtc", False, number == 1, number, at)
        )
        margin = Decimal(draw.choice((-5, 0, 10, 10, 30, 31)))
        tables["fct_order_margin"].append(_row("fct_order_margin", order, margin))
        for sku in {favourite, draw.choice(SKUS)}:
            tables["fct_order_lines"].append(_row(
                "fct_order_lines", order, customer, SHOP, sku, draw.random() < 0.05,
                Decimal(draw.choice((0, 20, 30))), at.date(), at,
            ))  # fmt: skip
            if draw.random() < 0.1:
                tables["fct_refunds"].append(_row("fct_refunds", customer, sku))
    if times and draw.random() < 0.2:
        tables["fct_creator_acquisitions"].append(_row(
            "fct_creator_acquisitions", customer, "creators:mia",
            AS_OF - timedelta(days=draw.choice((1, 365, 366))),
        ))  # fmt: skip
    if times and draw.random() < 0.3:
        tables["fct_gift_orders"].append(_row(
            "fct_gift_orders", f"{customer}-1", customer, "Christmas season",
            AS_OF - timedelta(days=draw.choice((334, 335, 340, 364, 365))),
        ))  # fmt: skip


def _events(customer: str, tables: dict[str, Rows], draw: Random) -> None:
    for number in range(draw.choice((0, 0, 1, 2, 3, 4))):
        kind = draw.choice(("viewed", "viewed", "viewed", "carted", "checkout"))
        price = Decimal(draw.choice((50, 90, 99, 100))) if kind == "carted" else None
        at = AS_OF - timedelta(
            hours=draw.choice((1, 24, 71, 72, 73, 24 * 30, 24 * 31)), minutes=number
        )
        at = at + timedelta(minutes=number) if draw.random() < 0.5 else at
        tables["fct_product_events"].append(_row(
            "fct_product_events", f"{customer}-{number}", customer, SHOP,
            draw.choice((*SKUS[:4], "B", "B", None)) if kind != "checkout" else None, kind,
            price, at,
        ))  # fmt: skip


def _subscription(customer: str, tables: dict[str, Rows], draw: Random) -> None:
    if draw.random() < 0.8:
        return
    name = f"s-{customer}"
    tables["fct_subscriptions"].append(
        _row("fct_subscriptions", name, customer, draw.random() < 0.8)
    )
    for place in range(draw.choice((1, 3, 5))):
        status = draw.choice(("success", "success", "skipped", "skipped", "error"))
        tables["fct_subscription_charges"].append(_row(
            "fct_subscription_charges", name, status, status == "success",
            (AS_OF - timedelta(days=30 * (5 - place))).date(),
        ))  # fmt: skip
