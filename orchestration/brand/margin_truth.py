"""The true contribution of every order line: the rules of ``ledger.py`` applied to a chunk.

What lives here: ledger entries and their sums per order, as ``truth.order_ledger`` and
``truth.order_totals``.
What never does: rules (``ledger.py``), rates (``rates.py``), draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import CURRENCIES, Catalogue, Rates
from orchestration.brand.fulfilment import (
    BOGUS,
    CAPTURE,
    CARD,
    CHARGEBACK,
    CHARGEBACK_REVERSAL,
    OUTBOUND,
    PAYPAL,
    SALE,
    Parcels,
    Settlements,
    Transactions,
)
from orchestration.brand.ids import Ids
from orchestration.brand.ledger import (
    MILLION,
    allocate,
    converted,
    group_starts,
    group_sum,
    marketplace_fee,
    payment_fee,
    pick_pack_cost,
    refund_admin_fee,
    round_div,
    without_tax,
)
from orchestration.brand.order_lines import Lines, Totals
from orchestration.brand.orders import Heads
from orchestration.brand.rates import (
    CHARGEBACK_FEE,
    LABEL_PER_PARCEL,
    PACKAGING_PER_PARCEL,
    RETURN_HANDLING_PER_REFUND,
    RETURN_LABEL,
)
from orchestration.brand.refunds import CANCELLED, DAMAGED, GOODWILL, SHIPPING_REFUND, Refunds
from orchestration.brand.window import shop_day
from orchestration.brand.writer import TRUTH, BrandWriter

COST_TYPES = (
    "gross_merchandise_sales", "discount", "refund", "cost_of_goods", "cost_of_goods_returned",
    "shipping_charged", "shipping_refunded", "carrier_label", "pick_pack", "packaging",
    "payment_fee", "marketplace_fee", "marketplace_refund_fee", "return_label", "return_handling",
    "chargeback_loss", "chargeback_fee",
)
(GROSS, DISCOUNT, REFUND, COGS, COGS_BACK, SHIPPING, SHIPPING_BACK, LABEL, PICK_PACK, PACKAGING,
 PAYMENT_FEE, MARKET_FEE, MARKET_REFUND_FEE, RETURN_LABEL_COST, RETURN_HANDLING, DISPUTED,
 DISPUTE_FEE) = range(17)
CM1_TYPES = (GROSS, DISCOUNT, REFUND, COGS, COGS_BACK)
LATER_TYPES = (REFUND, COGS_BACK, SHIPPING_BACK, MARKET_REFUND_FEE, RETURN_LABEL_COST,
               RETURN_HANDLING, DISPUTED, DISPUTE_FEE)
QUALITIES = ("exact", "fallback", "missing")


@dataclass(frozen=True)
class Facts:
    """All that the rules need of a chunk."""

    heads: Heads
    lines: Lines
    totals: Totals
    parcels: Parcels
    transactions: Transactions
    settlements: Settlements
    settlement_refund_fee: Ints  # reported, -1 none
    refunds: Refunds


@dataclass(frozen=True)
class Entries:
    """One row per line, cost type and event; amounts signed, minor units of the shop."""

    line: Ints
    kind: Ints
    amount: Ints
    at: Ints
    is_estimated: Bools


class _Book:
    """Collects entries; ``spread`` allocates amounts of an order over its lines."""

    def __init__(self, lines: Lines, order_count: int) -> None:
        self._lines = lines
        self._starts = group_starts(lines.order, order_count)
        self._sizes = np.bincount(lines.order, minlength=order_count)
        self.parts: list[Entries] = []

    def add(
        self, kind: int, line: Ints, amount: Ints, at: Ints, is_estimated: Bools | None = None
    ) -> None:
        keep = amount != 0
        guess = np.zeros(len(line), bool) if is_estimated is None else is_estimated
        self.parts.append(Entries(line[keep], np.full(int(keep.sum()), kind), amount[keep],
                                  at[keep], guess[keep]))

    def spread(
        self, kind: int, order: Ints, amount: Ints, at: Ints, weight: Ints,
        is_estimated: Bools | None = None,
    ) -> None:
        """Allocate one amount per event over all lines of its order by a weight per line."""
        keep = np.flatnonzero(amount != 0)
        order, amount, at = order[keep], amount[keep], at[keep]
        guess = np.zeros(len(keep), bool) if is_estimated is None else is_estimated[keep]
        size = self._sizes[order]
        event = np.repeat(np.arange(len(order)), size)
        place = np.arange(len(event)) - np.repeat(np.cumsum(size) - size, size)
        line = self._starts[order][event] + place
        part = allocate(amount, weight[line], event, self._lines.quantity[line])
        self.add(kind, line, part, at[event], guess[event])


def make_entries(facts: Facts, catalogue: Catalogue) -> tuple[Entries, Ints]:
    """Every ledger entry of a chunk, and the cost quality of each line (row of QUALITIES)."""
    heads, lines = facts.heads, facts.lines
    book = _Book(lines, heads.count)
    included = heads.shop[lines.order] == 1
    goods = ~lines.is_gift_card
    at = heads.at[lines.order]
    tax = np.where(included, lines.tax + lines.local_tax, 0)
    net = np.where(goods, lines.gross - lines.discount - tax, 0)
    discount = np.where(goods, without_tax(lines.discount, lines.rate, included), 0)
    every = np.arange(lines.count)
    book.add(GROSS, every, net + discount, at)
    book.add(DISCOUNT, every, -discount, at)
    unit_cost, quality = _unit_costs(heads, lines, catalogue)
    book.add(COGS, every, -unit_cost * lines.quantity, at, quality == 1)
    book.spread(SHIPPING, np.arange(heads.count), facts.totals.shipping_paid
                - facts.totals.shipping_tax, heads.at, net)
    _parcels(book, facts, catalogue)
    _payments(book, facts, net)
    _marketplace(book, facts, net)
    _refunds(book, facts, net, unit_cost, quality, catalogue)
    entries = Entries(*(
        np.concatenate([getattr(part, name) for part in book.parts])
        for name in ("line", "kind", "amount", "at", "is_estimated")
    ))
    order = np.lexsort((entries.at, entries.kind, entries.line))
    return Entries(*(getattr(entries, name)[order] for name in
                     ("line", "kind", "amount", "at", "is_estimated"))), quality


def _unit_costs(heads: Heads, lines: Lines, catalogue: Catalogue) -> tuple[Ints, Ints]:
    shop = heads.shop[lines.order]
    cost = catalogue.unit_cost(shop, lines.sku, heads.at[lines.order])
    ratio = catalogue.fallback_ratio[shop, lines.sku]
    guess = round_div(lines.price * np.maximum(ratio, 0), MILLION)
    quality = np.where(lines.is_gift_card | (cost >= 0), 0, np.where(ratio >= 0, 1, 2))
    unit_cost = np.where(cost >= 0, cost, guess)
    return np.where(lines.is_gift_card | (quality == 2), 0, unit_cost), quality


def _parcels(book: _Book, facts: Facts, catalogue: Catalogue) -> None:
    lines, parcels = facts.lines, facts.parcels
    out = np.flatnonzero(parcels.kind == OUTBOUND)
    order, at, units = parcels.order[out], parcels.at[out], parcels.units[out]
    label = parcels.label[out]
    card = np.array(LABEL_PER_PARCEL)[facts.heads.shop[order]]
    pieces = np.where(lines.is_gift_card, 0, lines.quantity)
    grams = catalogue.grams[lines.sku] * pieces
    book.spread(LABEL, order, -np.where(label < 0, card, label), at, grams, label < 0)
    estimated = np.ones(len(out), bool)
    book.spread(PICK_PACK, order, -pick_pack_cost(units), at, pieces, estimated)
    book.spread(PACKAGING, order, np.full(len(out), -PACKAGING_PER_PARCEL), at, pieces, estimated)


def _payments(book: _Book, facts: Facts, net: Ints) -> None:
    paid = facts.transactions
    shop = facts.heads.shop[paid.order]
    is_paid = paid.is_success & ((paid.kind == SALE) | (paid.kind == CAPTURE))
    by_card = (paid.gateway == CARD) | (paid.gateway == PAYPAL)
    card = np.where(by_card, payment_fee(paid.amount, shop), 0)
    fee = np.where(is_paid & (paid.gateway != BOGUS), np.where(paid.fee >= 0, paid.fee, card), 0)
    book.spread(PAYMENT_FEE, paid.order, -fee, paid.at, net, paid.fee < 0)
    lost = paid.kind == CHARGEBACK
    loss = np.where(lost, -paid.amount, np.where(paid.kind == CHARGEBACK_REVERSAL, paid.amount, 0))
    book.spread(DISPUTED, paid.order, loss, paid.at, net)
    fee = np.where(lost, np.where(paid.fee >= 0, paid.fee, CHARGEBACK_FEE), 0)
    book.spread(DISPUTE_FEE, paid.order, -fee, paid.at, net, paid.fee < 0)


def _marketplace(book: _Book, facts: Facts, net: Ints) -> None:
    settled = facts.settlements
    card = marketplace_fee(settled.payment, settled.platform_discount, settled.tax)
    fee = np.where(settled.fee >= 0, settled.fee, card)
    book.spread(MARKET_FEE, settled.order, -fee, settled.at, net, settled.fee < 0)
    first_refund = np.full(facts.heads.count, -1)
    first_refund[facts.refunds.order[::-1]] = facts.refunds.at[::-1]
    refunded = first_refund[settled.order] >= 0
    reported = facts.settlement_refund_fee
    admin = np.where(reported >= 0, reported, refund_admin_fee(fee))
    book.spread(MARKET_REFUND_FEE, settled.order, np.where(refunded, -admin, 0),
                first_refund[settled.order], net, reported < 0)


def _refunds(
    book: _Book, facts: Facts, net: Ints, unit_cost: Ints, quality: Ints, catalogue: Catalogue
) -> None:
    refunds, lines = facts.refunds, facts.lines
    included = facts.heads.shop[refunds.order] == 1
    goods = ~lines.is_gift_card[refunds.line]
    at = refunds.at[refunds.line_refund]
    back = refunds.subtotal - np.where(included[refunds.line_refund], refunds.tax, 0)
    book.add(REFUND, refunds.line, np.where(goods, -back, 0), at)
    restocked = np.where(refunds.restock == DAMAGED, 0, refunds.quantity)
    book.add(COGS_BACK, refunds.line, restocked * unit_cost[refunds.line], at,
             quality[refunds.line] == 1)
    given = refunds.adjustment - np.where(
        included[refunds.adjustment_refund], refunds.adjustment_tax, 0
    )
    of, when = refunds.order[refunds.adjustment_refund], refunds.at[refunds.adjustment_refund]
    for kind, code in ((REFUND, GOODWILL), (SHIPPING_BACK, SHIPPING_REFUND)):
        book.spread(kind, of, np.where(refunds.adjustment_kind == code, given, 0), when, net)
    _returns(book, facts, catalogue)


def _returns(book: _Book, facts: Facts, catalogue: Catalogue) -> None:
    """Return labels and handling, to the lines of their refund by weight."""
    refunds, lines, parcels = facts.refunds, facts.lines, facts.parcels
    back = np.flatnonzero(refunds.restock != CANCELLED)
    back = back[np.lexsort((refunds.line[back], refunds.line_refund[back]))]
    refund, line = refunds.line_refund[back], refunds.line[back]
    weight = catalogue.grams[lines.sku[line]] * refunds.quantity[back]
    units = refunds.quantity[back]
    sent = np.flatnonzero(parcels.refund >= 0)
    label = np.where(parcels.label[sent] < 0, RETURN_LABEL, parcels.label[sent])
    total = group_sum(label, parcels.refund[sent], refunds.count)
    guessed = group_sum((parcels.label[sent] < 0) * 1, parcels.refund[sent], refunds.count) > 0
    at = refunds.at[refund]
    book.add(RETURN_LABEL_COST, line, -allocate(total, weight, refund, units), at, guessed[refund])
    handled = np.zeros(refunds.count, np.int64)
    handled[refund] = RETURN_HANDLING_PER_REFUND
    book.add(RETURN_HANDLING, line, -allocate(handled, weight, refund, units), at,
             np.ones(len(line), bool))


def write_margin(
    writer: BrandWriter, facts: Facts, catalogue: Catalogue, rates: Rates, scopes: tuple[str, ...],
    ids: Ids,
) -> tuple[int, int]:
    """``truth.order_ledger`` and ``truth.order_totals``; returns CM1 and CM2, reporting cents.

    Both sums are over orders of scope ``dtc``.
    """
    heads, lines = facts.heads, facts.lines
    entries, quality = make_entries(facts, catalogue)
    order = lines.order[entries.line]
    shop = heads.shop[order]
    day = shop_day(entries.at)
    order_day = shop_day(heads.at)
    reporting = converted(entries.amount, rates.to_reporting(shop, day))
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
