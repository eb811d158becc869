"""Claims over a real shop's orders, which nobody here made."""

from __future__ import annotations

import json

import duckdb

from tests.proof.harness import Result, passed
from tests.proof.house.world import sandbox, scratch
from tests.support import ROOT, SHARED_DATA, tributary

MAPPING = ROOT / "docs" / "examples" / "online_retail.yml"
EXPORT = SHARED_DATA / "uci_online_retail" / "online_retail_2010-12_2011-06.parquet"

# A C marks a cancellation; a negative line without one is a stock correction at price 0, no sale.
DIRECT = """
    with lines as (
        select
            invoice_no,
            customer_id,
            invoice_no like 'C%' as is_cancelled,
            strftime(invoice_ts, '%Y-%m') as month,
            quantity * cast(unit_price as decimal(18, 4)) as line_amount
        from read_parquet('{file}')
        where invoice_no like 'C%' or quantity >= 0
    )
"""


def orders_export(quick: bool) -> Result:
    """Orders, customers, cancelled value and net sales per month against SQL over the file."""
    if not EXPORT.exists():
        return Result("the export is not on this machine", "equal to the cent", "OPEN")
    home = scratch() / "shop"
    with sandbox(scratch() / "shop-sandbox") as (_, extra):
        arguments = ("--orders-export", str(EXPORT), "--mapping", str(MAPPING), "--json")
        run = tributary(home, "run", *arguments, extra=extra)
    if run.returncode != 0:
        said = (run.stdout + run.stderr)[-200:]
        return passed(False, f"exit {run.returncode}: {said}", "exit 0")
    plans = json.loads(run.stdout)["plans"]["plans"]
    reasons = {plan["reason"] for plan in plans}
    rows = sum(plan[change] for plan in plans for change in ("add", "update", "remove"))
    ours, direct = _ours(home), _direct()
    wrong = [key for key in direct if ours.get(key) != direct[key]]
    return passed(
        not wrong and rows == 0 and any("no reachable customers" in text for text in reasons),
        f"{len(direct) - len(wrong)} of {len(direct)} figures equal"
        + (f", first difference {wrong[0]}: {ours.get(wrong[0])} not {direct[wrong[0]]}"
           if wrong else "") + f"; plan: {', '.join(sorted(map(str, reasons)))}",
        "all equal to the cent; empty plan with its reason",
    )


def _direct() -> dict[str, str]:
    query = DIRECT.format(file=EXPORT) + """
        select 'orders', cast(count(distinct invoice_no) as varchar) from lines
        where not is_cancelled
        union all
        select 'customers', cast(count(distinct customer_id) as varchar) from lines
        where not is_cancelled
        union all
        select 'cancelled ' || month, cast(cast(-sum(line_amount) as decimal(18, 2)) as varchar)
        from lines where is_cancelled group by month
        union all
        select 'net ' || month, cast(cast(sum(line_amount) as decimal(18, 2)) as varchar)
        from lines group by month
    """
    return dict(duckdb.execute(query).fetchall())


def _ours(home: object) -> dict[str, str]:
    query = """
        select 'orders', cast(count(*) as varchar) from commerce.fct_orders
        union all
        select 'customers', cast(count(distinct customer_id) as varchar) from commerce.fct_orders
        union all
        select 'cancelled ' || strftime(refund_date, '%Y-%m'),
            cast(cast(sum(refund_shop_amount) as decimal(18, 2)) as varchar)
        from commerce.fct_refunds group by strftime(refund_date, '%Y-%m')
        union all
        select 'net ' || month, cast(cast(sum(amount) as decimal(18, 2)) as varchar)
        from (
            select
                strftime(order_date, '%Y-%m') as month,
                net_merchandise_sales_shop_amount as amount
            from commerce.fct_orders
            union all
            select strftime(refund_date, '%Y-%m'), -refund_shop_amount from commerce.fct_refunds
        ) group by month
    """
    with duckdb.connect(f"{home}/warehouse.duckdb", read_only=True) as connection:
        return dict(connection.execute(query).fetchall())
