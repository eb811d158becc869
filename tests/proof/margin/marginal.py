"""The next unit of spend beside the same counted in Python: least squares over weeks, every row.

What lives here: weeks added up from ad days, a regression in plain floats, what follows from it.
What never does: the models' SQL; a judgement of what the brand's media really caused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from math import log, sqrt
from typing import Any, TypeAlias

from tests.proof.harness import Result, passed
from tests.proof.margin.marketing import CUSTOMERS, QUICK_CUSTOMERS, World, world

WEEKS, LEAST_WEEKS, LEAST_VARIATION, T = 26, 12, 0.15, 1.812461
LEAST, MOST = 0.3, 0.95
WEEKS_OF_WINDOW = 4
Z = 1.644854
Key: TypeAlias = tuple[str, str, str | None]
Week: TypeAlias = tuple[float, float]
_DAYS = """
select channel, campaign_id, margin_date, spend_amount, credited_net_merchandise_sales_amount
from margin.fct_campaign_margin_daily
"""
_SHOWN = """
select media_level, channel, returns.campaign_id, decision, decision_reason, week_count,
    spend_amount, credited_net_merchandise_sales_amount, credited_cm2_expected_amount,
    hurdle_ratio, weekly_spend_amount, average_return_on_spend, marginal_return_on_spend,
    marginal_return_on_spend_low, marginal_return_on_spend_high, average_cm3_per_spend,
    marginal_cm3_per_spend, clicks.orders, clicks.clicks, returns.window_to_date
from margin.fct_marginal_returns as returns
inner join (
    select media_level, channel, campaign_id, credited_order_count as orders,
        link_click_count as clicks
    from margin.fct_channel_thresholds where media_level <> 'ad'
) as clicks
    using (media_level, channel)
where returns.campaign_id is not distinct from clicks.campaign_id
"""
# What only the evidence of fct_channel_thresholds decides; thr_01 counts it.
_OF_EVIDENCE = ("orders", "clicked", "cost of goods", "expected returns", "hurdle")


def marginal(quick: bool) -> Result:
    """Every channel and campaign: weeks, response, bounds and what the next unit brings."""
    built = world(QUICK_CUSTOMERS if quick else CUSTOMERS)
    shown = built.rows(_SHOWN)
    weeks = _weeks(built, shown[0][-1])
    wrong = [row[:3] for row in shown if not _equal(row, weeks[row[:3]])]
    decisions = Counter(row[3] for row in shown)
    told = ", ".join(f"{count} {name}" for name, count in sorted(decisions.items()))
    return passed(
        not wrong,
        f"{len(shown) - len(wrong)} of {len(shown)} rows equal ({told})"
        + "".join(f"; {key}" for key in wrong[:2]),
        "all",
    )


def _weeks(built: World, as_of: date) -> dict[Key, list[Week]]:
    sums: dict[Key, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for channel, campaign, day, spend, sales in built.rows(_DAYS):
        age = (as_of - day).days
        if not 0 <= age < 7 * WEEKS:
            continue
        keys: list[Key] = [("channel", channel, None)]
        if campaign != "unknown":
            keys.append(("campaign", channel, campaign))
        for key in keys:
            sums[key][age // 7][0] += float(spend)
            sums[key][age // 7][1] += float(sales)
    return {
        key: [(spend, sales) for spend, sales in by_week.values() if spend > 0]
        for key, by_week in sums.items()
    }


def _response(weeks: list[Week]) -> tuple[float, float, float]:
    """Slope of logarithms with its bounds."""
    spend, sales = ([log(week[side]) for week in weeks] for side in (0, 1))
    middle, height = sum(spend) / len(weeks), sum(sales) / len(weeks)
    width = sum((x - middle) ** 2 for x in spend)
    slope = sum((x - middle) * y for x, y in zip(spend, sales, strict=True)) / width
    left = sum((y - height - slope * (x - middle)) ** 2 for x, y in zip(spend, sales, strict=True))
    error = T * sqrt(left / (len(weeks) - 2) / width)
    return slope, slope - error, slope + error


def _lack(weeks: list[Week]) -> str:
    if len(weeks) < LEAST_WEEKS:
        return "weeks with spend"
    if any(sales <= 0 for _, sales in weeks):
        return "sold nothing"
    mean = sum(spend for spend, _ in weeks) / len(weeks)
    deviation = sqrt(sum((spend - mean) ** 2 for spend, _ in weeks) / len(weeks))
    if deviation / mean < LEAST_VARIATION:
        return "too even"
    _, low, high = _response(weeks)
    if low > MOST:
        return "sales moved more"
    return "did not move" if high < LEAST else ""


def _equal(row: tuple[Any, ...], weeks: list[Week]) -> bool:
    decision, reason, count = row[3:6]
    figures = tuple(None if value is None else float(value) for value in row[6:19])
    spend, sales, cm2, hurdle, weekly, average, marginal, low, high, cm3 = figures[:10]
    next_cm3, orders, clicks = figures[10:]
    assert spend
    assert sales is not None
    assert cm2 is not None
    same = count == len(weeks) and _near(weekly, spend / WEEKS_OF_WINDOW)
    same = same and _near(average, sales / spend) and _near(cm3, cm2 / spend - 1)
    lack = _lack(weeks)
    if decision == "INSUFFICIENT_DATA":
        of_evidence = any(word in reason for word in _OF_EVIDENCE) and "weeks" not in reason
        return same and marginal is None and (of_evidence or (bool(lack) and lack in reason))
    assert hurdle is not None
    assert not lack
    assert orders
    assert clicks
    slope, least, most = _response(weeks)
    seldom, often = _spread(orders, clicks)
    used = (min(max(slope, LEAST), MOST), max(least, 0.0) * seldom, min(most, 1.0) * often)
    same = same and all(
        _near(value, share * sales / spend)
        for value, share in zip((marginal, low, high), used, strict=True)
    )
    return (
        same
        and _near(next_cm3, used[0] * cm2 / spend - 1)
        and decision == _decision(*(share * cm2 / spend for share in used[1:]), hurdle)
    )


def _spread(orders: float, clicks: float) -> tuple[float, float]:
    """How much less or more often than seen a click may become an order, after Wilson."""
    seen = min(orders, clicks)
    root = Z * sqrt(Z * Z + 4 * seen * (1 - seen / clicks))
    low, high = ((2 * seen + Z * Z + way * root) / (2 * (clicks + Z * Z)) for way in (-1, 1))
    return min(low * clicks / orders, 1.0), max(high * clicks / orders, 1.0)


def _decision(low: float, high: float, hurdle: float) -> str:
    if low > 1 + hurdle:
        return "SCALE"
    return "CUT" if max(low, high) < 1 else "HOLD"


def _near(value: float | None, expected: float) -> bool:
    return value is not None and abs(value - expected) <= 0.0002 + 0.00001 * abs(expected)
