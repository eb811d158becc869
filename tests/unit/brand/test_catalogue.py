"""Products, costs over time, exchange rates."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from orchestration.brand.catalogue import make_catalogue, make_rates
from orchestration.brand.window import DAY, Window
from tests.unit.brand.conftest import Query

WINDOW = Window.of(date(2026, 10, 31), 12)


def test_the_latest_recorded_cost_is_the_inventory_items(query: Query) -> None:
    assert query(
        "select count(*) from shopify.inventory_item i left join (select _source_relation, sku, "
        "max_by(cost, valid_from) as cost from costs.unit_cost_history group by all) h "
        "using (_source_relation, sku) where i.cost is distinct from h.cost"
    ) == [(0,)]


def test_a_cost_holds_from_its_date_until_the_next() -> None:
    catalogue = make_catalogue(WINDOW, np.random.default_rng(3))
    changed = np.flatnonzero((catalogue.cost[0] >= 0).all(axis=0))
    sku = changed[:1]
    shop = np.zeros(1, np.int64)
    for version in range(3):
        begins = catalogue.cost_from[version, sku]
        assert catalogue.unit_cost(shop, sku, begins) == catalogue.cost[0, version, sku]
        if version:
            before = catalogue.unit_cost(shop, sku, begins - 1)
            assert before == catalogue.cost[0, version - 1, sku]


def test_products_hold_variants_of_one_type_only(query: Query) -> None:
    assert query(
        "select count(*) from (select product_id from shopify.product_variant v join "
        "shopify.product p on p.id = v.product_id and p._source_relation = v._source_relation "
        "group by v._source_relation, product_id having count(distinct upper(left(v.sku, 3))) > 1)"
    ) == [(0,)]


def test_every_day_has_a_rate_each_way_and_dollars_stay_dollars(query: Query) -> None:
    rates = make_rates(WINDOW, np.random.default_rng(3))
    day = np.array([WINDOW.first_day, WINDOW.last_day])
    assert rates.to_reporting(np.zeros(2, np.int64), day).tolist() == [100_000_000] * 2
    product, days = query(
        "select max(abs(a.rate * b.rate - 1))::double, count(*) from costs.exchange_rate a join "
        "costs.exchange_rate b on a.rate_date = b.rate_date and a.from_currency = b.to_currency "
        "where a.from_currency = 'EUR'"
    )[0]
    assert product == pytest.approx(0, abs=1e-6)
    assert days >= WINDOW.day_count
    assert rates.first_day * DAY < WINDOW.start
