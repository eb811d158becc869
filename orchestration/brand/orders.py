"""Orders: who buys what, where, when, under which e-mail, at which price.

What lives here: order heads, order lines, discounts, taxes, shipping charged, tips, totals.
What never does: payments and parcels (``fulfilment.py``), refunds (``refunds.py``), files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import FREE_GIFT_SKU, GIFT_CARD_SKUS, Catalogue
from orchestration.brand.ledger import allocate, group_sum, round_div
from orchestration.brand.persons import (
    APPLE_RELAY,
    DOTTED,
    KINDS,
    MARKETPLACE_RELAY,
    NOREPLY,
    PLACES,
    POS,
    PRIMARY,
    SECOND,
    SHOUTED,
    SUPPORT,
    TEST,
    TYPO,
    Persons,
)
from orchestration.brand.window import DAY, Window
from orchestration.brand.words import COUNTRIES, US_TAX

ONLINE, IN_STORE, MARKETPLACE, PHONE = range(4)
SOURCE_NAMES = ("web", "pos", "tiktok", "shopify_draft_order")
DTC, TEST_ORDER, WHOLESALE, EMPLOYEE, REPLACEMENT = range(5)
TAGS = {WHOLESALE: "wholesale", EMPLOYEE: "employee", REPLACEMENT: "replacement"}
# Customer accounts of a person, one per address that a shop has seen; the last is the other shop.
ACCOUNT_OF_KIND = {PRIMARY: 0, SHOUTED: 0, DOTTED: 1, SECOND: 2, TYPO: 3, APPLE_RELAY: 4,
                   MARKETPLACE_RELAY: 5}  # fmt: skip
ABROAD_ACCOUNT, ACCOUNTS = 6, 8
NO_ACCOUNT, POS_ACCOUNT, SUPPORT_ACCOUNT = -1, -2, -3
CODES = ("WELCOME10", "VIP15", "SUMMER20", "BLACKFRIDAY30", "THANKYOU5", "FREESHIP", "AUTOLINE15")
CODE_PERCENT = (10, 15, 20, 30, 0, 100, 15)
THANK_YOU, FREE_SHIPPING, LINE_OFFER = 4, 5, 6
YEARLY_ORDERS = 1.6


@dataclass(frozen=True)
class Heads:
    """One row per order of a chunk, sorted by person and time."""

    person: Ints
    at: Ints
    shop: Ints
    channel: Ints
    scope: Ints
    mail_kind: Ints  # -1 none
    account: Ints
    is_guest: Bools
    is_gift: Bools  # shipped to somebody else

    @property
    def count(self) -> int:
        return len(self.person)


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


def make_heads(persons: Persons, window: Window, rng: np.random.Generator) -> Heads:
    """Who orders when, where and under which name."""
    person, at = _times(persons, window, rng)
    count = len(person)
    home = persons.shop[person]
    abroad = persons.shops_abroad[person] & (rng.random(count) < 0.4)
    draw = rng.random(count)
    channel = np.select([draw < 0.06, draw < 0.11, draw < 0.118], [IN_STORE, MARKETPLACE, PHONE], 0)
    channel = np.where((channel == MARKETPLACE) & (home == 1), ONLINE, channel)
    shop = np.where(abroad & (channel == ONLINE), 1 - home, home)
    draw = rng.random(count)
    scope = np.select([draw < 0.004, draw < 0.012, draw < 0.02], [TEST_ORDER, WHOLESALE, EMPLOYEE], 0)
    scope = np.where(channel == ONLINE, scope, DTC)
    is_guest = (rng.random(count) < 0.24) & (channel == ONLINE)
    kind = _mail_kinds(persons, person, channel, scope, is_guest, rng)
    account = _accounts(kind, channel, is_guest & (rng.random(count) < 0.45), abroad, shop, home, rng)
    heads = Heads(
        person=person, at=at, shop=shop, channel=channel, scope=scope, mail_kind=kind,
        account=account, is_guest=is_guest,
        is_gift=(rng.random(count) < 0.03) & (channel == ONLINE) & (scope == DTC),
    )  # fmt: skip
    return _with_replacements(heads, window, rng)


def _times(persons: Persons, window: Window, rng: np.random.Generator) -> tuple[Ints, Ints]:
    mean = YEARLY_ORDERS * window.day_count / 365.25
    first_share = min(0.8, 0.6 * mean)
    begin, finish = window.season_at(persons.arrived_at), window.season_at(persons.leaves_at)
    exposure = np.maximum(finish - begin, 0.0)
    # Mean exposure under the arrival and lifetime laws of persons.py, on a fixed grid of quantiles.
    repeats = (mean - first_share) / _mean_exposure(window)
    number = rng.poisson(persons.rate / 1000 * exposure * repeats)
    has_first = rng.random(persons.count) < first_share
    person = np.concatenate([np.flatnonzero(has_first), np.repeat(np.arange(persons.count), number)])
    again = person[int(has_first.sum()):]  # fmt: skip
    season = begin[again] + rng.random(len(again)) * exposure[again]
    late = rng.exponential(2.0, int(has_first.sum())) * DAY
    first_at = persons.arrived_at[has_first] + 1_500 + np.minimum(late, 20 * DAY).astype(np.int64)
    at = np.concatenate([first_at, window.seconds_of(np.minimum(season, 1 - 1e-9), rng)])
    at = np.clip(at, persons.arrived_at[person] + 1_500, window.end - 600)
    order = np.lexsort((at, person))
    person, at = person[order], at[order]
    # Two orders of a person within the hour are one too many: the later one waits.
    close = np.concatenate([[False], (np.diff(person) == 0) & (np.diff(at) < 3_600)])
    keep = ~close
    return person[keep], at[keep]


def _mean_exposure(window: Window) -> float:
    arrive = (np.arange(200) + 0.5) / 200
    arrive = arrive * np.sqrt(arrive)
    live = -np.log1p(-(np.arange(200) + 0.5) / 200) * 420.0 * DAY + 5 * DAY
    days = np.arange(window.day_count + 1, dtype=np.float64) * DAY + window.start
    season = window.season_at(days.astype(np.int64))
    begin = np.interp(arrive, season, days)
    finish = np.minimum(begin[:, None] + live[None, :], float(window.end))
    return float(np.mean(np.interp(finish, days, season) - arrive[:, None]))


def _mail_kinds(
    persons: Persons, person: Ints, channel: Ints, scope: Ints, is_guest: Bools,
    rng: np.random.Generator,
) -> Ints:  # fmt: skip
    count = len(person)
    draw, trait = rng.random(count), rng.random(count)
    kind = np.select([draw < 0.06, draw < 0.08], [SHOUTED, DOTTED], PRIMARY)
    kind = np.where(persons.has_second_mail[person] & (trait < 0.4), SECOND, kind)
    kind = np.where(persons.has_apple_relay[person] & (trait < 0.6), APPLE_RELAY, kind)
    kind = np.where(persons.makes_typos[person] & is_guest & (trait > 0.5), TYPO, kind)
    shared = rng.random(count)
    kind = np.select(
        [channel == MARKETPLACE, scope == TEST_ORDER, channel == PHONE, shared < 0.003],
        [MARKETPLACE_RELAY, KINDS + TEST, KINDS + SUPPORT, KINDS + NOREPLY],
        kind,
    )
    walk_in = np.select([shared < 0.4, shared < 0.7], [-1, KINDS + POS], PRIMARY)
    return np.asarray(np.where(channel == IN_STORE, walk_in, kind))


def _accounts(
    kind: Ints, channel: Ints, is_unlinked: Bools, abroad: Bools, shop: Ints, home: Ints,
    rng: np.random.Generator,
) -> Ints:  # fmt: skip
    table = np.full(KINDS + 5, NO_ACCOUNT)
    table[list(ACCOUNT_OF_KIND)] = list(ACCOUNT_OF_KIND.values())
    table[KINDS + SUPPORT], table[KINDS + POS] = SUPPORT_ACCOUNT, POS_ACCOUNT
    account = np.where(kind < 0, NO_ACCOUNT, table[np.maximum(kind, 0)])
    account = np.where((account == 0) & (shop != home), ABROAD_ACCOUNT, account)
    # A second address is never used in the other shop: one account has one shop.
    account = np.where((account > 0) & (account < 6) & (shop != home), NO_ACCOUNT, account)
    return np.asarray(np.where(is_unlinked & (account >= 0), NO_ACCOUNT, account))


def _with_replacements(heads: Heads, window: Window, rng: np.random.Generator) -> Heads:
    """Some online orders are sent again for nothing, one to three weeks later."""
    able = (heads.channel == ONLINE) & (heads.scope == DTC) & (heads.at < window.end - 24 * DAY)
    base = np.flatnonzero(able & (rng.random(heads.count) < 0.006))
    later = heads.at[base] + rng.integers(7 * DAY, 21 * DAY, len(base))
    place = np.concatenate([np.arange(heads.count), base])
    fresh = np.arange(len(place)) >= heads.count
    at = np.concatenate([heads.at, later])
    order = np.lexsort((at, heads.person[place]))
    fresh, place, at = fresh[order], place[order], at[order]
    names = ("person", "shop", "channel", "scope", "mail_kind", "account", "is_guest", "is_gift")
    taken = replace(heads, at=at, **{name: getattr(heads, name)[place] for name in names})
    return replace(
        taken,
        channel=np.where(fresh, PHONE, taken.channel),
        scope=np.where(fresh, REPLACEMENT, taken.scope),
    )


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
    sku = np.where(is_dtc & (draw < 0.012), catalogue.count - GIFT_CARD_SKUS + sku % GIFT_CARD_SKUS, sku)
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
    thanks = allocate(np.where(has_thanks, np.minimum(500, base // 5), 0), eligible, order, quantity)
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
    )  # fmt: skip
    return lines, _totals(persons, heads, lines, catalogue, code, has_offer, has_thanks,
                          has_free_shipping, rng)  # fmt: skip


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
    ])  # fmt: skip
    rates = by_place[persons.place[heads.person]]
    at_home = heads.shop == persons.shop[heads.person]
    return np.where(at_home, rates[:, 0], 0), np.where(at_home, rates[:, 1], 0)


def _totals(
    persons: Persons, heads: Heads, lines: Lines, catalogue: Catalogue, code: Ints,
    has_offer: Bools, has_thanks: Bools, has_free_shipping: Bools, rng: np.random.Generator,
) -> Totals:  # fmt: skip
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
    )  # fmt: skip
