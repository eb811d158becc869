"""Limits for media beside the same limits counted in Python from orders, credits and ad days.

What lives here: a brand, its evidence added up row by row, and exact fractions.
What never does: the models' SQL; a window chosen by looking at this seed.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from orchestration import run
from orchestration.brand import make_brand
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import environment

CUSTOMERS, MONTHS, SEED = 800, 12, 911
# A year, so that a small brand has enough orders for decisions.
DAYS = 365
LEAST_ORDERS, LEAST_COVERAGE, HURDLE, Z = 20, Fraction(95, 100), Fraction(1, 10), 1.644854
Key: TypeAlias = tuple[str, str, str | None, str | None]
_SUMS = ("impressions", "clicks", "spend", "orders", "sales", "cm2", "unknown", "costed", "covered")
_AD_DAYS = """
select channel, campaign_id, ad_id, impression_count, link_click_count, spend_amount
from margin.fct_ad_margin_daily where margin_date > ? and margin_date <= ?
"""
# Credits name ads; campaigns of the ad stand in its own record.
_CREDITS = """
select credits.channel, coalesce(credits.campaign_id, ads.campaign_id, 'unknown'),
    coalesce(credits.ad_id, 'unknown'), credits.credit_ratio, lines.sales, lines.covered,
    lines.costed, margins.cm2_expected_amount
from attribution.fct_order_credits as credits
inner join margin.fct_order_margin as margins using (order_id)
inner join (
    select order_id, sum(net_merchandise_sales_amount) as sales,
        sum(greatest(net_merchandise_sales_amount, 0)) as costed,
        sum(case when cost_quality = 'missing' then 0
            else greatest(net_merchandise_sales_amount, 0) end) as covered
    from margin.fct_order_line_margin group by order_id
) as lines using (order_id)
left join (
    select channel, ad_id, min(campaign_id) as campaign_id from intermediate.int_ads group by all
) as ads on credits.channel = ads.channel and credits.ad_id = ads.ad_id
where credits.attribution_model = 'last_non_direct'
    and margins.order_scope = 'dtc' and margins.order_date > ? and margins.order_date <= ?
    and credits.channel in (select distinct channel from margin.fct_ad_margin_daily)
"""
_SHOWN = """
select media_level, channel, campaign_id, ad_id, decision, impression_count, link_click_count,
    credited_order_count, spend_amount, credited_net_merchandise_sales_amount,
    credited_cm2_expected_amount, maximum_cost_per_mille_amount, maximum_cost_per_mille_low_amount,
    maximum_cost_per_mille_high_amount, maximum_cost_per_order_amount, break_even_return_on_spend
from margin.fct_channel_thresholds
"""


def thresholds(quick: bool) -> Result:
    """Every row of a year of a small brand: counts exact, limits to a thousandth, decisions."""
    with tempfile.TemporaryDirectory(prefix="tributary-thresholds-") as folder:
        warehouse = _built(Path(folder))
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            shown = {row[:4]: row[4:] for row in connection.execute(_SHOWN).fetchall()}
            sums = _sums(connection)
    wrong = [
        str(key)
        for key in sums.keys() | shown.keys()
        if key not in sums or key not in shown or not _equal(sums[key], shown[key])
    ]
    decisions = Counter(row[0] for row in shown.values())
    told = ", ".join(f"{count} {name}" for name, count in sorted(decisions.items()))
    figure = f"{len(shown) - len(wrong)} of {len(shown)} limits equal ({told})"
    return passed(not wrong and len(decisions) > 1, figure + "".join(f"; {w}" for w in wrong[:2]),
                  "all, with some decided")  # fmt: skip


def _equal(sums: Mapping[str, Any], shown: tuple[Any, ...]) -> bool:
    decision, limits = _expected(sums)
    exact = [sums["impressions"], sums["clicks"], sums["orders"], sums["spend"]]
    # Sales of a credit are allocated in cents there and fractions here.
    return (
        decision == shown[0]
        and exact == [Fraction(value) for value in shown[1:5]]
        and all(abs(sums[name] - Fraction(value)) < Fraction(1, 100)
                for name, value in zip(("sales", "cm2"), shown[5:7], strict=True))
        and all(_near(limit, value) for limit, value in zip(limits, shown[7:], strict=True))
    )  # fmt: skip


def _near(limit: Fraction | None, value: Decimal | None) -> bool:
    if limit is None or value is None:
        return limit is None and value is None
    return abs(limit - Fraction(value)) <= Fraction(1, 1000) + abs(limit) / 1000


def _expected(sums: Mapping[str, Any]) -> tuple[str, list[Fraction | None]]:
    shows, clicks, orders = sums["impressions"], sums["clicks"], sums["orders"]
    left = max(sums["cm2"], Fraction(0))
    per_order = left / orders if orders else None
    most = left * 1000 / shows if shows else None
    bounds: list[Fraction | None] = [None, None]
    if shows and clicks and per_order is not None:
        bounds = [Fraction(round(_wilson(min(orders, clicks), clicks, side), 6)) * clicks
                  * per_order * 1000 / shows for side in (-1, 1)]  # fmt: skip
    even = sums["sales"] / left if left else None
    return _decision(sums, bounds), [most, *bounds, per_order, even]


def _wilson(orders: Fraction, clicks: int, side: int) -> float:
    share, n = float(orders / clicks), float(clicks)
    middle = share + Z * Z / (2 * n)
    root = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return (middle + side * root) / (1 + Z * Z / n)


def _decision(sums: Mapping[str, Any], bounds: list[Fraction | None]) -> str:
    low, high = bounds
    covered = sums["costed"] > 0 and sums["covered"] / sums["costed"] >= LEAST_COVERAGE
    if low is None or high is None or sums["orders"] < LEAST_ORDERS or not covered:
        return "INSUFFICIENT_DATA"
    if sums["unknown"]:
        return "INSUFFICIENT_DATA"
    cost = sums["spend"] * 1000 / sums["impressions"]
    if low > cost * (1 + HURDLE):
        return "SCALE"
    return "CUT" if high < cost else "HOLD"


def _sums(connection: duckdb.DuckDBPyConnection) -> dict[Key, dict[str, Any]]:
    row = connection.execute(
        "select max(window_from_date) - 1, max(window_to_date) from margin.fct_channel_thresholds"
    ).fetchone()
    assert row is not None
    found: dict[Key, dict[str, Any]] = {}
    for key, values in _evidence(connection, list(row)):
        own = found.setdefault(key, dict.fromkeys(_SUMS, Fraction(0)))
        for name, value in values.items():
            own[name] += Fraction(value)
    return found


def _evidence(
    connection: duckdb.DuckDBPyConnection, window: list[Any]
) -> Iterator[tuple[Key, dict[str, Any]]]:
    for channel, campaign, ad, shows, clicks, spend in connection.execute(
        _AD_DAYS, window
    ).fetchall():
        for key in _keys(channel, campaign, ad):
            yield key, {"impressions": shows, "clicks": clicks, "spend": spend}
    for channel, campaign, ad, credit, sales, covered, costed, cm2 in connection.execute(
        _CREDITS, window
    ).fetchall():
        share = Fraction(credit)
        for key in _keys(channel, campaign, ad):
            yield key, {
                "orders": share, "sales": share * Fraction(sales), "unknown": cm2 is None,
                "cm2": share * Fraction(cm2 or 0), "costed": share * Fraction(costed),
                "covered": share * Fraction(covered),
            }  # fmt: skip


def _keys(channel: str, campaign: str, ad: str) -> Iterator[Key]:
    """The channel always; campaign and ad where they are known."""
    yield "channel", channel, None, None
    if campaign != "unknown":
        yield "campaign", channel, campaign, None
        if ad != "unknown":
            yield "ad", channel, campaign, ad


def _built(folder: Path) -> Path:
    files = folder / "files"
    make_brand(
        files, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=lambda done, of: None
    )
    settings = Settings.from_env(environment(folder / "home"))
    run.land(settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
    DbtProject(settings).build(
        ["+fct_channel_thresholds", "fct_ad_margin_daily"],
        indirect_selection="empty",
        vars={"threshold_window_days": DAYS},
    ).raise_for_failures()
    return settings.warehouse
