"""Claim that a real shop's sales and cancellations stand in margin as direct SQL adds them up.

What lives here: the shop's file, its sums per month, product and customer, and odd stock codes.
What never does: a tolerance; a figure of the file that was written down.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration import run
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import ROOT, SHARED_DATA, environment

MAPPING = ROOT / "docs" / "examples" / "online_retail.yml"
EXPORT = SHARED_DATA / "uci_online_retail" / "online_retail_2010-12_2011-06.parquet"
MODELS = ("+fct_order_margin", "+fct_order_lines", "+fct_refunds", "+fct_sku_margin_daily",
          "+fct_customer_margin")  # fmt: skip
# Reported in the shop's own currency, so that no conversion rounds what is compared.
CURRENCY = "GBP"
MEASURES = ("gross", "cancelled", "net")

# A C marks a cancellation; a negative line without one is a stock correction at price 0, no sale.
_FILE = """
create temp table file_lines as
select invoice_no, stock_code as sku, cast(customer_id as varchar) as customer,
    strftime(invoice_ts, '%Y-%m') as month,
    case when invoice_no like 'C%' then 'cancellation'
        when quantity < 0 then 'stock correction' else 'sale' end as kind,
    quantity * cast(unit_price as decimal(18, 4)) as amount
from read_parquet(?)
"""
# Codes that are no products of the shop; letters alone may be either, so they stand apart.
_CODE_CLASS = """
create temp macro code_class(sku) as case
    when upper(sku) in ('POST', 'DOT', 'C2') then 'carriage'
    when upper(sku) in ('D', 'M', 'S') then 'discount, manual, sample'
    when upper(sku) in ('BANK CHARGES', 'AMAZONFEE', 'CRUK') then 'fee or commission'
    when starts_with(lower(sku), 'gift_') then 'gift voucher'
    when regexp_full_match(sku, '[A-Za-z ]+') then 'other letters only'
    else 'product' end
"""
_DIRECT = """
select {key} as key,
    sum(case when kind = 'cancellation' then 0 else amount end) as gross,
    -sum(case when kind = 'cancellation' then amount else 0 end) as cancelled,
    sum(amount) as net
from file_lines where {key} is not null group by {key}
"""
_OURS = {
    "month": """
        select key, sum(gross) as gross, sum(cancelled) as cancelled,
            sum(gross) - sum(cancelled) as net
        from (
            select strftime(order_date, '%Y-%m') as key,
                gross_merchandise_sales_amount as gross, 0 as cancelled
            from warehouse.margin.fct_order_margin
            union all
            select strftime(refund_date, '%Y-%m'), 0, refund_amount
            from warehouse.commerce.fct_refunds
        ) group by key
    """,
    "sku": """
        select sku as key, sum(net_merchandise_sales_amount) as gross,
            sum(refund_amount) as cancelled, sum(net_sales_amount) as net
        from warehouse.margin.fct_sku_margin_daily group by sku
    """,
    "customer": """
        select names.customer as key, sum(net_merchandise_sales_amount) as gross,
            sum(net_merchandise_sales_amount - net_sales_amount) as cancelled,
            sum(net_sales_amount) as net
        from warehouse.margin.fct_customer_margin as margins
        left join (
            select distinct orders.customer_id,
                cast(staged.shopify_customer_id as varchar) as customer
            from warehouse.commerce.fct_orders as orders
            inner join warehouse.staging.stg_shopify__orders as staged
                using (source_relation, shopify_order_id)
        ) as names using (customer_id)
        group by names.customer
    """,
}
# Groups without any amount on either side prove nothing and are not counted.
_COMPARED = """
select coalesce(direct.key, ours.key) as key,
    cast(coalesce(ours.{measure}, 0) as decimal(18, 2)) as our_amount,
    cast(coalesce(direct.{measure}, 0) as decimal(18, 2)) as direct_amount
from ({direct}) as direct full join ({ours}) as ours on direct.key = ours.key
where coalesce(ours.{measure}, 0) <> 0 or coalesce(direct.{measure}, 0) <> 0 order by key
"""
_FILE_CLASSES = """
select case when kind = 'sale' then 'sale: ' || code_class(sku)
        || case when customer is null then ', no customer' else '' end
    else kind end as class, count(*) as lines, sum(amount) as amount
from file_lines group by class
"""
_OUR_CLASSES = """
select 'sale: ' || code_class(sku)
        || case when customer_id is null then ', no customer' else '' end as class,
    count(*) as lines, sum(gross_merchandise_sales_amount) as amount
from warehouse.commerce.fct_order_lines group by class
union all
select 'cancellation', count(*), -sum(refund_amount) from warehouse.commerce.fct_refunds
union all
select 'stock correction', count(*),
    sum(cast(row_json ->> 'quantity' as bigint)
        * cast(row_json ->> 'unit_price' as decimal(18, 4)))
from warehouse.raw_landing.quarantine where source_table = 'shopify.orders_export'
"""
_CLASSES = f"""
select class, ours.lines, ours.amount,
    coalesce(ours.lines = direct.lines and ours.amount = direct.amount, false) as is_equal,
    sum(ours.lines) over () = (select count(*) from file_lines)
    and sum(ours.amount) over () = (select sum(amount) from file_lines) as is_whole
from ({_OUR_CLASSES}) as ours full join ({_FILE_CLASSES}) as direct using (class) order by class
"""
# What the warehouse cannot tell of cancellations, as the file has it.
_CANCELLATIONS = """
select code_class(sku) || case when customer is null then ', no customer' else '' end as class,
    count(*) as lines, sum(amount) as amount
from file_lines where kind = 'cancellation' group by class order by class
"""
WHY = ("cancellations name no order here, so they stand in fct_refunds by month, and in no "
       "product's and no customer's margin")  # fmt: skip


@dataclass(frozen=True)
class _Compared:
    """Groups of one grain and measure, those that are equal, the first that is not."""

    what: str
    groups: int
    equal: int
    first: str

    @property
    def told(self) -> str:
        return f"{self.what} {self.equal:,} of {self.groups:,}{self.first}"


def real_shop(quick: bool) -> Result:
    """Gross, cancelled and net per month, product and customer; no line of the file is lost."""
    bar = "all equal to the cent; every line in a class, the classes sum to the file"
    if not EXPORT.exists():
        return Result("the export is not on this machine", bar, "OPEN")
    with tempfile.TemporaryDirectory(prefix="tributary-shop-") as folder:
        settings = Settings.from_env(environment(Path(folder)))
        source = run.Source(orders_export=EXPORT, mapping=MAPPING)
        run.land(settings, source, now=lambda: datetime.now(UTC))
        DbtProject(settings).build(
            MODELS, indirect_selection="empty", vars={"reporting_currency": CURRENCY}
        ).raise_for_failures()
        with duckdb.connect() as connection:
            connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
            connection.execute(_FILE, [str(EXPORT)])
            connection.execute(_CODE_CLASS)
            compared = [_compare(connection, key, one) for key in _OURS for one in MEASURES]
            is_whole, classes = _classes(connection)
            unlinked = _unlinked(connection)
    is_equal = all(one.equal == one.groups for one in compared)
    told = "; ".join(one.told for one in compared)
    return passed(is_equal and is_whole, f"{told}. {unlinked}{classes}", bar)


def _compare(connection: duckdb.DuckDBPyConnection, key: str, measure: str) -> _Compared:
    query = _COMPARED.format(measure=measure, direct=_DIRECT.format(key=key), ours=_OURS[key])
    rows: list[tuple[str | None, Decimal, Decimal]] = connection.execute(query).fetchall()
    wrong = [row for row in rows if row[1] != row[2]]
    first = f" (first {wrong[0][0]}: {wrong[0][1]} not {wrong[0][2]})" if wrong else ""
    return _Compared(f"{measure} per {key}", len(rows), len(rows) - len(wrong), first)


def _unlinked(connection: duckdb.DuckDBPyConnection) -> str:
    """Why cancellations are missing where they are: how many of them belong to no order."""
    row = connection.execute("""
        select count(*), coalesce(sum(refund_amount), 0) from warehouse.commerce.fct_refunds
        where order_id is null
    """).fetchone()
    assert row is not None
    return f"{row[0]:,} {WHY}: {row[1]:,.2f}. " if row[0] else ""


def _classes(connection: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
    """Whether the warehouse holds every class as the file does, and the list of them."""
    rows = connection.execute(_CLASSES).fetchall()
    listed = "; ".join(_told(*row[:3]) + ("" if row[3] else " (the file differs)") for row in rows)
    cancelled = "; ".join(_told(*row) for row in connection.execute(_CANCELLATIONS).fetchall())
    is_whole = all(row[3] and row[4] for row in rows)
    return is_whole, (
        f"Classes {'sum' if is_whole else 'do NOT sum'} to the file: {listed}. "
        f"Cancellations by the file alone: {cancelled}"
    )


def _told(name: str, lines: int | None, amount: Decimal | None) -> str:
    return f"{name} {lines or 0:,} lines {amount or 0:,.2f}"
