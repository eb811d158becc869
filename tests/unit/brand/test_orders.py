"""Who orders where and under which name."""

from __future__ import annotations

from tests.unit.brand.conftest import Query


def test_an_account_belongs_to_one_shop_and_one_address(query: Query) -> None:
    assert query(
        "select count(*) from shopify.customer group by _source_relation, email having count(*) > 1"
    ) == []
    assert query(
        'select count(*) from shopify."order" o left join shopify.customer c on '
        "c.id = o.customer_id and c._source_relation = o._source_relation "
        "where o.customer_id is not null and c.id is null"
    ) == [(0,)]  # fmt: skip


def test_an_account_is_not_younger_than_its_orders_and_counts_them(query: Query) -> None:
    assert query(
        "with o as (select customer_id, count(*) as n, min(created_at) as since from "
        'shopify."order" '
        "group by 1) select count(*) from shopify.customer c join o on o.customer_id = c.id "
        "where c.id > 6000000000 and (c.created_at > o.since or c.orders_count <> o.n)"
    ) == [(0,)]


def test_many_on_the_web_are_guests_some_without_any_account(query: Query) -> None:
    unlinked, guests = query(
        "select avg((o.customer_id is null)::int), avg(coalesce(c.state = 'disabled', true)::int) "
        'from shopify."order" o left join shopify.customer c on c.id = o.customer_id '
        "where source_name = 'web'"
    )[0]
    assert 0.05 < unlinked < 0.2
    assert 0.15 < guests < 0.6


def test_demand_is_uneven_and_some_never_buy(query: Query) -> None:
    never, once, many = query(
        "select avg((order_count = 0)::int), avg((order_count = 1)::int), "
        "avg((order_count >= 5)::int) from truth.persons"
    )[0]
    assert 0.05 < never < 0.3
    assert once > 0.3
    assert many > 0.02


def test_a_replacement_follows_an_order_of_the_same_address(query: Query) -> None:
    assert query(
        "select count(*) from shopify.order_tag t join shopify.\"order\" r on r.id = t.order_id "
        "where t.value = 'replacement' and not exists (select 1 from shopify.\"order\" o where "
        "o.processed_at < r.processed_at and o.total_price > 0 and "
        "(o.email = r.email or (o.email is null and r.email is null)))"
    ) == [(0,)]
