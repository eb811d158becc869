"""Payments, parcels, chargebacks and settlements fit their orders."""

from __future__ import annotations

from tests.unit.brand.conftest import Query


def test_an_order_is_paid_in_full_and_no_more_goes_back_than_came(query: Query) -> None:
    assert query(
        "with paid as (select order_id, sum(case when status = 'success' and kind in ('sale', "
        "'capture') then amount else 0 end) as paid, sum(case when kind = 'refund' then amount "
        "else 0 end) as back from shopify.transaction group by 1) select count(*) from "
        'shopify."order" o left join paid on paid.order_id = o.id '
        "where o.total_price <> coalesce(paid, 0) or back > paid"
    ) == [(0,)]


def test_a_follow_up_names_its_parent_and_comes_later(query: Query) -> None:
    assert query(
        "select count(*) from shopify.transaction t left join shopify.transaction p "
        "on p.id = t.parent_id and p.order_id = t.order_id where t.kind not in ('sale', "
        "'authorization') and (p.id is null or p.processed_at > t.processed_at)"
    ) == [(0,)]


def test_a_cancelled_order_is_refunded_in_full_and_never_shipped(query: Query) -> None:
    assert query(
        'select count(*) from shopify."order" o where cancelled_at is not null and ('
        "financial_status <> 'refunded' or fulfillment_status is not null or exists "
        "(select 1 from costs.shipment s where s.order_id = o.id))"
    ) == [(0,)]


def test_parcels_hold_all_units_of_their_order_unless_sent_again(query: Query) -> None:
    assert query(
        "with units as (select order_id, sum(case when requires_shipping then quantity else 0 end)"
        " as units from shopify.order_line group by 1), sent as (select order_id, sum(unit_count) "
        "as sent from costs.shipment where kind = 'outbound' group by 1) select count(*) from sent "
        "join units using (order_id) where sent not in (units, 2 * units)"
    ) == [(0,)]


def test_a_parcel_leaves_after_its_order(query: Query) -> None:
    assert query(
        'select count(*) from costs.shipment s join shopify."order" o on o.id = s.order_id '
        "where s.shipped_at <= o.processed_at"
    ) == [(0,)]


def test_a_settlement_is_of_a_marketplace_order_whose_total_it_splits(query: Query) -> None:
    assert query(
        'select count(*) from tiktok_shop.order_settlement s left join shopify."order" o on '
        "o.id = s.shopify_order_id and o._source_relation = s._source_relation where o.source_name "
        "is distinct from 'tiktok' or customer_payment + platform_discount <> total_price "
        "or s.tax <> total_tax"
    ) == [(0,)]


def test_fees_are_only_billed_on_money_that_moved(query: Query) -> None:
    assert query(
        "select count(*) from costs.transaction_fee f left join shopify.transaction t "
        "on t.id = f.transaction_id and t.order_id = f.order_id where t.id is null or "
        "t.status <> 'success' or t.kind not in ('sale', 'capture', 'chargeback') or f.amount <= 0"
    ) == [(0,)]
