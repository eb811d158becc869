"""Every segment's rule once more, in plain Python over rows: what the models are held against.

What lives here: the rules as sentences of Python, thresholds from the seed, one function a segment.
What never does: SQL, or an answer of a model about who is in a segment.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from tests.proof.harness import ROOT

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Members = dict[str, set[str]]
SHOP = ZoneInfo("America/New_York")


@lru_cache(maxsize=1)
def thresholds() -> dict[str, dict[str, Decimal]]:
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    with (ROOT / "seeds" / "audience_rules.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["audience"]][row["rule_key"]] = Decimal(row["rule_value"])
    return found


@lru_cache(maxsize=1)
def segments() -> list[dict[str, str]]:
    """Rows of the seed that wait for nothing, by number."""
    with (ROOT / "seeds" / "segments.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not row["waits_for"]]


def members(tables: Tables) -> Members:
    """Who is in which segment; a segment that leaves out others comes after them."""
    found: Members = {}
    waiting = {row["segment"]: row["left_out"] for row in segments()}
    while waiting:
        ready = [name for name, left_out in waiting.items() if not left_out or left_out in found]
        for name in ready:
            left_out = waiting.pop(name)
            customers = RULES[name](tables, thresholds()[name])
            found[name] = set(customers) - found.get(left_out, set())
    return found


def _days(start: datetime | None, end: datetime) -> int | None:
    return None if start is None else (end.date() - start.date()).days


def _ranks(values: Mapping[str, Decimal]) -> dict[str, float]:
    """Share of the others that are smaller; equal values are equal."""
    ordered = sorted(values.values())
    first = {value: place for place, value in reversed(list(enumerate(ordered)))}
    rest = max(len(ordered) - 1, 1)
    return {key: first[value] / rest for key, value in values.items()}


def _best(values: Mapping[str, Decimal], share: Decimal) -> set[str]:
    return {key for key, rank in _ranks(values).items() if Decimal(repr(rank)) >= share}


def _customers(tables: Tables) -> Sequence[Row]:
    return tables["dim_customers"]


def _now(tables: Tables) -> datetime:
    moment: datetime = _customers(tables)[0]["as_of_at"]
    return moment


def _alive(tables: Tables) -> dict[str, Decimal]:
    return {
        row["customer_id"]: 1 - row["churn_ratio"]
        for row in tables["fct_customer_lifetime_value"]
        if row["churn_ratio"] is not None
    }


def _lifetime_values(tables: Tables) -> dict[str, Decimal]:
    return {
        row["customer_id"]: row["lifetime_value_amount"]
        for row in tables["fct_customer_lifetime_value"]
        if row["lifetime_value_amount"] is not None
    }


def _subscribers(tables: Tables) -> set[str]:
    return {row["customer_id"] for row in tables["fct_subscriptions"] if row["is_active"]}


def vip(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    year = {
        row["customer_id"]: row["cm2_365d_amount"]
        for row in _customers(tables)
        if row["order_count_365d"] > 0
    }
    best = _best(year, rule["cm2_365d_percentile"])
    for row in _customers(tables):
        if (
            row["customer_id"] in best
            and row["order_count_365d"] >= rule["minimum_order_count_365d"]
            and row["return_ratio"] is not None
            and row["return_ratio"] < rule["return_ratio_below"]
        ):
            yield row["customer_id"]


def rising_star(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    best = _best(_lifetime_values(tables), rule["lifetime_value_percentile"])
    for row in _customers(tables):
        age = _days(row["first_ordered_at"], row["as_of_at"])
        if row["customer_id"] in best and row["order_count"] >= rule["minimum_order_count"] and (
            age is not None and age <= rule["first_order_within_days"]
        ):
            yield row["customer_id"]


def recent_purchaser(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    consumed = {row["customer_id"] for row in tables["fct_last_purchases"] if row["is_consumable"]}
    usual = {
        row["customer_id"]: row["expected_gap_days"] for row in tables["fct_customer_rhythms"]
    }
    for row in _customers(tables):
        days = rule["window_days"]
        gap = usual.get(row["customer_id"])
        if row["customer_id"] in consumed and gap is not None:
            days = min(days, gap)
        if row["order_count"] > 0 and row["days_since_last_order"] <= days:
            yield row["customer_id"]


def existing_customer(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    return [
        row["customer_id"]
        for row in _customers(tables)
        if row["order_count"] >= rule["minimum_order_count"]
    ]


def high_value_seed(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    values = _lifetime_values(tables)
    young = {
        row["customer_id"]: row
        for row in _customers(tables)
        if row["order_count"] > 0
        and row["customer_id"] in values
        and (_days(row["first_ordered_at"], row["as_of_at"]) or 0) <= rule["acquired_within_days"]
    }
    best = _best({key: values[key] for key in young}, rule["lifetime_value_percentile"])
    for key in best:
        row = young[key]
        is_addict = (
            row["order_count"] >= rule["discount_addict_minimum_order_count"]
            and row["discounted_order_count"] == row["order_count"]
            and (row["discount_share_ratio"] or 0)
            >= rule["discount_addict_minimum_discount_share_ratio"]
        )
        returned = row["return_ratio"] or 0
        if row["cm2_amount"] > 0 and returned <= rule["maximum_return_ratio"] and not is_addict:
            yield key


def new_high_margin_seed(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    margins = {row["order_id"]: row["cm2_amount"] for row in tables["fct_order_margin"]}
    known = {row["customer_id"] for row in _customers(tables)}
    now = _now(tables)
    firsts = {
        row["customer_id"]: margins[row["order_id"]]
        for row in tables["fct_orders"]
        if row["is_first_order"]
        and row["customer_id"] in known
        and row["ordered_at"] <= now
        and (_days(row["ordered_at"], now) or 0) <= rule["first_order_within_days"]
    }
    return _best(firsts, rule["first_order_cm2_percentile"])


def at_risk(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    alive = _alive(tables)
    for row in _customers(tables):
        chance, overdue = alive.get(row["customer_id"]), row["overdue_ratio"]
        if (
            chance is not None and overdue is not None
            and row["order_count"] >= rule["minimum_order_count"]
            and rule["minimum_overdue_ratio"] <= overdue <= rule["maximum_overdue_ratio"]
            and rule["minimum_alive_ratio"] <= chance <= rule["maximum_alive_ratio"]
        ):  # fmt: skip
            yield row["customer_id"]


def win_back(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    alive = _alive(tables)
    buyers = [row for row in _customers(tables) if row["order_count"] > 0]
    margins = sorted(row["cm2_amount"] for row in buyers)
    middle = (margins[(len(margins) - 1) // 2] + margins[len(margins) // 2]) / 2
    for row in buyers:
        is_abuser = (
            row["order_count"] >= rule["refund_abuser_minimum_order_count"]
            and (row["return_ratio"] or 0) >= rule["refund_abuser_minimum_return_ratio"]
        )
        is_gone = (
            (row["overdue_ratio"] or 0) > rule["overdue_ratio_above"]
            or row["days_since_last_order"] > rule["days_since_order_above"]
        )  # fmt: skip
        chance = alive.get(row["customer_id"])
        if is_gone and not is_abuser and row["cm2_amount"] >= middle and (
            chance is not None and chance < rule["alive_ratio_below"]
        ):
            yield row["customer_id"]


def cart_abandoner(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    sales = sum(row["net_sales_amount"] for row in _customers(tables))
    shared = sum(row["cm2_amount"] for row in _customers(tables)) / sales
    hours = timedelta(hours=int(rule["maximum_cart_age_hours"]))
    for row in _customers(tables):
        cart, last = row["last_cart_at"], row["last_ordered_at"]
        if cart is None or row["last_cart_value_amount"] is None:
            continue
        has_sales = row["net_sales_amount"] > 0
        ratio = row["cm2_amount"] / row["net_sales_amount"] if has_sales else shared
        if (
            row["as_of_at"] - hours <= cart <= row["as_of_at"]
            and (last is None or last < cart)
            and row["last_cart_value_amount"] * ratio >= rule["minimum_cart_cm2_amount"]
        ):
            yield row["customer_id"]


def browse_abandoner(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    since = now - timedelta(hours=int(rule["window_hours"]))
    last = {row["customer_id"]: row["last_ordered_at"] for row in _customers(tables)}
    stock = {
        (row["source_relation"], row["sku"]): row["stock_count"]
        for row in tables["fct_stock_levels"]
    }
    views: defaultdict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    carted = set()
    for event in tables["fct_product_events"]:
        if since <= event["occurred_at"] <= now:
            if event["event_kind"] != "viewed":
                carted.add(event["customer_id"])
            elif event["sku"] is not None:
                key = event["customer_id"], event["source_relation"], event["sku"]
                views[key].append(event["occurred_at"])
    for (customer, shop, sku), times in views.items():
        ordered = last[customer]
        if (
            customer not in carted
            and len(times) >= rule["minimum_view_count"]
            and stock.get((shop, sku), 0) >= rule["minimum_stock_count"]
            and (ordered is None or ordered < max(times))
        ):
            yield customer


def price_drop(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    newest: dict[tuple[str, str, str], Row] = {}
    for event in tables["fct_product_events"]:
        if event["event_kind"] == "carted" and event["sku"] and event["unit_price_shop_amount"]:
            key = event["customer_id"], event["source_relation"], event["sku"]
            order = event["occurred_at"], event["product_event_id"]
            if key not in newest or order > (
                newest[key]["occurred_at"], newest[key]["product_event_id"]
            ):
                newest[key] = event
    offers = {(row["source_relation"], row["sku"]): row for row in tables["fct_stock_levels"]}
    bought = {
        (line["customer_id"], line["source_relation"], line["sku"], line["ordered_at"])
        for line in tables["fct_order_lines"]
    }
    for (customer, shop, sku), event in newest.items():
        offer, at = offers.get((shop, sku)), event["occurred_at"]
        is_bought = any(each[:3] == (customer, shop, sku) and each[3] >= at for each in bought)
        if (
            offer is not None and offer["stock_count"] > 0 and not is_bought and at <= now
            and (_days(at, now) or 0) <= rule["window_days"]
            and offer["list_price_shop_amount"]
            <= event["unit_price_shop_amount"] * (1 - rule["minimum_drop_ratio"])
        ):  # fmt: skip
            yield customer


def discount_addict(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    for row in _customers(tables):
        orders, discounted = row["order_count"], row["discounted_order_count"]
        if (
            orders >= rule["minimum_order_count"]
            and discounted / orders >= rule["minimum_discounted_ratio"]
            and orders - discounted <= rule["maximum_full_price_order_count"]
            and (row["discount_share_ratio"] or 0) >= rule["minimum_discount_share_ratio"]
        ):
            yield row["customer_id"]


def replenishment_due(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    today = _now(tables).replace(tzinfo=ZoneInfo("UTC")).astimezone(SHOP).date()
    consumed = {row["customer_id"] for row in tables["fct_last_purchases"] if row["is_consumable"]}
    for row in tables["fct_customer_rhythms"]:
        due: date | None = row["next_purchase_date"]
        if due is not None and row["customer_id"] in consumed - _subscribers(tables) and (
            -rule["days_after"] <= (due - today).days <= rule["days_before"]
        ):
            yield row["customer_id"]


def cross_sell(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    counted = {
        row["order_id"]
        for row in tables["fct_orders"]
        if row["order_scope"] == "dtc" and not row["is_cancelled"]
    }
    known = {row["customer_id"] for row in _customers(tables)}
    bought: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for line in tables["fct_order_lines"]:
        customer, sku = line["customer_id"], line["sku"]
        if customer in known and sku and not line["is_gift_card"] and line["order_id"] in counted:
            bought[customer][sku] = max(line["ordered_at"], bought[customer].get(sku, datetime.min))
    returned = {(row["customer_id"], row["sku"]) for row in tables["fct_refunds"]}
    stock: defaultdict[str, int] = defaultdict(int)
    for row in tables["fct_stock_levels"]:
        stock[row["sku"]] += row["stock_count"]
    pairs = [
        (row["bought_sku"], row["offered_sku"])
        for row in tables["fct_product_affinities"]
        if row["lift"] >= rule["minimum_lift"]
        and row["customer_count"] >= rule["minimum_customer_count"]
        and (row["offered_cm2_ratio"] or 0) >= rule["minimum_cm2_ratio"]
        and stock[row["offered_sku"]] >= rule["minimum_stock_count"]
    ]
    for customer, had in bought.items():
        if any(
            first in had and second not in had and (customer, first) not in returned
            and had[first] <= now and (_days(had[first], now) or 0) <= rule["window_days"]
            for first, second in pairs
        ):  # fmt: skip
            yield customer


def subscription_candidate(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    counted = {
        row["order_id"]
        for row in tables["fct_orders"]
        if row["order_scope"] == "dtc" and not row["is_cancelled"]
    }
    known = {row["customer_id"] for row in _customers(tables)} - _subscribers(tables)
    days: defaultdict[tuple[str, str], set[date]] = defaultdict(set)
    for line in tables["fct_order_lines"]:
        if (
            line["customer_id"] in known and line["sku"] and line["order_id"] in counted
            and not line["is_gift_card"] and line["gross_merchandise_sales_amount"] > 0
            and line["ordered_at"] <= now
        ):  # fmt: skip
            days[line["customer_id"], line["sku"]].add(line["order_date"])
    for (customer, _), dates in days.items():
        ordered = sorted(dates)
        gaps = [Decimal((b - a).days) for a, b in pairwise(ordered)]
        if len(ordered) >= rule["minimum_purchase_count"] and len(gaps) > 1:
            mean = sum(gaps, Decimal(0)) / len(gaps)
            squares = sum(((gap - mean) * (gap - mean) for gap in gaps), Decimal(0))
            variance = squares / (len(gaps) - 1)
            if variance.sqrt() / mean < rule["gap_variation_below"]:
                yield customer


def subscription_at_risk(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    charges: defaultdict[str, list[Row]] = defaultdict(list)
    for row in tables["fct_subscription_charges"]:
        charges[row["subscription_id"]].append(row)
    known = {row["customer_id"] for row in _customers(tables)}
    for row in tables["fct_subscriptions"]:
        own = charges[row["subscription_id"]]
        paid = max((one["due_date"] for one in own if one["is_paid"]), default=date.min)
        later = [one["charge_status"] for one in own if one["due_date"] > paid]
        if row["is_active"] and row["customer_id"] in known and (
            later.count("skipped") >= rule["minimum_skipped_count"]
            or later.count("error") >= rule["minimum_failed_count"]
        ):
            yield row["customer_id"]


def one_and_done(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    orders: defaultdict[str, dict[int, datetime]] = defaultdict(dict)
    for row in tables["fct_orders"]:
        if row["customer_id"] and row["order_number_of_customer"]:
            orders[row["customer_id"]][row["order_number_of_customer"]] = row["ordered_at"]
    gaps = sorted(_days(own[1], own[2]) or 0 for own in orders.values() if 2 in own)
    if not gaps:
        return
    low, high = (
        gaps[ceil(rule[name] * len(gaps)) - 1]
        for name in ("minimum_gap_quantile", "maximum_gap_quantile")
    )
    for row in _customers(tables):
        if row["order_count"] == 1 and low <= row["days_since_last_order"] <= high:
            yield row["customer_id"]


def serial_returner(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    return [
        row["customer_id"]
        for row in _customers(tables)
        if row["order_count"] >= rule["minimum_order_count"]
        and (row["return_ratio"] or 0) >= rule["minimum_return_ratio"]
    ]


def negative_margin(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    return [
        row["customer_id"]
        for row in _customers(tables)
        if row["order_count"] >= rule["minimum_order_count"]
        and row["cm2_365d_amount"] < rule["cm2_365d_below_amount"]
    ]


def ads_opt_out(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    return [
        row["customer_id"]
        for row in _customers(tables)
        if row["is_deletion_requested"] or row["is_minor"] or row["is_ads_suppressed"]
        or row["gpc_seen_at"] is not None
        or "opted_out" in (row["ads_sharing_state"], row["sale_state"])
        or (row["is_california"] and row["ads_sharing_state"] == "unknown")
    ]  # fmt: skip


def creator_acquired(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    return [
        row["customer_id"]
        for row in tables["fct_creator_acquisitions"]
        if row["acquired_at"] <= now
        and (_days(row["acquired_at"], now) or 0) <= rule["window_days"]
    ]


def sms_only(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    for row in _customers(tables):
        is_texted = (
            row["sms_marketing_state"] == "opted_in" and row["phone_number"] is not None
            and not row["is_sms_suppressed"]
        )  # fmt: skip
        is_mailed = (
            row["email_marketing_state"] == "opted_in" and row["email"] is not None
            and not row["is_email_suppressed"]
        )  # fmt: skip
        if is_texted and not is_mailed and not row["is_deletion_requested"]:
            yield row["customer_id"]


def gift_buyer(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now, known = _now(tables), {row["customer_id"] for row in _customers(tables)}
    opens = timedelta(days=int(rule["days_after_order"]))
    stays = timedelta(days=int(rule["days_open"]))
    return [
        row["customer_id"]
        for row in tables["fct_gift_orders"]
        if row["customer_id"] in known and opens <= now - row["ordered_at"] < opens + stays
    ]


def full_price_buyer(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    buyers = {row["customer_id"]: row for row in _customers(tables) if row["order_count"] > 0}
    baskets = {key: row["average_order_value_amount"] for key, row in buyers.items()}
    for key in _best(baskets, rule["average_order_value_percentile"]):
        share = buyers[key]["discount_share_ratio"]
        if share is not None and share <= rule["maximum_discount_share_ratio"]:
            yield key


def lost(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    best: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for profile in tables["fct_profile_engagement"]:
        key = profile["customer_id"]
        best[key] = max(best[key], profile["engagement_score"])
    for row in _customers(tables):
        days = row["days_since_last_order"]
        if (
            row["order_count"] > 0 and days > rule["days_since_order_above"]
            and best[row["customer_id"]] < rule["engagement_score_below"]
        ):  # fmt: skip
            yield row["customer_id"]


def sunset(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    return [
        row["profile_id"]
        for row in tables["fct_sunset_recommendations"]
        if row["decision"] == "suppress"
    ]


def engaged(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    profiles = [row for row in tables["fct_profile_engagement"] if row["customer_id"] is not None]
    silent = {row["profile_id"]: _days(row["last_engaged_at"], row["as_of_at"]) for row in profiles}
    awake = {
        row["customer_id"]
        for row in profiles
        if (days := silent[row["profile_id"]]) is not None and days <= rule["long_days"]
        and row["engagement_score"] >= rule["minimum_engagement_score"]
    }  # fmt: skip
    return awake - {row["customer_id"] for row in profiles if row["has_complained"]}


def incident_pause(tables: Tables, rule: Mapping[str, Decimal]) -> Iterable[str]:
    now = _now(tables)
    viewed = {
        event["sku"]
        for event in tables["fct_product_events"]
        if event["event_kind"] == "viewed" and event["occurred_at"] <= now
        and (_days(event["occurred_at"], now) or 0) <= rule["view_window_days"]
    }  # fmt: skip
    stock: defaultdict[str, int] = defaultdict(int)
    for level in tables["fct_stock_levels"]:
        stock[level["sku"]] += max(level["stock_count"], 0)
    hurt = {
        row["feed_offer_id"]
        for row in tables["fct_feed_incidents"]
        if row["ended_at"] is None and row["severity"] in ("S0", "S1")
    }
    return [
        row["feed_offer_id"]
        for row in tables["fct_feed_completeness"]
        if row["sku"] in viewed
        and (row["feed_offer_id"] in hurt or (row["sku"] in stock and not stock[row["sku"]]))
    ]


RULES: Mapping[str, Callable[[Tables, Mapping[str, Decimal]], Iterable[str]]] = {
    rule.__name__: rule
    for rule in (
        vip, rising_star, recent_purchaser, existing_customer, high_value_seed,
        new_high_margin_seed, at_risk, win_back, cart_abandoner, browse_abandoner, price_drop,
        discount_addict, replenishment_due, cross_sell, subscription_candidate,
        subscription_at_risk, one_and_done, serial_returner, negative_margin, ads_opt_out,
        creator_acquired, sms_only, gift_buyer, full_price_buyer, lost, sunset, engaged,
        incident_pause,
    )
}  # fmt: skip
