"""Order lines of a flat export as rows of the shop's raw tables, in SQL.

What lives here: ids from text, the temporary table ``landing_line``, one select per raw table.
What never does: reading the export, or writing to raw.

Ids: plain digits stay what they are, other text becomes 60 bits of its MD5, so that the same
export gives the same ids on any day. Copies of one line are numbered: real exports repeat lines.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.landing.mapping import OrdersExportMapping

_WRONG_SIGN = "quantity has the wrong sign: {}"


def literal(text: str | None) -> str:
    """An SQL text literal, or null."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def bigint_id(text: str) -> str:
    """SQL: a bigint for an expression of text."""
    return (
        f"case when regexp_full_match({text}, '[1-9][0-9]{{0,17}}') then try_cast({text} as bigint)"
        f" else cast('0x' || substr(md5({text}), 1, 15) as bigint) end"
    )


def refund_condition(mapping: OrdersExportMapping) -> str:
    """SQL: whether a line is a refund."""
    prefix = mapping.refunds.order_number_prefix
    parts = []
    if prefix is not None:
        parts.append(f"starts_with(order_number, {literal(prefix)})")
    if mapping.refunds.is_negative_quantity:
        parts.append("quantity < 0")
    return f"({' or '.join(parts)})" if parts else "false"


def sign_reason(mapping: OrdersExportMapping) -> str:
    """SQL: why the sign of a line fits neither a sale nor a refund, else null."""
    return (
        f"case when {refund_condition(mapping)} and quantity >= 0"
        f" then '{_WRONG_SIGN.format('a refund counts below zero')}'"
        f" when not {refund_condition(mapping)} and quantity < 0"
        f" then '{_WRONG_SIGN.format('a sale counts from zero up')}' end"
    )


def create_lines(mapping: OrdersExportMapping, reason: str) -> str:
    """SQL: ``landing_line`` from the rows of ``landing_typed`` without a reason, with ids."""
    customer = r"regexp_replace(trim(customer_id), '^([0-9]+)\.0$', '\1')"
    country = "".join(
        f" when {literal(name)} then {literal(code)}" for name, code in mapping.countries.items()
    )
    code = "case when length(trim(country)) = 2 then upper(trim(country)) end"
    return f"""
        create or replace temp table landing_line as
        with lines as (
            select
                * exclude (ordered_at, country, sku),
                trim(sku) as sku,
                {f"case trim(country) {country} else {code} end" if country else code} as country,
                timezone('UTC', timezone({literal(mapping.timezone)}, ordered_at)) as ordered_at,
                coalesce(
                    nullif({customer}, ''), nullif(lower(trim(email)), '')
                ) as customer_key,
                {refund_condition(mapping)} as is_refund
            from landing_typed
            where ({reason}) is null
        ),
        numbered as (
            select
                *,
                row_number() over (
                    partition by
                        order_number, is_refund, sku, title, quantity, unit_price, ordered_at,
                        discount_amount, tax_amount
                ) as copy_number
            from lines
        ),
        identified as (
            select
                *,
                concat_ws(
                    '|', order_number, sku, coalesce(title, ''), quantity, unit_price, ordered_at,
                    coalesce(discount_amount, 0), coalesce(tax_amount, 0), copy_number
                ) as line_text,
                max(ordered_at) over () as synced_at
            from numbered
        )
        select
            *,
            {bigint_id("order_number")} as order_id,
            {bigint_id("sku")} as product_id,
            {bigint_id("customer_key")} as customer_number,
            cast('0x' || substr(md5(line_text), 1, 15) as bigint) as line_id,
            row_number() over (partition by order_number order by line_text) as line_index,
            quantity * unit_price - coalesce(discount_amount, 0) as net_amount
        from identified
    """


def table_selects(mapping: OrdersExportMapping) -> Mapping[str, str]:
    """Raw table -> select of its columns; those left out become null."""
    selects = {
        "shop": _shop(mapping),
        "customer": _customers(mapping),
        "order": _orders(mapping),
        "order_line": _ORDER_LINES,
        "product": _PRODUCTS,
        "product_variant": _VARIANTS,
        "refund": _refunds(mapping),
        "order_line_refund": _refund_lines(mapping),
        "tax_line": _TAX_LINES,
        "discount_application": _DISCOUNTS,
        "discount_allocation": _DISCOUNT_PARTS,
        "order_shipping_line": _SHIPPING,
    }
    if mapping.gateway is not None:
        selects["transaction"] = _transactions(mapping)
    tables = {f"shopify.{name}": select for name, select in selects.items()}
    if mapping.exchange_rates:
        tables["costs.exchange_rate"] = _exchange_rates(mapping)
    return tables


def _exchange_rates(mapping: OrdersExportMapping) -> str:
    return " union all ".join(
        f"select {literal(mapping.shop.currency)} as from_currency,"
        f" {literal(rate.currency)} as to_currency,"
        f" date {literal(rate.valid_from.isoformat())} as rate_date, {rate.rate} as rate"
        for rate in mapping.exchange_rates
    )


def _shop(mapping: OrdersExportMapping) -> str:
    shop = mapping.shop
    return f"""
        select {bigint_id(literal(mapping.relation))} as id, {literal(shop.name)} as name,
            {literal(shop.currency)} as currency, {literal(mapping.timezone)} as iana_timezone,
            {literal(shop.country_code)} as country_code
    """


def _newest(column: str) -> str:
    """The filled value of the newest line; the greatest text among equals."""
    return f"max_by({column}, (ordered_at, {column})) filter (where {column} is not null)"


def _customers(mapping: OrdersExportMapping) -> str:
    return f"""
        select customer_number as id, {_newest("lower(trim(email))")} as email,
            {_newest("phone")} as phone, {_newest("first_name")} as first_name,
            {_newest("last_name")} as last_name, {_newest("city")} as default_address_city,
            {_newest("region")} as default_address_province_code,
            {_newest("zip")} as default_address_zip,
            {_newest("country")} as default_address_country_code,
            {literal(mapping.shop.currency)} as currency,
            count(distinct case when not is_refund then order_number end) as orders_count,
            min(ordered_at) as created_at, max(ordered_at) as updated_at
        from landing_line where customer_key is not null group by customer_number
    """


def _orders(mapping: OrdersExportMapping) -> str:
    tax = "coalesce(sum(tax_amount), 0)"
    added = "0" if mapping.is_tax_included else tax
    return f"""
        select order_id as id, max(customer_number) as customer_id,
            {_newest("email")} as email, {_newest("phone")} as phone, min(order_number) as name,
            {literal(mapping.source_name)} as source_name,
            {literal(mapping.shop.currency)} as currency,
            {str(mapping.is_tax_included).lower()} as taxes_included,
            sum(net_amount) as subtotal_price, sum(quantity * unit_price) as total_line_items_price,
            coalesce(sum(discount_amount), 0) as total_discounts, {tax} as total_tax,
            sum(net_amount) + {added} + coalesce(max(shipping_amount), 0) as total_price,
            'paid' as financial_status,
            min(ordered_at) as created_at, min(ordered_at) as processed_at,
            max(ordered_at) as updated_at,
            {_newest("first_name")} as shipping_address_first_name,
            {_newest("last_name")} as shipping_address_last_name,
            {_newest("city")} as shipping_address_city,
            {_newest("region")} as shipping_address_province_code,
            {_newest("zip")} as shipping_address_zip,
            {_newest("country")} as shipping_address_country_code
        from landing_line where not is_refund group by order_id
    """


_ORDER_LINES = """
    select line_id as id, order_id, line_index as index, product_id, product_id as variant_id,
        sku, coalesce(nullif(trim(title), ''), sku) as title, quantity, unit_price as price,
        coalesce(discount_amount, 0) as total_discount, false as gift_card,
        true as requires_shipping, true as taxable
    from landing_line where not is_refund
"""

_PRODUCTS = """
    select product_id as id,
        coalesce(max_by(trim(title), (ordered_at, trim(title)))
            filter (where nullif(trim(title), '') is not null), min(sku)) as title,
        'active' as status, min(ordered_at) as created_at, max(ordered_at) as updated_at
    from landing_line group by product_id
"""

_VARIANTS = """
    select product_id as id, product_id, min(sku) as sku,
        max_by(unit_price, (ordered_at, unit_price)) as price,
        min(ordered_at) as created_at, max(ordered_at) as updated_at
    from landing_line group by product_id
"""


def _refunded_order(mapping: OrdersExportMapping) -> str:
    """The order that a refund belongs to: the one of its number, where lines were sold under it."""
    if not mapping.refunds.is_negative_quantity:
        return "cast(null as bigint)"
    return "case when bool_or(not is_refund) over (partition by order_number) then order_id end"


def _refunds(mapping: OrdersExportMapping) -> str:
    return f"""
        select {bigint_id("order_number || '|refund'")} as id, min(refunded_order_id) as order_id,
            max(customer_number) as customer_id,
            min(ordered_at) as created_at, min(ordered_at) as processed_at,
            'refund ' || order_number as note, false as restock
        from (select *, {_refunded_order(mapping)} as refunded_order_id from landing_line)
        where is_refund group by order_number
    """


def _refund_lines(mapping: OrdersExportMapping) -> str:
    """A refund without an order has none to say whether it holds its tax: it is landed without."""
    included_tax = (
        " + case when refunded_order_id is null then coalesce(tax_amount, 0) else 0 end"
        if mapping.is_tax_included
        else ""
    )
    return f"""
        select line_id as id, {bigint_id("order_number || '|refund'")} as refund_id,
            case when sale_count = 1 then sale_id end as order_line_id, sku,
            -quantity as quantity, -net_amount{included_tax} as subtotal,
            -coalesce(tax_amount, 0) as total_tax, 'no_restock' as restock_type
        from (
            select *, {_refunded_order(mapping)} as refunded_order_id,
                {"count(*) filter (where not is_refund) over same_item"
                 if mapping.refunds.is_negative_quantity else "0"} as sale_count,
                min(line_id) filter (where not is_refund) over same_item as sale_id
            from landing_line window same_item as (partition by order_number, sku)
        )
        where is_refund
    """


_TAX_LINES = """
    select line_id as order_line_id, 1 as index, 'tax' as title, tax_amount as price
    from landing_line where not is_refund and coalesce(tax_amount, 0) <> 0
"""

_DISCOUNTS = """
    select order_id, 1 as index, 'manual' as type, 'discount' as title,
        'line_item' as target_type, 'entitled' as target_selection, 'across' as allocation_method,
        'fixed_amount' as value_type, sum(discount_amount) as value
    from landing_line where not is_refund and coalesce(discount_amount, 0) <> 0 group by order_id
"""

_DISCOUNT_PARTS = """
    select line_id as order_line_id, 1 as index, 1 as discount_application_index,
        discount_amount as amount
    from landing_line where not is_refund and coalesce(discount_amount, 0) <> 0
"""

_SHIPPING = """
    select order_id as id, order_id, 'shipping' as title, max(shipping_amount) as price,
        max(shipping_amount) as discounted_price
    from landing_line where not is_refund group by order_id
    having coalesce(max(shipping_amount), 0) <> 0
"""


def _transactions(mapping: OrdersExportMapping) -> str:
    return f"""
        select id, id as order_id, 'sale' as kind, 'success' as status,
            {literal(mapping.gateway)} as gateway, total_price as amount, currency,
            created_at, processed_at
        from ({_orders(mapping)})
    """
