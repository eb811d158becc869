"""A flat orders export into the raw tables: nothing lost, and equal to SQL over the file itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import LandingError, LandingReport, land_orders_export
from orchestration.landing.orders_export import LINES
from orchestration.settings import PROJECT_DIR, Settings
from tests.support import SHARED_DATA
from tests.unit.landing.world import digests, fetch, now, settings_at, write

EXAMPLE = PROJECT_DIR / "docs" / "examples" / "online_retail.yml"
RETAIL = SHARED_DATA / "uci_online_retail"

MAPPING = """
relation: corner-shop
shop: {name: Corner Shop, currency: EUR, country_code: DE}
columns:
  order_number: Order
  sku: SKU
  title: Item
  quantity: Qty
  unit_price: Price
  ordered_at: Date
  email: Email
  phone: Phone
  country: Country
  discount_amount: Discount
  tax_amount: Tax
  shipping_amount: Shipping
refunds: {is_negative_quantity: true}
gateway: stripe
countries: {Germany: DE}
"""
HEADER = "Order,SKU,Item,Qty,Price,Date,Email,Phone,Country,Discount,Tax,Shipping,Note\n"
LINES_CSV = (
    "#1001,A,Apple,2,5.00,2026-01-01T10:00:00Z,Ada@Example.com,030 901820,Germany,1.00,0.50,4.90,\n"
    "#1001,B,Bread,1,3.00,2026-01-01T10:00:00Z,ada@example.com,030 901820,Germany,,0.20,4.90,x\n"
    "#1001,B,Bread,1,3.00,2026-01-01T10:00:00Z,ada@example.com,030 901820,Germany,,0.20,4.90,x\n"
    "#1001,A,Apple,-1,5.00,2026-01-05T10:00:00Z,ada@example.com,030 901820,Germany,,,,x\n"
    "#1002,C,Cheese,1,7.00,2026-01-02T10:00:00Z,,,fr,,,,x\n"
    "#1003,C,Cheese,1,\"1,000.00\",2026-01-02T10:00:00Z,,,,,,,x\n"
    "#0900,C,Cheese,-2,7.00,2026-01-03T10:00:00Z,bob@example.com,,,,,,x\n"
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path / "home")


def land_small(settings: Settings, directory: Path, lines: str = LINES_CSV) -> LandingReport:
    return land_orders_export(
        settings,
        write(directory / "orders.csv", HEADER + lines),
        write(directory / "mapping.yml", MAPPING),
        now=now,
    )


def test_lines_become_orders_customers_refunds_and_payments(
    settings: Settings, tmp_path: Path
) -> None:
    report = land_small(settings, tmp_path)
    lines = report.table(LINES.source_table)
    assert (lines.read, lines.landed, lines.quarantined) == (7, 6, 1)
    assert lines.ignored_columns == ("Note",)
    assert fetch(
        settings,
        "select name, subtotal_price, total_discounts, total_tax, total_price, currency,"
        ' shipping_address_country_code from raw_shopify."order" order by name',
    ) == [
        ("#1001", Decimal(15), Decimal(1), Decimal("0.9"), Decimal("20.8"), "EUR", "DE"),
        ("#1002", Decimal(7), Decimal(0), Decimal(0), Decimal(7), "EUR", "FR"),
    ]
    assert fetch(settings, "select email from raw_shopify.customer order by email") == [
        ("ada@example.com",), ("bob@example.com",),
    ]  # fmt: skip
    assert fetch(
        settings,
        "select r.quantity, r.subtotal, r.sku, l.sku, c.email, f.order_id is null"
        " from raw_shopify.order_line_refund as r"
        " join raw_shopify.refund as f on r.refund_id = f.id"
        " join raw_shopify.customer as c on f.customer_id = c.id"
        " left join raw_shopify.order_line as l on r.order_line_id = l.id order by 1",
    ) == [
        (1, Decimal(5), "A", "A", "ada@example.com", False),
        (2, Decimal(14), "C", None, "bob@example.com", True),
    ]
    assert fetch(settings, "select sum(amount) from raw_shopify.transaction") == [
        (Decimal("27.8"),)
    ]
    assert fetch(settings, "select phone_e164 from raw_landing.phone_number") == [("+4930901820",)]
    assert fetch(settings, "select sum(amount) from raw_shopify.discount_allocation") == [
        (Decimal(1),)
    ]
    assert fetch(settings, "select price from raw_shopify.order_shipping_line") == [
        (Decimal("4.9"),)
    ]


def test_a_refund_without_an_order_leaves_its_tax_out_where_prices_hold_it(
    settings: Settings, tmp_path: Path
) -> None:
    lines = (
        "#1001,A,Apple,1,11.90,2026-01-01T10:00:00Z,,,,,1.90,,\n"
        "#1001,A,Apple,-1,11.90,2026-01-05T10:00:00Z,,,,,-1.90,,\n"
        "#0900,A,Apple,-2,11.90,2026-01-06T10:00:00Z,,,,,-3.80,,\n"
    )
    land_orders_export(
        settings,
        write(tmp_path / "orders.csv", HEADER + lines),
        write(tmp_path / "mapping.yml", MAPPING + "is_tax_included: true\n"),
        now=now,
    )
    assert fetch(
        settings,
        "select r.subtotal, r.total_tax, f.order_id is null from raw_shopify.order_line_refund as r"
        " join raw_shopify.refund as f on r.refund_id = f.id order by 1",
    ) == [(Decimal("11.9"), Decimal("1.9"), False), (Decimal(20), Decimal("3.8"), True)]


def test_the_same_lines_in_another_order_land_the_same(tmp_path: Path) -> None:
    ends = []
    for number, lines in enumerate((LINES_CSV, _reversed(LINES_CSV))):
        settings = settings_at(tmp_path / str(number))
        land_small(settings, tmp_path / f"in-{number}", lines)
        ends.append(digests(settings))
    assert ends[0] == ends[1]


def _reversed(lines: str) -> str:
    return "".join(reversed(lines.splitlines(keepends=True)))


def test_an_export_landed_twice_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    land_small(settings, tmp_path)
    before = digests(settings)
    again = land_small(settings, tmp_path)
    assert again.landed == 0
    assert again.table(LINES.source_table).skipped_files == 1
    assert digests(settings) == before


def test_a_column_that_the_export_lacks_is_named_with_its_key(
    settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "orders.csv", HEADER.replace("Qty", "Quantity"))
    with pytest.raises(LandingError, match=r"no column 'Qty'.*columns\.quantity"):
        land_orders_export(settings, file, write(tmp_path / "m.yml", MAPPING), now=now)
    assert not settings.warehouse.exists()


def test_a_file_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LandingError, match=r"orders.xlsx is no orders export"):
        land_orders_export(
            settings, tmp_path / "orders.xlsx", write(tmp_path / "m.yml", MAPPING), now=now
        )


# The retail file by itself, and what of it landed, per month of the file's clock.
DIRECT = """
    select
        date_trunc('month', invoice_ts) as sales_month,
        count(distinct case when is_sale then invoice_no end) as orders,
        count(distinct case when is_sale then customer_id end) as customers,
        coalesce(-sum(case when is_cancelled then amount end), 0) as cancelled_amount,
        sum(case when is_sale or is_cancelled then amount end) as net_sales_amount
    from (
        select
            *,
            quantity * cast(unit_price as decimal(18, 4)) as amount,
            invoice_no like 'C%' as is_cancelled,
            invoice_no not like 'C%' and quantity >= 0 as is_sale
        from read_parquet('{file}')
    )
    group by sales_month order by sales_month
"""
LANDED = """
    with sales as (
        select
            {month} as sales_month, count(*) as orders, count(distinct customer_id) as customers,
            sum(total_price) as amount
        from raw_shopify."order" group by sales_month
    ),
    cancelled as (
        select {month} as sales_month, sum(subtotal) as amount
        from raw_shopify.order_line_refund as refunded
        inner join raw_shopify.refund as refund on refunded.refund_id = refund.id
        group by sales_month
    )
    select sales_month, orders, customers, coalesce(cancelled.amount, 0),
        sales.amount - coalesce(cancelled.amount, 0)
    from sales left join cancelled using (sales_month) order by sales_month
""".format(
    month="date_trunc('month', timezone('Europe/London', timezone('UTC', processed_at)))"
)


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path, LandingReport]:
    files = sorted(RETAIL.glob("*.parquet"))
    if not files:
        pytest.skip(f"no retail data at {RETAIL}")
    settings = settings_at(tmp_path_factory.mktemp("retail"))
    return settings, files[0], land_orders_export(settings, files[0], EXAMPLE, now=now)


Retail = tuple[Settings, Path, LandingReport]


def direct(file: Path, query: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = duckdb.sql(query.format(file=file)).fetchall()
    return rows


def test_a_real_shop_equals_direct_sql_to_the_cent(retail: Retail) -> None:
    settings, file, _ = retail
    expected = direct(file, DIRECT)
    assert len(expected) == 7
    assert fetch(settings, LANDED) == expected


def test_every_line_of_a_real_shop_is_landed_or_set_aside(retail: Retail) -> None:
    settings, file, report = retail
    lines = report.table(LINES.source_table)
    assert lines.read == lines.landed + lines.quarantined
    assert direct(file, "select count(*) from read_parquet('{file}')") == [(lines.read,)]
    landed = fetch(
        settings,
        "select (select count(*) from raw_shopify.order_line)"
        " + (select count(*) from raw_shopify.order_line_refund)",
    )
    assert landed == [(lines.landed,)]
    # What was set aside are stock movements without a price: no value is lost.
    assert fetch(
        settings,
        "select count(*), sum(cast(row_json ->> 'quantity' as bigint)"
        " * cast(row_json ->> 'unit_price' as decimal(18, 4))) from raw_landing.quarantine",
    ) == [(lines.quarantined, Decimal(0))]


def test_every_customer_of_a_real_shop_is_there(retail: Retail) -> None:
    settings, file, _ = retail
    query = "select count(distinct customer_id), max(customer_id) from read_parquet('{file}')"
    assert fetch(settings, "select count(*), max(id) from raw_shopify.customer") == direct(
        file, query
    )
