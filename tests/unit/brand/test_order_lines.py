"""Prices, discounts, taxes and totals agree with one another, as a shop shows them."""

from __future__ import annotations

from tests.unit.brand.conftest import Query

_SUMS = """
with lines as (
    select order_id, sum(price * quantity) as gross from shopify.order_line group by 1
), given as (
    select l.order_id, sum(d.amount) as discount from shopify.discount_allocation d
    join shopify.order_line l on l.id = d.order_line_id group by 1
), taxed as (
    select l.order_id, sum(t.price) as tax from shopify.tax_line t
    join shopify.order_line l on l.id = t.order_line_id group by 1
), shipped as (
    select order_id, sum(discounted_price) as shipping, sum(price - discounted_price) as free
    from shopify.order_shipping_line group by 1
), sums as (
    select o.*, gross, coalesce(discount, 0) as discount, coalesce(tax, 0) as tax,
        coalesce(shipping, 0) as shipping, coalesce(free, 0) as free
    from shopify."order" o join lines on lines.order_id = o.id
    left join given on given.order_id = o.id left join taxed on taxed.order_id = o.id
    left join shipped on shipped.order_id = o.id
)
select count(*) from sums where {}
"""


def test_totals_of_every_order_add_up(query: Query) -> None:
    for wrong in (
        "total_line_items_price <> gross",
        "subtotal_price <> gross - discount",
        "total_discounts <> discount + free",
        "total_price <> subtotal_price + shipping + total_tip_received "
        "+ case when taxes_included then 0 else total_tax end",
        "not taxes_included and total_tax <> tax",
        "taxes_included and total_tax < tax",
    ):
        assert query(_SUMS.format(wrong)) == [(0,)], wrong
    assert query(_SUMS.format("taxes_included and total_tax > tax"))[0][0] > 0


def test_no_line_is_discounted_below_nothing(query: Query) -> None:
    assert query(
        "select count(*) from (select l.id, any_value(l.price * l.quantity) as gross, "
        "sum(d.amount) as discount from shopify.order_line l join shopify.discount_allocation d "
        "on d.order_line_id = l.id group by 1) where discount > gross or discount <= 0"
    ) == [(0,)]


def test_allocations_point_at_an_application_of_their_order(query: Query) -> None:
    assert query(
        "select count(*) from shopify.discount_allocation d join shopify.order_line l "
        "on l.id = d.order_line_id left join shopify.discount_application a "
        "on a.order_id = l.order_id and a.index = d.discount_application_index "
        "and a.target_type = 'line_item' where a.order_id is null"
    ) == [(0,)]


def test_codes_of_an_order_sum_to_its_discounts_without_the_line_offer(query: Query) -> None:
    assert query(
        "with codes as (select order_id, sum(amount) amount from shopify.order_discount_code "
        "group by 1), offers as (select order_id, sum(total_discount) amount from "
        "shopify.order_line group by 1) select count(*) from shopify.\"order\" o left join codes "
        "on codes.order_id = o.id left join offers on offers.order_id = o.id where "
        "o.total_discounts <> coalesce(codes.amount, 0) + coalesce(offers.amount, 0)"
    ) == [(0,)]


def test_gift_cards_are_neither_taxed_nor_discounted_nor_shipped(query: Query) -> None:
    assert query(
        "select count(*) from shopify.order_line l where gift_card and (requires_shipping or "
        "taxable or exists (select 1 from shopify.tax_line t where t.order_line_id = l.id) or "
        "exists (select 1 from shopify.discount_allocation d where d.order_line_id = l.id))"
    ) == [(0,)]


def test_two_or_three_products_sell_far_better_than_the_rest(query: Query) -> None:
    sold = [
        row[0]
        for row in query(
            "select count(*) from shopify.order_line where price > 0 group by sku order by 1 desc"
        )
    ]
    assert len(sold) > 110
    assert sold[2] > 1.5 * sold[3]
