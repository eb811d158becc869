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
MODELS = ("+reconciliation_daily", "+margin_findings", "+dim_products", "+fct_class_sales_monthly")
# Reported in the shop's own currency, so that no conversion rounds what is compared.
CURRENCY = "GBP"
MEASURES = ("gross", "cancelled", "net")

# A C marks a cancellation; a negative line without one is a stock correction at price 0, no sale.
_FILE = """
create temp table file_lines as
select *, class || case when customer is null then ', no customer' else '' end as class_of_buyer
from (
    select invoice_no, stock_code as sku, cast(customer_id as varchar) as customer,
        strftime(invoice_ts, '%Y-%m') as month, code_class(stock_code) as class,
        case when invoice_no like 'C%' then 'cancellation'
            when quantity < 0 then 'stock correction' else 'sale' end as kind,
        quantity * cast(unit_price as decimal(18, 4)) as amount
    from read_parquet(?)
)
"""
# A product's code is five digits, or DCGS for what the shop sold under another name; one of these
# is a carriage all the same. Nothing of it is read from the seed.
_CODE_CLASS = """
create temp macro code_class(sku) as case
    when upper(sku) in ('POST', 'DOT', 'C2', '23444') then 'postage'
    when upper(sku) in ('BANK CHARGES', 'AMAZONFEE', 'CRUK') then 'fee'
    when upper(sku) in ('S', 'PADS') then 'sample'
    when upper(sku) = 'D' then 'discount'
    when upper(sku) = 'M' then 'adjustment'
    when starts_with(lower(sku), 'gift_') then 'gift_voucher'
    when regexp_full_match(upper(sku), '([0-9]{5}|DCGS)[0-9A-Z]*') then 'merchandise'
    else 'not known here: ' || sku end
"""
_DIRECT = """
select {key} as key,
    sum(case when kind = 'cancellation' then 0 else amount end) as gross,
    -sum(case when kind = 'cancellation' then amount else 0 end) as cancelled,
    sum(amount) as net
from file_lines where {key} is not null group by {key}
"""
_SKU = "select {} as key, sum(net_merchandise_sales_amount) as gross, \
sum(refund_amount) as cancelled, sum(net_sales_amount) as net \
from warehouse.margin.fct_sku_margin_daily group by key"
_CLASSES = "select {} as key, sum(gross_merchandise_sales_amount) as gross, \
sum(refund_amount) as cancelled, sum(net_sales_amount) as net \
from warehouse.commerce.fct_class_sales_monthly group by key"
# Grain → the file's column and our figures; products by code and by class must both hold.
_OURS = {
    "month": ("month", """
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
    """),
    "sku": ("sku", _SKU.format("sku")),
    "customer": ("customer", """
        select identifier_value as key, sum(net_merchandise_sales_amount) as gross,
            sum(net_merchandise_sales_amount - net_sales_amount) as cancelled,
            sum(net_sales_amount) as net
        from warehouse.margin.fct_customer_margin
        inner join warehouse.identity.identity_map using (customer_id)
        where identifier_type = 'shopify_customer_id'
        group by identifier_value
    """),
    "class in product margin": ("class", _SKU.format("product_class")),
    "class and month": (
        "class_of_buyer || ' ' || month",
        _CLASSES.format(
            "product_class || case when has_customer then '' else ', no customer' end"
            " || strftime(sales_month, ' %Y-%m')"
        ),
    ),
}  # fmt: skip
# Groups without any amount on either side prove nothing and are not counted.
_COMPARED = """
select coalesce(direct.key, ours.key) as key,
    cast(coalesce(ours.{measure}, 0) as decimal(18, 2)) as our_amount,
    cast(coalesce(direct.{measure}, 0) as decimal(18, 2)) as direct_amount
from ({direct}) as direct full join ({ours}) as ours on direct.key = ours.key
where coalesce(ours.{measure}, 0) <> 0 or coalesce(direct.{measure}, 0) <> 0 order by key
"""
_FILE_LINES = """
select kind || case when kind = 'stock correction' then '' else ': ' || class_of_buyer end as class,
    count(*) as lines, sum(amount) as amount
from file_lines group by all
"""
_OUR_LINES = """
select kind || ': ' || product_class || case when has_customer then '' else ', no customer' end
    as class,
    sum(case kind when 'sale' then order_line_count else refund_line_count end) as lines,
    sum(case kind when 'sale' then gross_merchandise_sales_amount else -refund_amount end) as amount
from warehouse.commerce.fct_class_sales_monthly
cross join (values ('sale'), ('cancellation')) as kinds (kind) group by class having lines > 0
union all
select 'stock correction', count(*),
    sum(cast(row_json ->> 'quantity' as bigint)
        * cast(row_json ->> 'unit_price' as decimal(18, 4)))
from warehouse.raw_landing.quarantine
where source_table = 'shopify.orders_export' and reason <> ''
"""
_LISTED = f"""
select class, ours.lines, ours.amount,
    coalesce(ours.lines = direct.lines and ours.amount = direct.amount, false) as is_equal,
    sum(ours.lines) over () = (select count(*) from file_lines)
    and sum(ours.amount) over () = (select sum(amount) from file_lines) as is_whole
from ({_OUR_LINES}) as ours full join ({_FILE_LINES}) as direct using (class) order by class
"""
_CODES = """
select product_class, string_agg(sku, ' ' order by sku) as skus
from warehouse.commerce.dim_products where product_class <> 'merchandise'
group by product_class order by product_class
"""
# A refund without an order is in no order's figures, and listed one by one with a reason.
_APART = """
select count(*), coalesce(sum(refund_amount), 0),
    count(*) = (select count(*) from file_lines where kind = 'cancellation')
    and count(*) = (
        select count(*) from warehouse.margin.margin_findings
        where finding = 'refund_without_order' and reason <> ''
    )
    and (select coalesce(sum(refund_amount), 0) = 0 from warehouse.margin.fct_order_margin)
from warehouse.commerce.fct_refunds where order_id is null
"""
_RECONCILED = """
select count(*), count(distinct check_name), max(abs(difference_amount))
from warehouse.margin.reconciliation_daily
"""


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
    bar = "all equal to the cent; every line in a class, the classes sum to the file; 0.00"
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
            connection.execute(_CODE_CLASS)
            connection.execute(_FILE, [str(EXPORT)])
            compared = [_compare(connection, key, one) for key in _OURS for one in MEASURES]
            holds = [_listed(connection), _apart(connection), _reconciled(connection)]
    is_equal = all(one.equal == one.groups for one in compared)
    told = "; ".join([one.told for one in compared] + [text for _, text in holds])
    return passed(is_equal and all(ok for ok, _ in holds), told, bar)


def _compare(connection: duckdb.DuckDBPyConnection, grain: str, measure: str) -> _Compared:
    key, ours = _OURS[grain]
    query = _COMPARED.format(measure=measure, direct=_DIRECT.format(key=key), ours=ours)
    rows: list[tuple[str | None, Decimal, Decimal]] = connection.execute(query).fetchall()
    wrong = [row for row in rows if row[1] != row[2]]
    first = f" (first {wrong[0][0]}: {wrong[0][1]} not {wrong[0][2]})" if wrong else ""
    return _Compared(f"{measure} per {grain}", len(rows), len(rows) - len(wrong), first)


def _listed(connection: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
    """Whether the warehouse holds every class as the file does, and the list of them."""
    rows = connection.execute(_LISTED).fetchall()
    listed = "; ".join(_told(*row[:3]) + ("" if row[3] else " (the file differs)") for row in rows)
    codes = "; ".join(f"{name} {skus}" for name, skus in connection.execute(_CODES).fetchall())
    is_whole = all(row[3] and row[4] for row in rows)
    return is_whole, (
        f"classes {'sum' if is_whole else 'do NOT sum'} to the file: {listed};"
        f" codes in commerce.dim_products: {codes}"
    )


def _apart(connection: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
    row = connection.execute(_APART).fetchone()
    assert row is not None
    where = "in no order, each a finding" if row[2] else "NOT all apart from orders and listed"
    return bool(row[2]), f"{row[0]:,} cancellations of {row[1]:,.2f} name no order: {where}"


def _reconciled(connection: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
    row = connection.execute(_RECONCILED).fetchone()
    assert row is not None
    return row[2] == 0, f"{row[0]:,} days of {row[1]} checks differ by {row[2]:.2f}"


def _told(name: str, lines: int | None, amount: Decimal | None) -> str:
    return f"{name} {lines or 0:,} lines {amount or 0:,.2f}"
