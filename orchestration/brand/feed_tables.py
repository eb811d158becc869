"""The raw tables of the merchant feed: the brand's first offers over its last 90 days.

What lives here: columns under ``google_merchant``, and ``truth.feed_incidents``.
What never does: decisions (``feed.py``).

A status is written once a day, and at every pull at which it is another than before.
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import Catalogue
from orchestration.brand.feed import (
    CODES,
    CONTEXTS,
    DAYS,
    DEMOTED,
    GONE,
    KILLED,
    KINDS,
    REVIEW,
    make_feed,
)
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import TRUTH, BrandWriter

SOURCE, RELATION = "google_merchant", "aurora-merchant"
_STATUS = ("approved", "disapproved", "disapproved", "approved")
_REVIEW_CODE, _DEMOTED_CODE = "pending_initial_policy_review_shopping_ads", "image_link_generic"
_METHODS = ("ADS", "ORGANIC")


def write_feed(
    writer: BrandWriter, catalogue: Catalogue, window: Window, rng: np.random.Generator
) -> None:
    """Everything of the feed; what lies before the brand's first day is left out."""
    feed = make_feed(rng)
    start = (window.last_day + 1 - DAYS) * DAY
    names = offer_ids(catalogue)
    changed = np.ones(feed.state.shape, bool)
    changed[:, :, 1:] = feed.state[:, :, 1:] != feed.state[:, :, :-1]
    daily = (np.arange(len(feed.pulls)) % 4 == 0)[None, None, :]
    inside = (start + feed.pulls >= window.start)[None, None, :]
    offer, context, pull = np.nonzero((changed | daily) & inside & (feed.state != GONE))
    state = feed.state[offer, context, pull]
    at = start + feed.pulls[pull]
    writer.write(SOURCE, "product_status", {
        "_source_relation": a.const(RELATION, len(offer)),
        "offer_id": a.take(names, offer), "reporting_context": a.pick(CONTEXTS, context),
        "country": a.const("US", len(offer)), "status": a.pick(_STATUS, state),
        "pulled_at": a.time(at), "changed_at": a.time(at, np.ones(len(at), bool)),
    })
    ill = np.flatnonzero((state == REVIEW) | (state == KILLED) | (state == DEMOTED))
    state = state[ill]
    code = feed.code[offer[ill], context[ill], pull[ill]]
    code = np.select([state == REVIEW, state == DEMOTED], [len(CODES), len(CODES) + 1], code)
    writer.write(SOURCE, "item_level_issue", {
        "_source_relation": a.const(RELATION, len(ill)),
        "offer_id": a.take(names, offer[ill]),
        "reporting_context": a.pick(CONTEXTS, context[ill]),
        "country": a.const("US", len(ill)),
        "issue_code": a.pick((*CODES, _REVIEW_CODE, _DEMOTED_CODE), code),
        "attribute": a.const("none", len(ill)),
        "severity": a.pick(["DISAPPROVED", "DEMOTED"], (state == DEMOTED) * 1),
        "resolution": a.pick(["merchant_action", "pending_processing"], (state == REVIEW) * 1),
        "pulled_at": a.time(at[ill]),
    })
    _write_days(writer, catalogue, feed.price, feed.has_stock, feed.seen, names, window)
    put_in = feed.incidents
    writer.write(TRUTH, "feed_incidents", {
        "offer_id": a.take(names, put_in.offer), "kind": a.pick(KINDS, put_in.kind),
        "started_at": a.time(start + put_in.started), "ended_at": a.time(start + put_in.ended),
    })


def offer_ids(catalogue: Catalogue) -> a.Column:
    """As the shop's own channel names them: country, product, variant."""
    return a.join("shopify_US_", a.text(catalogue.product_id(0)), "_",
                  a.text(catalogue.variant_id(0)))


def _write_days(
    writer: BrandWriter, catalogue: Catalogue, price: Ints, has_stock: Bools, seen: Ints,
    names: a.Column, window: Window,
) -> None:
    first = window.last_day + 1 - DAYS
    offer, day = np.nonzero(np.ones(price.shape, bool) & (first + np.arange(DAYS)
                                                          >= window.first_day)[None, :])
    cents = catalogue.price[0][offer] * price[offer, day] // price[offer, 0]
    count = len(offer)
    title = a.take(catalogue.title, offer)
    writer.write(SOURCE, "product_view", {
        "_source_relation": a.const(RELATION, count), "offer_id": a.take(names, offer),
        "pulled_on": a.date(first + day),
        "item_group_id": a.join("group", a.text(offer // 2)),
        "title": a.join("Aurora ", title, ", for every day of the winter"),
        "description": a.where(offer % 5 > 0, a.const(
            "Made to be used often and to last, tried by us for a year before it went on sale. "
            "What it is made of, where and by whom is told on its page, with all that can go "
            "wrong.", count)),
        "link": a.const("https://aurora-store.com/", count),
        "image_link": a.const("https://aurora-store.com/image.jpg", count),
        "additional_image_count": a.integer(offer % 3),
        "availability": a.pick(["out_of_stock", "in_stock"], has_stock[offer, day] * 1),
        "price": a.money(cents), "currency": a.const("USD", count),
        "brand": a.const("Aurora", count),
        "gtin": a.where(offer % 4 > 0, a.padded(4_006_381_000_000 + offer * 7, 13)),
        "mpn": a.join("A", a.text(offer)),
        "google_product_category": a.where(offer % 3 > 0, a.const("Home & Garden", count)),
        "product_type": a.take(catalogue.product_type, offer),
        "color": a.none(count), "size": a.none(count), "condition": a.const("new", count),
        "shipping": a.none(count), "click_potential": a.const("MEDIUM", count),
    })
    offer, context, day = np.nonzero(
        np.ones(seen.shape, bool) & (first + np.arange(DAYS) >= window.first_day)[None, None, :]
    )
    writer.write(SOURCE, "product_performance_view", {
        "_source_relation": a.const(RELATION, len(offer)), "offer_id": a.take(names, offer),
        "date": a.date(first + day), "marketing_method": a.pick(_METHODS, context),
        "impressions": a.integer(seen[offer, context, day]),
        "clicks": a.integer(seen[offer, context, day] // 80),
    })
