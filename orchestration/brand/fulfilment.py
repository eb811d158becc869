"""What happens to an order before anything comes back: cancellation, parcels, payment, settlement.

What lives here: cancellations, outbound parcels, payment transactions with their fees, chargebacks,
marketplace settlements.
What never does: refunds (``refunds.py``), margin rules (``ledger.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.ledger import MILLION, marketplace_fee, payment_fee, round_div
from orchestration.brand.order_lines import Totals
from orchestration.brand.orders import DTC, IN_STORE, MARKETPLACE, ONLINE, TEST_ORDER, Heads
from orchestration.brand.persons import Persons
from orchestration.brand.rates import CHARGEBACK_FEE
from orchestration.brand.window import DAY, Window
from orchestration.brand.words import COUNTRIES

OUTBOUND, RETURN = 0, 1
GATEWAYS = (
    "shopify_payments", "paypal", "gift_card", "cash", "tiktok_shop", "store_credit", "bogus",
)
CARD, PAYPAL, GIFT_CARD, CASH, MARKETPLACE_PAY, STORE_CREDIT, BOGUS = range(7)
SALE, AUTHORIZATION, CAPTURE, REFUND, CHARGEBACK, CHARGEBACK_REVERSAL = range(6)
KINDS = ("sale", "authorization", "capture", "refund", "chargeback", "chargeback_reversal")
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Parcels:
    """One row per parcel; label -1 where the carrier has not billed it."""

    order: Ints
    refund: Ints  # row of the refund a return parcel belongs to, else -1
    kind: Ints
    units: Ints
    weight: Ints
    label: Ints
    at: Ints


@dataclass(frozen=True)
class Transactions:
    """One row per payment transaction; fee -1 where the gateway did not report one."""

    order: Ints
    kind: Ints
    is_success: Bools
    gateway: Ints
    amount: Ints
    at: Ints
    refund: Ints
    parent: Ints  # row of the transaction it follows, else -1
    fee: Ints


@dataclass(frozen=True)
class Settlements:
    """One row per settled marketplace order; -1 where the statement left the fee out."""

    order: Ints
    payment: Ints
    platform_discount: Ints
    tax: Ints
    fee: Ints
    at: Ints


def cancelled_times(heads: Heads, window: Window, rng: np.random.Generator) -> Ints:
    """Time of cancellation per order, NEVER where it stands."""
    able = (heads.channel == ONLINE) & (heads.scope == DTC)
    at = heads.at + rng.integers(3_600, 36_000, heads.count)
    hit = able & (rng.random(heads.count) < 0.018) & (at < window.end)
    return np.where(hit, at, NEVER)


def make_parcels(
    persons: Persons, heads: Heads, totals: Totals, cancelled_at: Ints, window: Window,
    rng: np.random.Generator,
) -> tuple[Parcels, Ints]:
    """Outbound parcels, and when each order first shipped (NEVER where it did not)."""
    ships = (totals.units > 0) & (heads.channel != IN_STORE) & (cancelled_at == NEVER)
    ships &= heads.scope != TEST_ORDER
    at = heads.at + rng.integers(DAY // 2, 4 * DAY, heads.count)
    ships &= at < window.end
    shipped_at = np.where(ships, at, NEVER)
    is_split = ships & (totals.units > 1) & (rng.random(heads.count) < 0.07)
    again = ships & (rng.random(heads.count) < 0.012) & (at + 10 * DAY < window.end)
    rows = [np.flatnonzero(mask) for mask in (ships, is_split, again)]
    half = np.where(is_split, totals.units // 2, 0)
    half_weight = np.where(is_split, totals.weight // 2, 0)
    order = np.concatenate(rows)
    units = np.concatenate([
        (totals.units - half)[rows[0]], half[rows[1]], totals.units[rows[2]]
    ])
    weight = np.concatenate([
        (totals.weight - half_weight)[rows[0]], half_weight[rows[1]], totals.weight[rows[2]]
    ])
    sent = np.concatenate([at[rows[0]], at[rows[1]] + 3_600, at[rows[2]] + 10 * DAY])
    far = np.isin(persons.country[heads.person[order]], _countries("CA", "JP", "AU", "GB"))
    label = 470 + weight // 6 + rng.integers(0, 180, len(order)) + np.where(far, 650, 0)
    label = np.where(rng.random(len(order)) < 0.13, -1, label)
    place = np.argsort(order, kind="stable")
    parcels = Parcels(
        order=order[place], refund=np.full(len(order), -1), kind=np.full(len(order), OUTBOUND),
        units=units[place], weight=weight[place], label=label[place],
        at=np.minimum(sent[place], window.end - 1),
    )
    return parcels, shipped_at


def _countries(*codes: str) -> list[int]:
    return [place for place, row in enumerate(COUNTRIES) if row.code in codes]


def make_payments(
    persons: Persons, heads: Heads, totals: Totals, rng: np.random.Generator
) -> tuple[Transactions, Ints, Ints]:
    """Sales, and per order the row of its main sale (-1 none) and of its gift card part (-1)."""
    count = heads.count
    gateway = np.where(rng.random(count) < 0.16, PAYPAL, CARD)
    in_store = heads.channel == IN_STORE
    at_till = np.where(rng.random(count) < 0.5, CASH, CARD)
    gateway = np.where(in_store, at_till, gateway)
    gateway = np.where(heads.channel == MARKETPLACE, MARKETPLACE_PAY, gateway)
    gateway = np.where(heads.scope == TEST_ORDER, BOGUS, gateway)
    able = (heads.channel == ONLINE) & (heads.scope == DTC) & (rng.random(count) < 0.03)
    card_value = np.array([2_500, 5_000, 10_000])[rng.integers(0, 3, count)]
    card_part = np.where(able, np.minimum(card_value, totals.total), 0)
    main = totals.total - card_part
    fails = (rng.random(count) < 0.02) & (gateway == CARD) & (main > 0)
    two_step = (rng.random(count) < 0.15) & (gateway == CARD) & (main > 0) & ~in_store
    parts = [
        (np.flatnonzero(card_part > 0), SALE, card_part, GIFT_CARD, True, -10),
        (np.flatnonzero(fails), SALE, main, -1, False, -60),
        (np.flatnonzero(two_step), AUTHORIZATION, main, -1, True, -5),
        (np.flatnonzero(two_step), CAPTURE, main, -1, True, 600),
        (np.flatnonzero((main > 0) & ~two_step), SALE, main, -1, True, 0),
    ]
    order = np.concatenate([rows for rows, *_ in parts])
    kind = np.concatenate([np.full(len(rows), kind) for rows, kind, *_ in parts])
    amount = np.concatenate([value[rows] for rows, _, value, *_ in parts])
    paid_by = np.concatenate([
        gateway[rows] if own < 0 else np.full(len(rows), own) for rows, _, _, own, *_ in parts
    ])
    success = np.concatenate([np.full(len(rows), good) for rows, *_, good, _ in parts])
    # A capture may not fall behind the last second of the window.
    at = np.concatenate([heads.at[rows] + delay for rows, *_, delay in parts])
    place = np.lexsort((kind, at, order))
    order, kind, amount, paid_by, success, at = (
        column[place] for column in (order, kind, amount, paid_by, success, at)
    )
    rows = np.arange(len(order))
    counts = success & (kind != AUTHORIZATION)
    main_row, card_row = np.full(count, -1), np.full(count, -1)
    is_card_part = counts & (paid_by == GIFT_CARD)
    card_row[order[is_card_part]] = rows[is_card_part]
    main_row[order[counts & ~is_card_part]] = rows[counts & ~is_card_part]
    parent = np.where(kind == CAPTURE, rows - 1, -1)
    fee = _actual_fees(persons, heads, order, paid_by, amount, counts, rng)
    empty = np.full(len(order), -1)
    return (
        Transactions(order, kind, success, paid_by, amount, at, empty, parent, fee),
        main_row,
        card_row,
    )


def _actual_fees(
    persons: Persons, heads: Heads, order: Ints, gateway: Ints, amount: Ints, counts: Bools,
    rng: np.random.Generator,
) -> Ints:
    """Most card fees are reported; a foreign card costs 1.5 % more, PayPal has its own price."""
    shop = heads.shop[order]
    far = np.isin(persons.country[heads.person[order]], _countries("CA", "JP", "AU", "GB"))
    card = payment_fee(amount, shop) + np.where(far, round_div(amount * 15, 1_000), 0)
    paypal = round_div(amount * 34_900, MILLION) + 49
    draw = rng.random(len(order))
    fee = np.where((gateway == CARD) & (draw < 0.9), card, -1)
    fee = np.where((gateway == PAYPAL) & (draw < 0.7), paypal, fee)
    return np.where(counts, fee, -1)


def make_chargebacks(
    heads: Heads, sales: Transactions, main_row: Ints, is_refunded: Bools, window: Window,
    rng: np.random.Generator,
) -> Transactions:
    """Disputes of card payments, and the money back of those that were won; parents are sales."""
    able = (main_row >= 0) & (heads.channel == ONLINE) & (heads.scope == DTC) & ~is_refunded
    able &= sales.gateway[np.maximum(main_row, 0)] == CARD
    at = heads.at + rng.integers(20 * DAY, 60 * DAY, heads.count)
    lost = np.flatnonzero(able & (rng.random(heads.count) < 0.006) & (at < window.end))
    won = lost[(rng.random(len(lost)) < 0.35) & (at[lost] + 20 * DAY < window.end)]
    order = np.concatenate([lost, won])
    kind = np.repeat([CHARGEBACK, CHARGEBACK_REVERSAL], [len(lost), len(won)])
    billed = np.where(rng.random(len(order)) < 0.8, CHARGEBACK_FEE, -1)
    return Transactions(
        order=order, kind=kind, is_success=np.ones(len(order), bool),
        gateway=np.full(len(order), CARD), amount=sales.amount[main_row[order]],
        at=at[order] + np.where(kind == CHARGEBACK, 0, 20 * DAY),
        refund=np.full(len(order), -1), parent=main_row[order],
        fee=np.where(kind == CHARGEBACK, billed, -1),
    )


def make_settlements(
    heads: Heads, totals: Totals, window: Window, rng: np.random.Generator
) -> Settlements:
    """Statements of marketplace orders that are old enough."""
    at = heads.at + rng.integers(7 * DAY, 12 * DAY, heads.count)
    order = np.flatnonzero((heads.channel == MARKETPLACE) & (at < window.end))
    total, tax = totals.total[order], totals.tax[order]
    discount = np.where(rng.random(len(order)) < 0.3, np.minimum(500, total // 3), 0)
    fee = marketplace_fee(total - discount, discount, tax)
    fee = np.where(rng.random(len(order)) < 0.15, -1, fee)
    return Settlements(order, total - discount, discount, tax, fee, at[order])
