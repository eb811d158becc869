"""What is in an order and what it costs the customer.

What lives here: order lines, discounts, taxes, shipping charged, tips, totals.
What never does: payments and parcels (``fulfilment.py``), refunds (``refunds.py``), files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import FREE_GIFT_SKU, GIFT_CARD_SKUS, Catalogue
from orchestration.brand.ledger import allocate, group_sum, round_div
from orchestration.brand.orders import (
    DTC,
    EMPLOYEE,
    IN_STORE,
    MARKETPLACE,
    ONLINE,
    REPLACEMENT,
    WHOLESALE,
    Heads,
)
from orchestration.brand.persons import PLACES, Persons
from orchestration.brand.words import COUNTRIES, US_TAX

CODES = ("WELCOME10", "VIP15", "SUMMER20", "BLACKFRIDAY30", "THANKYOU5", "FREESHIP", "AUTOLINE15")
CODE_PERCENT = (10, 15, 20, 30, 0, 100, 15)
THANK_YOU, FREE_SHIPPING, LINE_OFFER = 4, 5, 6


@dataclass(frozen=True)
class Lines:
    """One row per order line, sorted by order; amounts in minor units as the shop shows them."""

    order: Ints
    sku: Ints
    quantity: Ints
    price: Ints
    is_gift_card: Bools
    offer: Ints  # line discount
    code: Ints  # part of the order code
    thanks: Ints  # part of the second, fixed code
    rate: Ints  # sum of tax rates, 1/10,000
    local_rate: Ints
    tax: Ints  # first tax line
    local_tax: Ints  # second tax line, United States only

    @property
    def count(self) -> int:
        return len(self.order)

    @property
    def gross(self) -> Ints:
        return self.price * self.quantity

    @property
    def discount(self) -> Ints:
        return self.offer + self.code + self.thanks


@dataclass(frozen=True)
class Totals:
    """One row per order: what its head says in money."""

    code: Ints  # row of CODES, -1 none
    has_offer: Bools
    has_thanks: Bools
    has_free_shipping: Bools
    has_shipping_line: Bools
    shipping: Ints
    shipping_paid: Ints  # after the shipping discount
    shipping_tax: Ints  # contained in it, aurora-eu only
    tip: Ints
    gross: Ints
    discount: Ints  # without the shipping discount
    tax: Ints
    total: Ints
    weight: Ints
    units: Ints  # that need shipping


def make_lines(
    persons: Persons, heads: Heads, catalogue: Catalogue, rng: np.random.Generator
) -> tuple[Lines, Totals]:
    """What was ordered, with every discount and tax, and each order's totals."""
    number = rng.choice([1, 2, 3, 4, 5, 6], heads.count, p=[0.42, 0.28, 0.16, 0.08, 0.04, 0.02])
    order = np.repeat(np.arange(heads.count), number)
    place = np.arange(len(order)) - np.repeat(np.cumsum(number) - number, number)
    shop, scope = heads.shop[order], heads.scope[order]
    weights = np.cumsum(catalogue.popularity) / catalogue.popularity.sum()
    sku = np.searchsorted(weights, rng.random(len(order)), side="right")
    quantity = rng.choice([1, 2, 3], len(order), p=[0.86, 0.11, 0.03])
    quantity = np.where(scope == WHOLESALE, quantity * 10, quantity)
    draw = rng.random(len(order))
    is_dtc = (scope == DTC) & (heads.channel[order] == ONLINE)
    gift_card = catalogue.count - GIFT_CARD_SKUS + sku % GIFT_CARD_SKUS
    sku = np.where(is_dtc & (draw < 0.012), gift_card, sku)
    free = is_dtc & (draw > 0.96) & (place > 0)
    sku = np.where(free, FREE_GIFT_SKU, sku)
    is_gift_card = catalogue.is_gift_card[sku]
    quantity = np.where(free | is_gift_card, 1, quantity)
    price = np.where(scope == REPLACEMENT, 0, catalogue.price[shop, sku])
    gross = price * quantity
    eligible = np.where(is_gift_card, 0, gross)
    flags = _discount_flags(heads, rng)
    code, has_offer, has_thanks, has_free_shipping = flags
    base = group_sum(eligible, order, heads.count)
    has_offer &= eligible[np.cumsum(number) - number] > 0
    code, has_thanks = np.where(base > 0, code, -1), has_thanks & (base > 0) & (code >= 0)
    offer = np.where(has_offer[order] & (place == 0), round_div(eligible * 15, 100), 0)
    percent = np.where(code >= 0, np.array(CODE_PERCENT)[code], 0)
    parts = allocate(round_div(base * percent, 100), eligible, order, quantity)
    fixed = np.where(has_thanks, np.minimum(500, base // 5), 0)
    thanks = allocate(fixed, eligible, order, quantity)
    rate, local_rate = _tax_rates(persons, heads)
    rate, local_rate = (
        np.where(is_gift_card | (gross == 0), 0, each[order]) for each in (rate, local_rate)
    )
    paid = gross - offer - parts - thanks
    included = shop == 1
    tax = np.where(
        included, round_div(paid * rate, 10_000 + rate), round_div(paid * rate, 10_000)
    )
    local_tax = np.where(included, 0, round_div(paid * local_rate, 10_000))
    lines = Lines(
        order=order, sku=sku, quantity=quantity, price=price, is_gift_card=is_gift_card,
        offer=offer, code=parts, thanks=thanks, rate=rate + local_rate,
        local_rate=local_rate, tax=tax, local_tax=local_tax,
    )
    return lines, _totals(persons, heads, lines, catalogue, code, has_offer, has_thanks,
                          has_free_shipping, rng)


def _discount_flags(
    heads: Heads, rng: np.random.Generator
) -> tuple[Ints, Bools, Bools, Bools]:
    count = heads.count
    able = (heads.channel != MARKETPLACE) & (heads.scope != REPLACEMENT)
    month = heads.at.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    code = np.where(rng.random(count) < 0.25, rng.choice(3, count, p=[0.5, 0.3, 0.2]), -1)
    black = (month == 10) & (rng.random(count) < 0.3)
    code = np.where(able, np.where(black, 3, code), -1)
    code = np.where(heads.scope == EMPLOYEE, 3, code)
    return (
        code,
        able & (rng.random(count) < 0.08),
        rng.random(count) < 0.12,
        able & (rng.random(count) < 0.05) & (heads.channel == ONLINE),
    )


def _tax_rates(persons: Persons, heads: Heads) -> tuple[Ints, Ints]:
    """State (or country) and local rate per order; nothing on exports."""
    by_place = np.array([
        US_TAX[place[2]] if COUNTRIES[place[0]].code == "US" and place[2]
        else (COUNTRIES[place[0]].tax, 0)
        for place in PLACES
    ])
    rates = by_place[persons.place[heads.person]]
    at_home = heads.shop == persons.shop[heads.person]
    return np.where(at_home, rates[:, 0], 0), np.where(at_home, rates[:, 1], 0)


def _totals(
    persons: Persons, heads: Heads, lines: Lines, catalogue: Catalogue, code: Ints,
    has_offer: Bools, has_thanks: Bools, has_free_shipping: Bools, rng: np.random.Generator,
) -> Totals:
    count = heads.count
    gross = group_sum(lines.gross, lines.order, count)
    discount = group_sum(lines.discount, lines.order, count)
    line_tax = group_sum(lines.tax + lines.local_tax, lines.order, count)
    units = group_sum(np.where(lines.is_gift_card, 0, lines.quantity), lines.order, count)
    weight = group_sum(catalogue.grams[lines.sku] * lines.quantity, lines.order, count)
    has_line = (units > 0) & (heads.channel != IN_STORE)
    express = rng.random(count) < 0.1
    price = np.where(express, 1_295, np.where(heads.shop == 0, 595, 495))
    price = np.where((gross - discount >= 7_500) & ~express, 0, price)
    shipping = np.where(has_line & (heads.scope != REPLACEMENT), price, 0)
    has_free_shipping = has_free_shipping & (shipping > 0)
    paid = np.where(has_free_shipping, 0, shipping)
    rate = _tax_rates(persons, heads)[0]
    shipping_tax = np.where(heads.shop == 1, round_div(paid * rate, 10_000 + rate), 0)
    tip = np.where((heads.channel == IN_STORE) & (rng.random(count) < 0.15), 200, 0)
    added = np.where(heads.shop == 1, 0, line_tax)
    return Totals(
        code=code, has_offer=has_offer, has_thanks=has_thanks,
        has_free_shipping=has_free_shipping, has_shipping_line=has_line, shipping=shipping,
        shipping_paid=paid, shipping_tax=shipping_tax, tip=tip, gross=gross, discount=discount,
        tax=line_tax + shipping_tax, total=gross - discount + paid + added + tip, weight=weight,
        units=units,
    )
