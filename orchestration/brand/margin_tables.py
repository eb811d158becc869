"""The true ledger on file.

What lives here: ``truth.order_ledger`` and ``truth.order_totals``.
What never does: amounts (``margin_truth.py`` has them).
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import CURRENCIES, Catalogue, Rates
from orchestration.brand.ids import Ids
from orchestration.brand.ledger import group_sum
from orchestration.brand.margin_truth import (
    COGS,
    COGS_BACK,
    DISCOUNT,
    DISPUTE_FEE,
    DISPUTED,
    EXCHANGE,
    GROSS,
    MARKET_REFUND_FEE,
    REFUND,
    RETURN_HANDLING,
    RETURN_LABEL_COST,
    SHIPPING_BACK,
    Facts,
    make_entries,
)
from orchestration.brand.window import shop_day
from orchestration.brand.writer import TRUTH, BrandWriter

COST_TYPES = (
    "gross_merchandise_sales", "discount", "merchandise_refund", "cost_of_goods",
    "cost_of_goods_returned", "shipping_charged", "shipping_refund", "carrier_label", "pick_pack",
    "packaging", "payment_fee", "marketplace_fee", "refund_administration_fee", "return_label",
    "return_handling", "chargeback", "chargeback_fee", "exchange_difference",
)
CM1_TYPES = (GROSS, DISCOUNT, REFUND, COGS, COGS_BACK)
LATER_TYPES = (REFUND, COGS_BACK, SHIPPING_BACK, MARKET_REFUND_FEE, RETURN_LABEL_COST,
               RETURN_HANDLING, DISPUTED, DISPUTE_FEE, EXCHANGE)
QUALITIES = ("exact", "fallback", "missing")


def write_margin(
    writer: BrandWriter, facts: Facts, catalogue: Catalogue, rates: Rates, scopes: tuple[str, ...],
    ids: Ids,
) -> tuple[int, int]:
    """``truth.order_ledger`` and ``truth.order_totals``; returns CM1 and CM2, reporting cents.

    Both sums are over orders of scope ``dtc``.
    """
    heads, lines = facts.heads, facts.lines
    entries, quality = make_entries(facts, catalogue, rates)
    order = lines.order[entries.line]
    shop = heads.shop[order]
    day = shop_day(entries.at)
    order_day = shop_day(heads.at)
    reporting = entries.reporting
    cost_row = np.where((entries.kind == COGS) | (entries.kind == COGS_BACK),
                        quality[entries.line], -1)
    writer.write(TRUTH, "order_ledger", {
        "source_relation": ids.shops(shop),
        "shopify_order_id": a.integer(ids.of("order", order)),
        "shopify_order_line_id": a.integer(ids.of("line", entries.line)),
        "cost_type": a.pick(COST_TYPES, entries.kind),
        "amount_minor": a.integer(entries.amount),
        "currency": a.pick(CURRENCIES, shop),
        "reporting_amount_minor": a.integer(reporting),
        "event_date": a.date(day), "cohort_date": a.date(order_day[order]),
        "is_estimated": a.flag(entries.is_estimated),
        "cost_quality": a.pick(QUALITIES, cost_row),
    })

    def total(values: Ints, mask: Bools) -> Ints:
        return group_sum(np.where(mask, values, 0), order, heads.count)

    in_cm1 = np.isin(entries.kind, CM1_TYPES)
    in_net = in_cm1 & (entries.kind < COGS)
    everything = np.ones(len(order), bool)
    reporting_cm1, reporting_cm2 = total(reporting, in_cm1), total(reporting, everything)
    missing = group_sum((quality == 2) * 1, lines.order, heads.count)
    writer.write(TRUTH, "order_totals", {
        "source_relation": ids.shops(heads.shop),
        "shopify_order_id": a.integer(ids.rows("order", heads.count)),
        "order_scope": a.pick(scopes, heads.scope),
        "currency": a.pick(CURRENCIES, heads.shop),
        "gross_merchandise_sales_minor": a.integer(total(entries.amount, entries.kind == GROSS)),
        "net_merchandise_sales_minor": a.integer(total(entries.amount, in_net)),
        "cm1_minor": a.integer(total(entries.amount, in_cm1)),
        "cm2_minor": a.integer(total(entries.amount, everything)),
        "cm2_at_order_minor": a.integer(
            total(entries.amount, ~np.isin(entries.kind, LATER_TYPES))),
        "reporting_net_merchandise_sales_minor": a.integer(total(reporting, in_net)),
        "reporting_cm1_minor": a.integer(reporting_cm1),
        "reporting_cm2_minor": a.integer(reporting_cm2),
        "missing_cost_line_count": a.integer(missing),
        "cohort_date": a.date(order_day),
    })
    dtc = heads.scope == 0
    return int(reporting_cm1[dtc].sum()), int(reporting_cm2[dtc].sum())
