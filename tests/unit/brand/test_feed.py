"""What went wrong in the feed is in its truth, and what only looks like it is not."""

from __future__ import annotations

import numpy as np

from orchestration.brand.feed import (
    ADS,
    DAYS,
    KINDS,
    NUMBERS,
    OFFERS,
    SILENT_FIRST_DAY,
    make_feed,
)
from orchestration.brand.window import DAY
from tests.unit.brand.conftest import Query


def test_forty_incidents_at_forty_offers() -> None:
    put_in = make_feed(np.random.default_rng(1)).incidents
    assert np.bincount(put_in.kind).tolist() == list(NUMBERS)
    assert sum(NUMBERS) == len(np.unique(put_in.offer)) == 40
    assert (put_in.ended <= DAYS * DAY + 10 * DAY).all()


def test_a_silent_offer_is_approved_and_seen_far_less() -> None:
    feed = make_feed(np.random.default_rng(2))
    put_in = feed.incidents
    for row in np.flatnonzero(put_in.kind == KINDS.index("silent")):
        offer, first = put_in.offer[row], put_in.started[row] // DAY
        last = min(put_in.ended[row] // DAY, DAYS)
        assert first >= SILENT_FIRST_DAY
        assert (feed.state[offer] == 0).all()
        assert feed.seen[offer, ADS, first:last].mean() < 0.4 * feed.seen[offer, ADS, :28].mean()


def test_the_brand_names_offers_as_its_shop_does(query: Query) -> None:
    assert query(
        "select count(distinct offer_id), count(distinct v.id) from google_merchant.product_view p "
        "left join shopify.product_variant v "
        "on split_part(p.offer_id, '_', 4) = cast(v.id as varchar)"
    ) == [(OFFERS, OFFERS)]


def test_the_truth_stands_in_the_statuses(query: Query) -> None:
    assert query(
        "select count(*) from truth.feed_incidents t where kind = 'killed' and not exists ("
        "select 1 from google_merchant.product_status s where s.offer_id = t.offer_id "
        "and s.status = 'disapproved' and s.reporting_context = 'SHOPPING_ADS' "
        "and s.pulled_at between t.started_at and t.ended_at)"
    ) == [(0,)]
