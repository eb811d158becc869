"""Visits to the storefront: who came, when, from where, on which device.

What lives here: sessions, their channel, ad or newsletter, their device, and the patterns of what
people do in them.
What never does: orders (they exist before their visit), raw events (``web.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Column, Ints
from orchestration.brand.catalogue import Catalogue
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.landing_pages import DIRECT, EMAIL, PAID, WEIGHTS
from orchestration.brand.media import Media, choose_ads
from orchestration.brand.order_lines import Lines
from orchestration.brand.orders import ONLINE, TEST_ORDER, Heads
from orchestration.brand.persons import DEVICES, PRIMARY, Persons
from orchestration.brand.window import DAY, Window

YEARLY_SESSIONS = 12
EVENTS = ("page_viewed", "product_viewed", "add_to_cart", "checkout_started", "order_completed",
          "identify")
PAGE, VIEW, CART, CHECKOUT, DONE, IDENTIFY = range(6)
_BROWSE = (("P", 8), ("PV", 10), ("PVV", 14), ("PVVV", 16), ("PVAV", 12), ("PVVA", 7), ("PVAC", 4),
           ("PI", 3), ("PVIV", 6), ("PVVVVV", 10), ("PVVVVVV", 10))
_BUY = (("PVACO", 60), ("PVVACO", 25), ("PVAVACO", 15))
_PATTERNS = [pattern for pattern, _ in _BROWSE + _BUY]
CODES = ["PVACOI".index(letter) for pattern in _PATTERNS for letter in pattern]
LENGTHS = np.array([len(pattern) for pattern in _PATTERNS])
STARTS = np.cumsum(LENGTHS) - LENGTHS
_LATE = (_PATTERNS.index("PVVA"), _PATTERNS.index("PVAC"))


@dataclass(frozen=True)
class Sessions:
    """One row per visit of a chunk: the buying ones first, in the order of their orders."""

    person: Ints
    shop: Ints
    start: Ints
    step: Ints  # seconds between two events
    pattern: Ints
    order: Ints  # -1 none
    channel: Ints
    ad: Ints
    newsletter: Ints  # row of the e-mail campaign, -1 none
    device: Ints
    sku: Ints
    mail_kind: Ints
    account: Ints  # whom the visit says it is; -1 nobody
    is_logged_in: Bools
    has_gpc: Bools

    @property
    def count(self) -> int:
        return len(self.person)


def make_sessions(
    persons: Persons, heads: Heads, lines: Lines, catalogue: Catalogue, media: Media,
    newsletter_at: Ints, unsubscribed_at: Ints, account_since: Ints, window: Window,
    rng: np.random.Generator,
) -> Sessions:
    """Draw all visits.

    Args:
        newsletter_at: send times of the e-mail campaigns, ascending.
        unsubscribed_at: from when a person gets no e-mail, NEVER where always.
        account_since: when the person's own account began, NEVER without one.
    """
    buys = np.flatnonzero((heads.channel == ONLINE) & (heads.scope != TEST_ORDER))
    person, at = _browse_times(persons, len(buys), window, rng)
    late = np.flatnonzero(rng.random(persons.count) < 0.016)
    late_at = window.end - rng.integers(1_800, DAY - 1_800, len(late))
    order = np.concatenate([buys, np.full(len(person) + len(late), -1)])
    who = np.concatenate([heads.person[buys], person, late])
    count, bought = len(who), len(buys)
    pattern = np.concatenate([
        len(_BROWSE) + _draw(_BUY, bought, rng), _draw(_BROWSE, len(person), rng),
        np.array(_LATE)[rng.integers(0, 2, len(late))],
    ])
    step = rng.integers(12, 210, count)
    start = np.concatenate([np.zeros(bought, np.int64), at, late_at])
    back = (LENGTHS[pattern[:bought]] - 1) * step[:bought]
    start[:bought] = heads.at[buys] - back
    start = np.maximum(np.minimum(start, window.end - 1_500), window.start)
    channel, ad, newsletter = _sources(
        persons, who, start, order >= 0, media, newsletter_at, unsubscribed_at, rng
    )
    device = _devices(persons, who, persons.shop[who], rng)
    first_line = np.searchsorted(lines.order, np.maximum(order, 0))
    popular = np.cumsum(catalogue.popularity) / catalogue.popularity.sum()
    sku = np.searchsorted(popular, rng.random(count), side="right")
    mail_kind = np.where(order >= 0, heads.mail_kind[np.maximum(order, 0)], PRIMARY)
    known = start > account_since[who]
    account = np.where(order >= 0, heads.account[np.maximum(order, 0)], np.where(known, 0, -1))
    return Sessions(
        person=who, shop=np.where(order >= 0, heads.shop[np.maximum(order, 0)], persons.shop[who]),
        start=start, step=step, pattern=pattern, order=order, channel=channel, ad=ad,
        newsletter=newsletter, device=device,
        sku=np.where(order >= 0, lines.sku[first_line], sku), mail_kind=mail_kind,
        account=account, is_logged_in=known & (order < 0) & (rng.random(count) < 0.14),
        has_gpc=_device_gpc(persons, device),
    )


def _draw(table: tuple[tuple[str, int], ...], count: int, rng: np.random.Generator) -> Ints:
    weights = np.array([weight for _, weight in table], float)
    return rng.choice(len(table), count, p=weights / weights.sum())


def _browse_times(
    persons: Persons, bought: int, window: Window, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """The first visit of everybody, and as many more as make the yearly mean."""
    wanted = YEARLY_SESSIONS * window.day_count / 365.25 - bought / persons.count - 1.016
    activity = (0.5 + 0.5 * persons.rate / 1000) * max(wanted, 0.0)
    number = rng.poisson(activity)
    more = np.repeat(np.arange(persons.count), number)
    begin = window.season_at(persons.arrived_at)[more]
    # A visitor stays about as long as a buyer, and half as long again.
    finish = window.season_at(np.minimum(persons.leaves_at + 60 * DAY, window.end))[more]
    season = begin + rng.random(len(more)) * np.maximum(finish - begin, 1e-6)
    at = np.maximum(window.seconds_of(np.minimum(season, 1 - 1e-9), rng), persons.arrived_at[more])
    return (
        np.concatenate([np.arange(persons.count), more]),
        np.concatenate([persons.arrived_at, at]),
    )


def _sources(
    persons: Persons, who: Ints, start: Ints, buys: Bools, media: Media, newsletter_at: Ints,
    unsubscribed_at: Ints, rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:
    """Channel, ad and newsletter of each visit; buyers come straight or by e-mail more often."""
    weights = np.array(WEIGHTS, float)
    channel = np.where(
        buys,
        rng.choice(len(WEIGHTS), len(who), p=weights[:, 1] / weights[:, 1].sum()),
        rng.choice(len(WEIGHTS), len(who), p=weights[:, 0] / weights[:, 0].sum()),
    )
    newsletter = np.searchsorted(newsletter_at, start - 120, side="right") - 1
    able = persons.has_profile[who] & (start < unsubscribed_at[who]) & (newsletter >= 0)
    able &= start > persons.arrived_at[who] + DAY
    channel = np.where((channel == EMAIL) & ~able, DIRECT, channel)
    newsletter = np.where(channel == EMAIL, newsletter, -1)
    ad = np.full(len(who), -1)
    for platform, paid in enumerate(PAID):
        rows = np.flatnonzero(channel == paid)
        ad[rows] = choose_ads(media, platform, start[rows], rng)
    return channel, ad, newsletter


def _devices(persons: Persons, who: Ints, shop: Ints, rng: np.random.Generator) -> Ints:
    """Device places: a person's own, the household's shared one, or the shop's kiosk."""
    own = np.minimum((rng.random(len(who)) ** 2 * persons.device_count[who]).astype(np.int64), 2)
    shared = persons.has_shared_device[who] & (rng.random(len(who)) < 0.5)
    device = np.where(shared, persons.head[who] * DEVICES + 3, who * DEVICES + own)
    kiosk = rng.random(len(who)) < 0.0015
    return np.where(kiosk, persons.count * DEVICES + shop, device)


def _device_gpc(persons: Persons, device: Ints) -> Bools:
    return np.append(np.repeat(persons.has_gpc, DEVICES), [False, False])[device]


def device_names(persons: Persons, ids: Ids) -> Column:
    """Anonymous ids of the chunk's device places: four a person, then the two kiosks."""
    first = int(persons.number[0]) * DEVICES
    own, kiosks = np.arange(persons.count * DEVICES), ids.chunk * 2 + np.arange(2)
    return a.hexes(np.append(first + own, 2**50 + kiosks), 31, 32)


def first_gpc(persons: Persons, sessions: Sessions) -> Ints:
    """When a browser of the person first said no, NEVER where none did."""
    at = np.full(persons.count, NEVER)
    rows = sessions.has_gpc
    np.minimum.at(at, sessions.person[rows], sessions.start[rows])
    return at




def identified_sessions(sessions: Sessions) -> Ints:
    """Rows of visits in which the device says who uses it."""
    pattern = np.array(["I" in word or "O" in word for word in _PATTERNS])[sessions.pattern]
    return np.flatnonzero(pattern | sessions.is_logged_in)


def checkout_rows(sessions: Sessions) -> tuple[Ints, Ints]:
    """Visits with a checkout that bought nothing, and when that checkout began."""
    begun: Ints = np.array([word.find("C") for word in _PATTERNS])[sessions.pattern]
    rows = np.flatnonzero((begun >= 0) & (sessions.order < 0))
    return rows, sessions.start[rows] + begun[rows] * sessions.step[rows]
