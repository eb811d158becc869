"""The true contribution of every order line: the rules of ``ledger.py`` applied to a chunk.

What lives here: ledger entries.
What never does: rules (``ledger.py``), rates (``rates.py``), draws, files (``margin_tables.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import Catalogue, Rates
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

(GROSS, DISCOUNT, REFUND, COGS, COGS_BACK, SHIPPING, SHIPPING_BACK, LABEL, PICK_PACK, PACKAGING,
 PAYMENT_FEE, MARKET_FEE, MARKET_REFUND_FEE, RETURN_LABEL_COST, RETURN_HANDLING, DISPUTED,
 DISPUTE_FEE, EXCHANGE) = range(18)
_COLUMNS = ("line", "kind", "amount", "reporting", "at", "is_estimated")


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
    """One row per line, cost type and event; amounts signed, minor units of the shop and cents."""

    line: Ints
    kind: Ints
    amount: Ints
    reporting: Ints
    at: Ints
    is_estimated: Bools


class _Book:
    """Collects entries; ``spread`` allocates amounts of an order over its lines."""

    def __init__(self, heads: Heads, lines: Lines, rates: Rates) -> None:
        self._heads, self._lines, self._rates = heads, lines, rates
        self._starts = group_starts(lines.order, heads.count)
        self._sizes = np.bincount(lines.order, minlength=heads.count)
        self._parts: list[Entries] = []

    def rate(self, order: Ints, at: Ints) -> Ints:
        """Rate to the reporting currency on the shop date of a moment."""
        return self._rates.to_reporting(self._heads.shop[order], shop_day(at))

    def add(
        self, kind: int, line: Ints, amount: Ints, at: Ints, *, converted_at: Ints | None = None,
        is_estimated: Bools | None = None,
    ) -> None:
        """Amounts that belong to a line; converted on another moment's date where one is given."""
        order = self._lines.order[line]
        rate = self.rate(order, at if converted_at is None else converted_at)
        self.append(kind, line, amount, converted(amount, rate), at, is_estimated)

    def spread(
        self, kind: int, order: Ints, amount: Ints, at: Ints, weight: Ints, *,
        converted_at: Ints | None = None, is_estimated: Bools | None = None,
    ) -> None:
        """Allocate one amount per event over all lines of its order by a weight per line."""
        rate = self.rate(order, at if converted_at is None else converted_at)
        self._spread(kind, order, amount, converted(amount, rate), at, weight, is_estimated)

    def exchange_of_lines(self, line: Ints, amount: Ints, at: Ints) -> None:
        """What the refund date's rate makes of refunds (negative) beyond the order date's."""
        order = self._lines.order[line]
        beyond = self._beyond(order, amount, at)
        self.append(EXCHANGE, line, np.zeros_like(amount), beyond, at, None)

    def exchange_of_orders(self, order: Ints, amount: Ints, at: Ints, weight: Ints) -> None:
        """The same for refunds that are spread over lines."""
        beyond = self._beyond(order, amount, at)
        self._spread(EXCHANGE, order, np.zeros_like(amount), beyond, at, weight, None)

    def _beyond(self, order: Ints, amount: Ints, at: Ints) -> Ints:
        then = converted(amount, self.rate(order, self._heads.at[order]))
        return converted(amount, self.rate(order, at)) - then

    def _spread(
        self, kind: int, order: Ints, amount: Ints, reporting: Ints, at: Ints, weight: Ints,
        is_estimated: Bools | None,
    ) -> None:
        keep = np.flatnonzero((amount != 0) | (reporting != 0))
        order = order[keep]
        guess = np.zeros(len(keep), bool) if is_estimated is None else is_estimated[keep]
        size = self._sizes[order]
        event = np.repeat(np.arange(len(order)), size)
        place = np.arange(len(event)) - np.repeat(np.cumsum(size) - size, size)
        line = self._starts[order][event] + place
        by, otherwise = weight[line], self._lines.quantity[line]
        shares = (allocate(total[keep], by, event, otherwise) for total in (amount, reporting))
        self.append(kind, line, next(shares), next(shares), at[keep][event], guess[event])

    def append(
        self, kind: int, line: Ints, amount: Ints, reporting: Ints, at: Ints,
        is_estimated: Bools | None,
    ) -> None:
        """Amounts of lines that were allocated and converted already."""
        keep = np.flatnonzero((amount != 0) | (reporting != 0))
        guess = np.zeros(len(keep), bool) if is_estimated is None else is_estimated[keep]
        self._parts.append(Entries(
            line[keep], np.full(len(keep), kind), amount[keep], reporting[keep], at[keep], guess
        ))

    def entries(self) -> Entries:
        """All entries, by line, cost type and time."""
        line, kind, amount, reporting, at, guess = (
            np.concatenate([getattr(part, name) for part in self._parts]) for name in _COLUMNS
        )
        order = np.lexsort((at, kind, line))
        return Entries(line[order], kind[order], amount[order], reporting[order], at[order],
                       guess[order])


def make_entries(facts: Facts, catalogue: Catalogue, rates: Rates) -> tuple[Entries, Ints]:
    """Ledger entries of a chunk, and each line's cost quality (0 exact, 1 fallback, 2 missing)."""
    heads, lines = facts.heads, facts.lines
    book = _Book(heads, lines, rates)
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
    book.add(COGS, every, -unit_cost * lines.quantity, at, is_estimated=quality == 1)
    book.spread(SHIPPING, np.arange(heads.count), facts.totals.shipping_paid
                - facts.totals.shipping_tax, heads.at, net)
    _parcels(book, facts, catalogue)
    _payments(book, facts, net)
    _marketplace(book, facts, net)
    _refunds(book, facts, net, unit_cost, quality, catalogue)
    return book.entries(), quality


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
    book.spread(LABEL, order, -np.where(label < 0, card, label), at, grams,
                is_estimated=label < 0)
    book.spread(PICK_PACK, order, -pick_pack_cost(units), at, pieces)
    book.spread(PACKAGING, order, np.full(len(out), -PACKAGING_PER_PARCEL), at, pieces)


def _payments(book: _Book, facts: Facts, net: Ints) -> None:
    paid = facts.transactions
    shop = facts.heads.shop[paid.order]
    is_paid = paid.is_success & ((paid.kind == SALE) | (paid.kind == CAPTURE))
    by_card = (paid.gateway == CARD) | (paid.gateway == PAYPAL)
    card = np.where(by_card, payment_fee(paid.amount, shop), 0)
    fee = np.where(is_paid & (paid.gateway != BOGUS), np.where(paid.fee >= 0, paid.fee, card), 0)
    book.spread(PAYMENT_FEE, paid.order, -fee, paid.at, net, is_estimated=paid.fee < 0)
    lost = paid.kind == CHARGEBACK
    loss = np.where(lost, -paid.amount, np.where(paid.kind == CHARGEBACK_REVERSAL, paid.amount, 0))
    book.spread(DISPUTED, paid.order, loss, paid.at, net)
    fee = np.where(lost, np.where(paid.fee >= 0, paid.fee, CHARGEBACK_FEE), 0)
    book.spread(DISPUTE_FEE, paid.order, -fee, paid.at, net, is_estimated=paid.fee < 0)


def _marketplace(book: _Book, facts: Facts, net: Ints) -> None:
    settled = facts.settlements
    card = marketplace_fee(settled.payment, settled.platform_discount, settled.tax)
    fee = np.where(settled.fee >= 0, settled.fee, card)
    book.spread(MARKET_FEE, settled.order, -fee, settled.at, net,
                is_estimated=settled.fee < 0)
    first, lines_back = merchandise_refunds(facts.heads, facts.refunds)
    refunded = first[settled.order] >= 0
    reported = facts.settlement_refund_fee
    admin = np.where(reported >= 0, reported, refund_admin_fee(fee, lines_back[settled.order]))
    book.spread(MARKET_REFUND_FEE, settled.order, np.where(refunded, -admin, 0),
                np.maximum(first[settled.order], 0), net, is_estimated=reported < 0)


def merchandise_refunds(heads: Heads, refunds: Refunds) -> tuple[Ints, Ints]:
    """Per order: time of the first refund that is more than shipping (-1 none), refunded lines."""
    more = np.zeros(refunds.count, bool)
    more[refunds.line_refund] = True
    more[refunds.adjustment_refund[refunds.adjustment_kind == GOODWILL]] = True
    rows = np.flatnonzero(more)[::-1]
    first = np.full(heads.count, -1)
    first[refunds.order[rows]] = refunds.at[rows]
    return first, np.bincount(refunds.order[refunds.line_refund], minlength=heads.count)


def _refunds(
    book: _Book, facts: Facts, net: Ints, unit_cost: Ints, quality: Ints, catalogue: Catalogue
) -> None:
    refunds, lines = facts.refunds, facts.lines
    included = facts.heads.shop[refunds.order] == 1
    goods = ~lines.is_gift_card[refunds.line]
    at = refunds.at[refunds.line_refund]
    back = refunds.subtotal - np.where(included[refunds.line_refund], refunds.tax, 0)
    sold_at = facts.heads.at[lines.order[refunds.line]]
    book.add(REFUND, refunds.line, np.where(goods, -back, 0), at, converted_at=sold_at)
    book.exchange_of_lines(refunds.line, np.where(goods, -back, 0), at)
    restocked = np.where(refunds.restock == DAMAGED, 0, refunds.quantity)
    book.add(COGS_BACK, refunds.line, restocked * unit_cost[refunds.line], at,
             converted_at=sold_at, is_estimated=quality[refunds.line] == 1)
    given = refunds.adjustment - np.where(
        included[refunds.adjustment_refund], refunds.adjustment_tax, 0
    )
    of, when = refunds.order[refunds.adjustment_refund], refunds.at[refunds.adjustment_refund]
    for kind, code in ((REFUND, GOODWILL), (SHIPPING_BACK, SHIPPING_REFUND)):
        amount = np.where(refunds.adjustment_kind == code, given, 0)
        book.spread(kind, of, amount, when, net, converted_at=facts.heads.at[of])
        book.exchange_of_orders(of, amount, when, net)
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
    handled = np.zeros(refunds.count, np.int64)
    handled[refund] = RETURN_HANDLING_PER_REFUND
    for kind, cost, guess in (
        (RETURN_LABEL_COST, total, guessed), (RETURN_HANDLING, handled, guessed & False)
    ):
        in_reporting = converted(cost, book.rate(refunds.order, refunds.at))
        book.append(kind, line, -allocate(cost, weight, refund, units),
                      -allocate(in_reporting, weight, refund, units), at, guess[refund])
