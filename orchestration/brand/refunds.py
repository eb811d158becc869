"""What comes back: cancellations in money, returns, goodwill, shipping refunds.

What lives here: refunds, their lines and adjustments, return parcels, refund transactions.
What never does: margin rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand.arrays import Bools, Ints, repeats
from orchestration.brand.catalogue import Catalogue
from orchestration.brand.fulfilment import (
    GIFT_CARD,
    NEVER,
    REFUND,
    RETURN,
    STORE_CREDIT,
    Parcels,
    Transactions,
)
from orchestration.brand.ledger import group_starts, group_sum, round_div
from orchestration.brand.order_lines import Lines, Totals
from orchestration.brand.orders import IN_STORE, MARKETPLACE, REPLACEMENT, TEST_ORDER, Heads
from orchestration.brand.window import DAY, Window

RETURNED, DAMAGED, CANCELLED = range(3)
RESTOCK_TYPES = ("return", "no_restock", "cancel")
SHIPPING_REFUND, GOODWILL = range(2)
ADJUSTMENT_KINDS = ("shipping_refund", "refund_discrepancy")
FOR_RETURN, FOR_CANCELLATION, FOR_GOODWILL, FOR_SHIPPING = range(4)
NOTES = ("customer return", "order cancelled", "goodwill", "late delivery")


@dataclass(frozen=True)
class Refunds:
    """Refund heads sorted by order and time; lines and adjustments point at the head's row."""

    order: Ints
    at: Ints
    reason: Ints
    line_refund: Ints
    line: Ints
    quantity: Ints
    subtotal: Ints
    tax: Ints
    restock: Ints
    adjustment_refund: Ints
    adjustment_kind: Ints
    adjustment: Ints  # negative, like the shop shows it
    adjustment_tax: Ints

    @property
    def count(self) -> int:
        return len(self.order)


def make_refunds(
    heads: Heads, lines: Lines, totals: Totals, shipped_at: Ints, cancelled_at: Ints,
    window: Window, rng: np.random.Generator,
) -> Refunds:
    """Every refund of a chunk, amounts as the shop shows them (tax included where prices are)."""
    received = np.where(heads.channel == IN_STORE, heads.at, shipped_at)
    able = (received < NEVER) & (heads.scope != TEST_ORDER) & (heads.scope != REPLACEMENT)
    returns_at = np.minimum(received, window.end) + rng.integers(5 * DAY, 35 * DAY, heads.count)
    draw = rng.random(heads.count)
    is_return = able & (draw < 0.115) & (returns_at < window.end)
    later = able & (returns_at < window.end) & (totals.gross - totals.discount > 1_000)
    is_goodwill = later & (draw > 0.975)
    is_shipping = later & (draw > 0.955) & ~is_goodwill & (totals.shipping_paid > 0)
    is_cancelled = cancelled_at < NEVER

    chosen, second = _returned_lines(heads, lines, is_return, rng)
    is_return &= group_sum(chosen.astype(np.int64), lines.order, heads.count) > 0
    second &= returns_at[lines.order] + 6 * DAY < window.end
    has_second = group_sum(second.astype(np.int64), lines.order, heads.count) > 0
    parts = (
        (is_return, returns_at, FOR_RETURN), (has_second, returns_at + 6 * DAY, FOR_RETURN),
        (is_cancelled, cancelled_at, FOR_CANCELLATION), (is_goodwill, returns_at, FOR_GOODWILL),
        (is_shipping, returns_at, FOR_SHIPPING),
    )
    order = np.concatenate([np.flatnonzero(mask) for mask, _, _ in parts])
    at = np.concatenate([when[mask] for mask, when, _ in parts])
    reason = np.concatenate([np.full(int(mask.sum()), code) for mask, _, code in parts])
    place = np.lexsort((at, order))
    order, at, reason = order[place], at[place], reason[place]
    first = group_starts(order, heads.count)

    line = np.flatnonzero(chosen | is_cancelled[lines.order])
    cancelled = is_cancelled[lines.order[line]]
    part = (rng.random(len(line)) < 0.2) & (lines.quantity[line] > 1) & ~cancelled
    part &= heads.channel[lines.order[line]] != MARKETPLACE
    quantity = np.where(part, 1, lines.quantity[line])
    paid = (lines.gross - lines.discount)[line]
    tax = (lines.tax + lines.local_tax)[line]
    restock = np.where(rng.random(len(line)) < 0.68, RETURNED, DAMAGED)
    adjustment = _adjustments(heads, totals, lines, order, reason, rng)
    return Refunds(
        order=order, at=at, reason=reason,
        line_refund=first[lines.order[line]] + second[line],
        line=line, quantity=quantity,
        subtotal=round_div(paid * quantity, lines.quantity[line]),
        tax=round_div(tax * quantity, lines.quantity[line]),
        restock=np.where(cancelled, CANCELLED, restock),
        adjustment_refund=adjustment[0], adjustment_kind=adjustment[1],
        adjustment=adjustment[2], adjustment_tax=adjustment[3],
    )


def _returned_lines(
    heads: Heads, lines: Lines, is_return: Bools, rng: np.random.Generator
) -> tuple[Bools, Bools]:
    """Lines that come back, and which of them come in a second refund."""
    able = is_return[lines.order] & ~lines.is_gift_card & (lines.price > 0)
    draw = np.where(able, rng.random(lines.count), 2.0)
    everything = heads.channel[lines.order] == MARKETPLACE
    order = np.lexsort((draw, lines.order))
    starts = group_starts(lines.order, heads.count)
    lowest = np.zeros(lines.count, bool)
    lowest[order[starts]] = True
    chosen = able & (everything | lowest | (draw < 0.45))
    number = group_sum(chosen.astype(np.int64), lines.order, heads.count)
    splits = (rng.random(heads.count) < 0.15) & (heads.channel != MARKETPLACE)
    second = chosen & lowest & ((number > 1) & splits)[lines.order]
    return chosen, second


def _adjustments(
    heads: Heads, totals: Totals, lines: Lines, order: Ints, reason: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints, Ints]:
    with_return = (reason == FOR_RETURN) & ~repeats(order) & (rng.random(len(order)) < 0.1)
    ships = (reason == FOR_CANCELLATION) | (reason == FOR_SHIPPING) | with_return
    shipping = np.flatnonzero(ships & (totals.shipping_paid[order] > 0))
    goodwill = np.flatnonzero(reason == FOR_GOODWILL)
    refund = np.concatenate([shipping, goodwill])
    kind = np.repeat([SHIPPING_REFUND, GOODWILL], [len(shipping), len(goodwill)])
    of = order[refund]
    merchandise = totals.gross - totals.discount
    given = np.where(merchandise[of] > 4_000, 500, merchandise[of] // 10)
    amount = np.where(kind == SHIPPING_REFUND, totals.shipping_paid[of], given)
    rate = np.zeros(heads.count, np.int64)
    np.maximum.at(rate, lines.order, lines.rate)
    goodwill_tax = round_div(amount * rate[of], 10_000 + rate[of])
    tax = np.where(kind == SHIPPING_REFUND, totals.shipping_tax[of], goodwill_tax)
    tax = np.where(heads.shop[of] == 1, tax, 0)
    place = np.argsort(refund, kind="stable")
    return refund[place], kind[place], -amount[place], -tax[place]


def refund_totals(heads: Heads, refunds: Refunds) -> Ints:
    """Money that each refund gave back, tax included."""
    added = heads.shop[refunds.order] == 0
    back = group_sum(
        refunds.subtotal + np.where(added[refunds.line_refund], refunds.tax, 0),
        refunds.line_refund, refunds.count,
    )
    return back - group_sum(
        refunds.adjustment + np.where(added[refunds.adjustment_refund], refunds.adjustment_tax, 0),
        refunds.adjustment_refund, refunds.count,
    )


def make_return_parcels(
    refunds: Refunds, lines: Lines, catalogue: Catalogue, rng: np.random.Generator
) -> Parcels:
    """Parcels that brought returned goods; some are not billed yet, some the customer paid."""
    back = refunds.restock != CANCELLED
    units = group_sum(np.where(back, refunds.quantity, 0), refunds.line_refund, refunds.count)
    grams = catalogue.grams[lines.sku[refunds.line]] * refunds.quantity
    weight = group_sum(np.where(back, grams, 0), refunds.line_refund, refunds.count)
    refund = np.flatnonzero((units > 0) & (rng.random(refunds.count) < 0.78))
    draw = rng.random(len(refund))
    label = np.select([draw < 0.2, draw < 0.32], [-1, 0], rng.integers(520, 790, len(refund)))
    return Parcels(
        order=refunds.order[refund], refund=refund, kind=np.full(len(refund), RETURN),
        units=units[refund], weight=weight[refund], label=label, at=refunds.at[refund],
    )


def make_refund_transactions(
    heads: Heads, refunds: Refunds, sales: Transactions, main_row: Ints, card_row: Ints,
    rng: np.random.Generator,
) -> Transactions:
    """The way the money went back; to the gift card first where it paid a part, at most that part.

    A refund above what the main payment brought goes wholly to the gift card's balance.
    """
    back = refund_totals(heads, refunds)
    rows = np.flatnonzero(back > 0)
    order = refunds.order[rows]
    main = main_row[order]
    paid = np.where(main >= 0, sales.amount[np.maximum(main, 0)], 0)
    to_card = (main < 0) | (back[rows] > paid)
    parent = np.where(to_card & (card_row[order] >= 0), card_row[order], main)
    gateway = np.where(to_card, GIFT_CARD, sales.gateway[np.maximum(parent, 0)])
    credit = (rng.random(len(rows)) < 0.04) & ~to_card & (heads.channel[order] != MARKETPLACE)
    return Transactions(
        order=order, kind=np.full(len(rows), REFUND), is_success=np.ones(len(rows), bool),
        gateway=np.where(credit, STORE_CREDIT, gateway), amount=back[rows], at=refunds.at[rows],
        refund=rows, parent=parent, fee=np.full(len(rows), -1),
    )
