"""Visits to the storefront: who came from where, on which device, and what they did there.

What lives here: sessions, their landing pages and click ids, and the raw event table.
What never does: orders (they exist before their visit) and e-mails.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Column, Ints
from orchestration.brand.catalogue import DOMAINS, Catalogue
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.landing_pages import (
    CHANNELS,
    DIRECT,
    EMAIL,
    PAID,
    WEIGHTS,
    Pages,
    make_pages,
)
from orchestration.brand.media import Media, choose_ads
from orchestration.brand.orders import ONLINE, TEST_ORDER, Heads, Lines, Totals
from orchestration.brand.persons import DEVICES, PRIMARY, Persons, raw_phones
from orchestration.brand.window import DAY, Window
from orchestration.brand.words import DEVICE_TYPES, USER_AGENTS
from orchestration.brand.writer import TRUTH, BrandWriter

YEARLY_SESSIONS = 12
EVENTS = ("page_viewed", "product_viewed", "add_to_cart", "checkout_started", "order_completed",
          "identify")  # fmt: skip
PAGE, VIEW, CART, CHECKOUT, DONE, IDENTIFY = range(6)
_BROWSE = (("P", 8), ("PV", 10), ("PVV", 14), ("PVVV", 16), ("PVAV", 12), ("PVVA", 7), ("PVAC", 4),
           ("PI", 3), ("PVIV", 6), ("PVVVVV", 10), ("PVVVVVV", 10))  # fmt: skip
_BUY = (("PVACO", 60), ("PVVACO", 25), ("PVAVACO", 15))
_PATTERNS = [pattern for pattern, _ in _BROWSE + _BUY]
_CODES = ["PVACOI".index(letter) for pattern in _PATTERNS for letter in pattern]
_LENGTHS = np.array([len(pattern) for pattern in _PATTERNS])
_STARTS = np.cumsum(_LENGTHS) - _LENGTHS
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
) -> Sessions:  # fmt: skip
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
    ])  # fmt: skip
    step = rng.integers(12, 210, count)
    start = np.concatenate([np.zeros(bought, np.int64), at, late_at])
    back = (_LENGTHS[pattern[:bought]] - 1) * step[:bought]
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
    )  # fmt: skip


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
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
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
    own = np.append(first + np.arange(persons.count * DEVICES), 2**50 + ids.chunk * 2 + np.arange(2))
    return a.hexes(own, 31, 32)


def first_gpc(persons: Persons, sessions: Sessions) -> Ints:
    """When a browser of the person first said no, NEVER where none did."""
    at = np.full(persons.count, NEVER)
    rows = sessions.has_gpc
    np.minimum.at(at, sessions.person[rows], sessions.start[rows])
    return at


def write_events(
    writer: BrandWriter, persons: Persons, heads: Heads, totals: Totals, sessions: Sessions,
    catalogue: Catalogue, media: Media, ids: Ids, newsletters: list[str], rng: np.random.Generator,
) -> tuple[Column, Column]:  # fmt: skip
    """``web.event``; returns landing page and referrer of each visit for the orders' sake."""
    pages = make_pages(sessions, catalogue, media, ids, newsletters, rng)
    length = _LENGTHS[sessions.pattern]
    row = np.repeat(np.arange(sessions.count), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    code = np.array(_CODES)[_STARTS[sessions.pattern][row] + place]
    jitter = (row * 7 + place * 5) % np.maximum(sessions.step[row] // 3, 1)
    at = sessions.start[row] + place * sessions.step[row] + np.where((place == 0) | (code == DONE), 0, jitter)
    at = np.where(code == DONE, heads.at[sessions.order[row]], at)
    landing = np.where(place == 0, row, -1)
    shop = sessions.shop[row]
    count = len(row)
    sku = np.where(code == VIEW, 1 + (sessions.sku[row] - 1 + (place - 1) * 13) % (catalogue.count - 1),
                   sessions.sku[row])  # fmt: skip
    has_product = (code == VIEW) | (code == CART)
    in_cart = (code == CART) | (code == CHECKOUT) | (code == DONE)
    token = np.where(sessions.order >= 0, ids.of("order", sessions.order),
                     ids.of("session", np.arange(sessions.count)))  # fmt: skip
    price = catalogue.price[shop, sku]
    value = np.where(code == DONE, totals.total[sessions.order[row]], price)
    late = np.where(row % 97 == 0, 7_200, 1 + row % 3)
    writer.write("web", "event", {
        "_source_relation": ids.shops(shop),
        "message_id": a.join("m", a.text(ids.rows("event", count))),
        "anonymous_id": device_names(persons, ids).take(a.pa.array(sessions.device[row])),
        **_who(persons, sessions, row, code, ids, rng),
        "event": a.pick(EVENTS, code),
        "timestamp": a.time(at),
        "received_at": a.time(np.minimum(at + late, ids.end)),
        **_page_columns(pages, sessions, row, landing, code, sku, catalogue),
        "context_sec_gpc": a.pick(["1"], np.where(sessions.has_gpc[row], 0, -1)),
        "context_device_type": a.pick(sorted(set(DEVICE_TYPES)), _device_type(sessions)[row]),
        "context_user_agent": a.pick(USER_AGENTS, (sessions.device % len(USER_AGENTS))[row]),
        "context_ip": _addresses(persons, sessions).take(a.pa.array(landing, mask=landing < 0)),
        "context_region_code": persons.regions(sessions.person[row]),
        "context_country_code": persons.country_codes(sessions.person[row]),
        "order_id": a.integer(ids.of("order", sessions.order[row]), code != DONE),
        "cart_token": a.hexes(token, 21, 32).take(a.pa.array(row, mask=~in_cart)),
        "checkout_token": a.hexes(token, 22, 32).take(
            a.pa.array(row, mask=(code != CHECKOUT) & (code != DONE))),
        "sku": a.pick(catalogue.sku, np.where(has_product, sku, -1)),
        "product_id": a.integer(
            np.stack([catalogue.product_id(0), catalogue.product_id(1)])[shop, sku], ~has_product),
        "quantity": a.integer(np.ones(count, np.int64), code != CART),
        "value": a.money(value, ~in_cart),
        "currency": a.pick(["USD", "EUR"], np.where(in_cart, shop, -1)),
    })  # fmt: skip
    _write_truth(writer, persons, sessions, media, ids)
    return pages.url, pages.referrer


def _who(
    persons: Persons, sessions: Sessions, row: Ints, code: Ints, ids: Ids, rng: np.random.Generator
) -> dict[str, Column]:
    """Identifiers that an event carries: nobody is known before login, form or checkout."""
    buys = sessions.order[row] >= 0
    named = (code == DONE) | (code == IDENTIFY)
    given = rng.random(sessions.count)
    named |= (code == CHECKOUT) & (buys | (given < 0.75)[row])
    with_mail = named & (sessions.mail_kind[row] >= 0)
    user = ids.account(persons, sessions.person, sessions.account, sessions.shop)
    with_user = (named | sessions.is_logged_in[row]) & (user[row] > 0)
    with_user &= ~buys | (code == DONE)
    mail = np.where(with_mail, persons.mail_row(sessions.person, sessions.mail_kind)[row], -1)
    typed = raw_phones(persons, sessions.person, np.where(given < 0.35, persons.phone_style[sessions.person], -1))
    return {
        "user_id": a.text(user).take(a.pa.array(row, mask=~with_user)),
        "email": persons.mails.take(a.pa.array(mail, mask=mail < 0)),
        "phone": typed.take(a.pa.array(row, mask=code != CHECKOUT)),
    }


def _device_type(sessions: Sessions) -> Ints:
    distinct = sorted(set(DEVICE_TYPES))
    code = np.array([distinct.index(word) for word in DEVICE_TYPES])
    return code[sessions.device % len(DEVICE_TYPES)]


def _addresses(persons: Persons, sessions: Sessions) -> Column:
    number = persons.number[persons.head[sessions.person]] * 7919
    return a.join("100.", a.text(64 + number // 65_536 % 64), ".", a.text(number // 256 % 256), ".",
                  a.text(number % 254 + 1))  # fmt: skip


def _page_columns(
    pages: Pages, sessions: Sessions, row: Ints, landing: Ints, code: Ints, sku: Ints,
    catalogue: Catalogue,
) -> dict[str, Column]:  # fmt: skip
    fixed = ["/", "/products", "/cart", "/checkouts/c", "/checkouts/thank_you", "/account/login"]
    paths = fixed + [f"/products/item-{number}" for number in range(catalogue.count)]
    path = np.where(code == VIEW, len(fixed) + sku, code)
    path = np.where(landing >= 0, pages.path[row], path)
    shop = sessions.shop[row]
    static = [f"https://{domain}{word}" for domain in DOMAINS for word in paths]
    urls = a.pa.concat_arrays([a.pa.array(static), pages.url])
    url = np.where(landing >= 0, len(static) + row, shop * len(paths) + path)

    def first(column: Column) -> Column:
        return column.take(a.pa.array(landing, mask=landing < 0))

    return {
        "context_page_url": urls.take(a.pa.array(url)),
        "context_page_path": a.pick(paths, path),
        "context_page_referrer": first(pages.referrer),
        "context_campaign_source": first(pages.source),
        "context_campaign_medium": first(pages.medium),
        "context_campaign_name": first(pages.campaign),
        "context_campaign_term": a.none(len(row)),
        "context_campaign_content": first(pages.content),
        "context_campaign_id": first(pages.campaign_id),
        "context_click_id": first(pages.click_id),
        "context_click_id_type": first(pages.click_id_type),
    }


def _write_truth(
    writer: BrandWriter, persons: Persons, sessions: Sessions, media: Media, ids: Ids
) -> None:
    """``truth.sessions``: who each visit was and what brought it; anonymous_id by its row."""
    writer.write(TRUTH, "sessions", {
        "source_relation": ids.shops(sessions.shop),
        "anonymous_id": device_names(persons, ids).take(a.pa.array(sessions.device)),
        "person_id": a.integer(persons.number[sessions.person]),
        "channel": a.pick(CHANNELS, sessions.channel),
        "ad_id": a.integer(media.ad_id[np.maximum(sessions.ad, 0)], sessions.ad < 0),
        "campaign_id": a.integer(
            media.campaign_id[media.campaign[np.maximum(sessions.ad, 0)]], sessions.ad < 0),
        "shopify_order_id": a.integer(ids.of("order", sessions.order), sessions.order < 0),
        "started_at": a.time(sessions.start),
    })  # fmt: skip


def identified_sessions(sessions: Sessions) -> Ints:
    """Rows of visits in which the device says who uses it."""
    pattern = np.array(["I" in word or "O" in word for word in _PATTERNS])[sessions.pattern]
    return np.flatnonzero(pattern | sessions.is_logged_in)


def checkout_rows(sessions: Sessions) -> tuple[Ints, Ints]:
    """Visits with a checkout that bought nothing, and when that checkout began."""
    begun = np.array([word.find("C") for word in _PATTERNS])[sessions.pattern]
    rows = np.flatnonzero((begun >= 0) & (sessions.order < 0))
    return rows, sessions.start[rows] + begun[rows] * sessions.step[rows]
