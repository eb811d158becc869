"""What comes back fits what was sold."""

from __future__ import annotations

from tests.unit.brand.conftest import Query


def test_a_line_comes_back_at_most_once_and_for_at_most_what_was_paid(query: Query) -> None:
    assert query(
        "with discount as (select order_line_id, sum(amount) amount from "
        "shopify.discount_allocation group by 1) select count(*) from (select r.order_line_id, "
        "sum(r.quantity) quantity, sum(r.subtotal) subtotal from shopify.order_line_refund r "
        "group by 1) r join shopify.order_line l on l.id = r.order_line_id left join discount d "
        "on d.order_line_id = l.id where r.quantity > l.quantity "
        "or r.subtotal > l.price * l.quantity - coalesce(d.amount, 0)"
    ) == [(0,)]


def test_lines_and_adjustments_belong_to_a_refund_of_their_order(query: Query) -> None:
    assert query(
        "select count(*) from shopify.order_line_refund r left join shopify.order_line l on "
        "l.id = r.order_line_id left join shopify.refund f on f.id = r.refund_id "
        "and f.order_id = l.order_id where f.id is null"
    ) == [(0,)]
    assert query(
        "select count(*) from shopify.order_adjustment a left join shopify.refund f on "
        "f.id = a.refund_id and f.order_id = a.order_id where f.id is null or a.amount >= 0"
    ) == [(0,)]


def test_a_refund_pays_back_its_lines_and_adjustments(query: Query) -> None:
    assert query(
        "with parts as (select refund_id, subtotal as amount, total_tax as tax from "
        "shopify.order_line_refund union all select refund_id, -amount, -tax_amount from "
        "shopify.order_adjustment), back as (select f.id, sum(p.amount + case when "
        "o.taxes_included then 0 else p.tax end) as amount from shopify.refund f join "
        'shopify."order" o on o.id = f.order_id join parts p on p.refund_id = f.id group by 1) '
        "select count(*) from back left join shopify.transaction t on t.refund_id = back.id "
        "where back.amount <> coalesce(t.amount, 0)"
    ) == [(0,)]


def test_a_refund_is_later_than_its_order_and_a_return_than_its_parcel(query: Query) -> None:
    assert query(
        'select count(*) from shopify.refund f join shopify."order" o on o.id = f.order_id '
        "where f.processed_at <= o.processed_at"
    ) == [(0,)]


def test_a_return_parcel_names_its_refund(query: Query) -> None:
    assert query(
        "select count(*) from costs.shipment s left join shopify.refund f on f.id = s.refund_id "
        "and f.order_id = s.order_id where (s.kind = 'return') <> (f.id is not null)"
    ) == [(0,)]
