"""The raw events of visits.

What lives here: ``web.event`` and ``truth.sessions``.
What never does: who visits and why (``visits.py``), landing pages (``landing_pages.py``).
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Column, Ints
from orchestration.brand.catalogue import DOMAINS, Catalogue
from orchestration.brand.ids import Ids
from orchestration.brand.landing_pages import CHANNELS, Pages, make_pages
from orchestration.brand.media import Media
from orchestration.brand.order_lines import Totals
from orchestration.brand.orders import Heads
from orchestration.brand.persons import Persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.visits import (
    CART,
    CHECKOUT,
    CODES,
    DONE,
    EVENTS,
    IDENTIFY,
    LENGTHS,
    STARTS,
    VIEW,
    Sessions,
    device_names,
)
from orchestration.brand.words import DEVICE_TYPES, USER_AGENTS
from orchestration.brand.writer import TRUTH, BrandWriter


def write_events(
    writer: BrandWriter, persons: Persons, heads: Heads, totals: Totals, sessions: Sessions,
    catalogue: Catalogue, media: Media, ids: Ids, newsletters: list[str], rng: np.random.Generator,
) -> tuple[Column, Column]:
    """``web.event``; returns landing page and referrer of each visit for the orders' sake."""
    pages = make_pages(sessions, catalogue, media, ids, newsletters, rng)
    length = LENGTHS[sessions.pattern]
    row = np.repeat(np.arange(sessions.count), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    code = np.array(CODES)[STARTS[sessions.pattern][row] + place]
    jitter = (row * 7 + place * 5) % np.maximum(sessions.step[row] // 3, 1)
    at = sessions.start[row] + place * sessions.step[row] + np.where(place == 0, 0, jitter)
    at = np.where(code == DONE, heads.at[sessions.order[row]], at)
    landing = np.where(place == 0, row, -1)
    shop = sessions.shop[row]
    count = len(row)
    # The free gift, row 0, has no page: other views turn around the rows from 1 on.
    viewed = 1 + (sessions.sku[row] - 1 + (place - 1) * 13) % (catalogue.count - 1)
    sku = np.where(code == VIEW, viewed, sessions.sku[row])
    has_product = (code == VIEW) | (code == CART)
    in_cart = (code == CART) | (code == CHECKOUT) | (code == DONE)
    token = np.where(sessions.order >= 0, ids.of("order", sessions.order),
                     ids.of("session", np.arange(sessions.count)))
    price = catalogue.price[shop, sku]
    value = np.where(code == DONE, totals.total[sessions.order[row]], price)
    late = np.where(row % 97 == 0, 7_200, 1 + row % 3)
    writer.write("web", "event", {
        "_source_relation": ids.shops(shop),
        "message_id": a.join("m", a.text(ids.rows("event", count))),
        "anonymous_id": a.take(device_names(persons, ids), sessions.device[row]),
        **_who(persons, sessions, row, code, ids, rng),
        "event": a.pick(EVENTS, code),
        "timestamp": a.time(at),
        "received_at": a.time(np.minimum(at + late, ids.end)),
        **_page_columns(pages, sessions, row, landing, code, sku, catalogue),
        "context_sec_gpc": a.pick(["1"], np.where(sessions.has_gpc[row], 0, -1)),
        "context_device_type": a.pick(sorted(set(DEVICE_TYPES)), _device_type(sessions)[row]),
        "context_user_agent": a.pick(USER_AGENTS, (sessions.device % len(USER_AGENTS))[row]),
        "context_ip": a.take(_addresses(persons, sessions), landing),
        "context_region_code": persons.regions(sessions.person[row]),
        "context_country_code": persons.country_codes(sessions.person[row]),
        "order_id": a.integer(ids.of("order", sessions.order[row]), code != DONE),
        "cart_token": a.take(a.hexes(token, 21, 32), np.where(in_cart, row, -1)),
        "checkout_token": a.take(
            a.hexes(token, 22, 32), np.where((code == CHECKOUT) | (code == DONE), row, -1)),
        "sku": a.pick(catalogue.sku, np.where(has_product, sku, -1)),
        "product_id": a.integer(
            np.stack([catalogue.product_id(0), catalogue.product_id(1)])[shop, sku], ~has_product),
        "quantity": a.integer(np.ones(count, np.int64), code != CART),
        "value": a.money(value, ~in_cart),
        "currency": a.pick(["USD", "EUR"], np.where(in_cart, shop, -1)),
    })
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
    kind = np.where(with_mail, sessions.mail_kind[row], -1)
    style = np.where(given < 0.35, persons.phone_style[sessions.person], -1)
    typed = raw_phones(persons, sessions.person, style)
    return {
        "user_id": a.take(a.text(user), np.where(with_user, row, -1)),
        "email": persons.mail_texts(sessions.person[row], kind),
        "phone": a.take(typed, np.where(code == CHECKOUT, row, -1)),
    }


def _device_type(sessions: Sessions) -> Ints:
    distinct = sorted(set(DEVICE_TYPES))
    code = np.array([distinct.index(word) for word in DEVICE_TYPES])
    return code[sessions.device % len(DEVICE_TYPES)]


def _addresses(persons: Persons, sessions: Sessions) -> Column:
    number = persons.number[persons.head[sessions.person]] * 7919
    return a.join("100.", a.text(64 + number // 65_536 % 64), ".", a.text(number // 256 % 256), ".",
                  a.text(number % 254 + 1))


def _page_columns(
    pages: Pages, sessions: Sessions, row: Ints, landing: Ints, code: Ints, sku: Ints,
    catalogue: Catalogue,
) -> dict[str, Column]:
    fixed = ["/", "/products", "/cart", "/checkouts/c", "/checkouts/thank_you", "/account/login"]
    paths = fixed + [f"/products/item-{number}" for number in range(catalogue.count)]
    path = np.where(code == VIEW, len(fixed) + sku, code)
    path = np.where(landing >= 0, pages.path[row], path)
    shop = sessions.shop[row]
    static = [f"https://{domain}{word}" for domain in DOMAINS for word in paths]
    urls = a.stacked(a.column_of(static), pages.url)
    url = np.where(landing >= 0, len(static) + row, shop * len(paths) + path)

    def first(column: Column) -> Column:
        return a.take(column, landing)

    return {
        "context_page_url": a.take(urls, url),
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
        "anonymous_id": a.take(device_names(persons, ids), sessions.device),
        "person_id": a.integer(persons.number[sessions.person]),
        "channel": a.pick(CHANNELS, sessions.channel),
        "ad_id": a.integer(media.ad_id[np.maximum(sessions.ad, 0)], sessions.ad < 0),
        "campaign_id": a.integer(
            media.campaign_id[media.campaign[np.maximum(sessions.ad, 0)]], sessions.ad < 0),
        "shopify_order_id": a.integer(ids.of("order", sessions.order), sessions.order < 0),
        "started_at": a.time(sessions.start),
    })
