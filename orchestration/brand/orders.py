"""Orders: who buys where, when and under which name.

What lives here: order heads, replacement orders included.
What never does: what is in them (``order_lines.py``), files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from orchestration.brand.arrays import Bools, Ints, repeats
from orchestration.brand.persons import (
    APPLE_RELAY,
    DOTTED,
    KINDS,
    MARKETPLACE_RELAY,
    NOREPLY,
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

ONLINE, IN_STORE, MARKETPLACE, PHONE = range(4)
SOURCE_NAMES = ("web", "pos", "tiktok", "shopify_draft_order")
DTC, TEST_ORDER, WHOLESALE, EMPLOYEE, REPLACEMENT = range(5)
TAGS = {WHOLESALE: "wholesale", EMPLOYEE: "employee", REPLACEMENT: "replacement"}
# Customer accounts of a person, one per address that a shop has seen; the last is the other shop.
ACCOUNT_OF_KIND = {PRIMARY: 0, SHOUTED: 0, DOTTED: 1, SECOND: 2, TYPO: 3, APPLE_RELAY: 4,
                   MARKETPLACE_RELAY: 5}
ABROAD_ACCOUNT, ACCOUNTS = 6, 8
NO_ACCOUNT, POS_ACCOUNT, SUPPORT_ACCOUNT = -1, -2, -3
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


def make_heads(persons: Persons, window: Window, rng: np.random.Generator) -> Heads:
    """Who orders when, where and under which name."""
    person, at = _times(persons, window, rng)
    count = len(person)
    home = persons.shop[person]
    abroad = persons.shops_abroad[person] & (rng.random(count) < 0.4)
    draw = rng.random(count)
    channel = np.select(
        [draw < 0.06, draw < 0.074, draw < 0.082], [IN_STORE, MARKETPLACE, PHONE], 0
    )
    channel = np.where((channel == MARKETPLACE) & (home == 1), ONLINE, channel)
    shop = np.where(abroad & (channel == ONLINE), 1 - home, home)
    draw = rng.random(count)
    scope = np.select(
        [draw < 0.004, draw < 0.012, draw < 0.02], [TEST_ORDER, WHOLESALE, EMPLOYEE], DTC
    )
    scope = np.where(channel == ONLINE, scope, DTC)
    is_guest = (rng.random(count) < 0.24) & (channel == ONLINE)
    kind = _mail_kinds(persons, person, channel, scope, is_guest, rng)
    is_unlinked = is_guest & (rng.random(count) < 0.7)
    account = _accounts(kind, is_unlinked, shop, home)
    heads = Heads(
        person=person, at=at, shop=shop, channel=channel, scope=scope, mail_kind=kind,
        account=account, is_guest=is_guest,
        is_gift=(rng.random(count) < 0.03) & (channel == ONLINE) & (scope == DTC),
    )
    return _with_replacements(heads, window, rng)


def _times(persons: Persons, window: Window, rng: np.random.Generator) -> tuple[Ints, Ints]:
    mean = YEARLY_ORDERS * window.day_count / 365.25
    first_share = min(0.8, 0.6 * mean)
    begin, finish = window.season_at(persons.arrived_at), window.season_at(persons.leaves_at)
    exposure = np.maximum(finish - begin, 0.0)
    # Mean exposure under the arrival and lifetime laws of persons.py, on a fixed grid of quantiles.
    repeat_rate = (mean - first_share) / _mean_exposure(window)
    number = rng.poisson(persons.rate / 1000 * exposure * repeat_rate)
    has_first = rng.random(persons.count) < first_share
    has_first[0] = True  # no chunk, however small, is without an order
    repeats_of = np.repeat(np.arange(persons.count), number)
    person = np.concatenate([np.flatnonzero(has_first), repeats_of])
    season = begin[repeats_of] + rng.random(len(repeats_of)) * exposure[repeats_of]
    late = rng.exponential(2.0, int(has_first.sum())) * DAY
    first_at = persons.arrived_at[has_first] + 1_500 + np.minimum(late, 20 * DAY).astype(np.int64)
    at = np.concatenate([first_at, window.seconds_of(np.minimum(season, 1 - 1e-9), rng)])
    at = np.clip(at, persons.arrived_at[person] + 1_500, window.end - 600)
    order = np.lexsort((at, person))
    person, at = person[order], at[order]
    # Two orders of a person within the hour are one too many: the later one waits.
    keep = ~(repeats(person) & (np.diff(at, prepend=0) < 3_600))
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
) -> Ints:
    count = len(person)
    draw, trait = rng.random(count), rng.random(count)
    dotted = (draw < 0.09) & persons.uses_gmail[person]
    kind = np.select([draw < 0.06, dotted], [SHOUTED, DOTTED], PRIMARY)
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
    kind: Ints, is_unlinked: Bools, shop: Ints, home: Ints
) -> Ints:
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
