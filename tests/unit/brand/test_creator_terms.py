"""Terms fit the creators that have contracts; a shop that creators sell holds every case."""

from __future__ import annotations

import numpy as np

from orchestration.brand.creator_shop import LEAK, NOBODY, make_creator_shop
from tests.unit.brand.conftest import Query


def test_every_contract_has_terms_and_every_parcel_a_creator(query: Query) -> None:
    assert query(
        "select count(*) from creators.creator_contract c left join creators.creator_term t "
        "using (contract_id) where t.contract_id is null"
    ) == [(0,)]
    assert query(
        "select count(*) from creators.creator_seeding s left join creators.creator c "
        "using (creator_id) where c.creator_id is null"
    ) == [(0,)]


def test_ads_under_a_name_are_ads_of_the_plan(query: Query) -> None:
    assert query(
        "select count(*) = 6, count(*) filter (a.ad_id is null) from creators.creator_ad c "
        "left join (select distinct ad_id::varchar as ad_id from tiktok_ads.ad_history) a "
        "using (ad_id)"
    ) == [(True, 0)]


def test_free_goods_cost_what_they_cost_when_they_were_sent(query: Query) -> None:
    assert query(
        "select count(*) > 5, count(*) filter (t.goods_minor is distinct from "
        "round(100 * s.quantity * u.cost)::bigint "
        "or t.shipping_minor <> round(100 * s.shipping_cost)::bigint) "
        "from truth.creator_seedings t join creators.creator_seeding s using (seeding_id) "
        "left join lateral (select cost from costs.unit_cost_history u where u.sku = s.sku "
        "and u._source_relation = s.shop_relation and u.valid_from <= s.sent_at "
        "order by valid_from desc limit 1) u on true"
    ) == [(True, 0)]


def test_a_leaked_order_was_brought_by_nobody_who_clicked() -> None:
    _, orders, posts = make_creator_shop(12, 40, np.random.default_rng(2))
    assert posts
    assert {order.why for order in orders} == set(range(6))
    assert all(order.code_of == order.brought_by != "" for order in orders if order.why == LEAK)
    assert not any(order.code_of or order.names for order in orders if order.why == NOBODY)
