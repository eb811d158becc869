"""Subscriptions fit the orders that were there before them, and end as they say."""

from __future__ import annotations

from tests.unit.brand.conftest import Query

_CHARGES = (
    'recharge.charge c left join shopify."order" o on o.id = c.external_order_id_ecommerce '
    "and o._source_relation = c._source_relation"
)


def test_a_paid_charge_is_one_order_of_the_same_account_time_and_total(query: Query) -> None:
    assert query(
        f"select count(*) from {_CHARGES} left join recharge.customer s on s.id = c.customer_id "
        "where (c.processed_at is not null) <> (o.id is not null) or c.processed_at <> "
        "o.processed_at or (o.id is not null and (c.total_price <> o.total_price "
        "or s.external_customer_id_ecommerce is distinct from o.customer_id))"
    ) == [(0,)]
    assert query(
        "select count(*) - count(distinct external_order_id_ecommerce) from recharge.charge "
        "where processed_at is not null"
    ) == [(0,)]


def test_lines_and_shipping_make_up_the_charge(query: Query) -> None:
    assert query(
        "with lines as (select charge_id, sum(total_price) as total from "
        "recharge.charge_line_item group by 1), shipping as (select order_id, "
        "sum(discounted_price) as paid from shopify.order_shipping_line group by 1) "
        "select count(*) from recharge.charge c left join lines l on l.charge_id = c.id "
        "left join shipping s on s.order_id = c.external_order_id_ecommerce "
        "where c.total_price is distinct from l.total + coalesce(s.paid, 0)"
    ) == [(0,)]


def test_refunds_of_a_charge_are_those_of_its_order(query: Query) -> None:
    assert query(
        f"select count(*) from {_CHARGES} where o.id is not null and (c.status = 'SUCCESS') "
        "<> (o.financial_status = 'paid') or (c.status = 'REFUNDED') <> "
        "(o.financial_status is not distinct from 'refunded')"
    ) == [(0,)]


def test_cycles_of_a_subscription_are_days_apart_and_none_follows_its_end(query: Query) -> None:
    assert query(
        "with due as (select l.purchase_item_id as id, c.scheduled_at, lag(c.scheduled_at) over "
        "(partition by l.purchase_item_id order by c.scheduled_at) as before from recharge.charge "
        "c join recharge.charge_line_item l on l.charge_id = c.id "
        "where l.purchase_item_type = 'SUBSCRIPTION') select count(*) from due d left join "
        "recharge.subscription s on s.id = d.id where s.id is null "
        "or d.scheduled_at < d.before + interval 1 day "
        "or d.scheduled_at < s.created_at - interval 1 day or d.scheduled_at > s.cancelled_at"
    ) == [(0,)]


def test_whoever_is_active_has_a_next_charge_and_nobody_else(query: Query) -> None:
    assert query(
        "select count(*) from recharge.subscription where (status = 'ACTIVE') <> "
        "(next_charge_scheduled_at is not null) or (status = 'CANCELLED') <> "
        "(cancelled_at is not null) or (status = 'CANCELLED') <> (cancellation_reason is not null) "
        "or (status = 'EXPIRED') <> (expire_after_specific_number_of_charges is not null)"
    ) == [(0,)]


def test_every_account_is_one_of_the_shops(query: Query) -> None:
    assert query(
        "select count(*) from recharge.customer r left join shopify.customer c "
        "on c.id = r.external_customer_id_ecommerce and c._source_relation = r._source_relation "
        "where c.id is null"
    ) == [(0,)]
