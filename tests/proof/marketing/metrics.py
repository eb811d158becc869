"""Claim that figures asked for by name are the totals of the marts they come from.

What lives here: each metric's declaration as SQL beside rows of a built brand summed in Python.
What never does: a semantic layer; none is installed, and what is declared is held to the totals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from tests.metrics import declared, expression
from tests.proof.harness import Claim, Result, passed
from tests.proof.marketing.segments import built_brand

_SCHEMAS = {
    "fct_order_margin": "margin", "fct_channel_margin_daily": "margin",
    "fct_customer_lifetime_value": "marketing",
}  # fmt: skip


def totals(quick: bool) -> Result:
    """Every metric over a brand's marts, to the cent; quotients to nine digits."""
    with duckdb.connect(str(built_brand().settings.warehouse), read_only=True) as connection:
        expected = _in_python(connection)
        said = {
            metric["name"]: connection.execute(
                f"select {expression(metric['name'], _SCHEMAS)}"
            ).fetchall()[0][0]
            for metric in declared()["metrics"]
        }
    wrong = [
        name for name, value in said.items()
        if abs(Decimal(str(value)) - expected[name]) > abs(expected[name]) * Decimal("1e-9")
    ]  # fmt: skip
    figures = ", ".join(f"{name} {expected[name]:,.2f}" for name in said)
    return passed(
        not wrong and set(said) == set(expected) and all(expected.values()),
        f"{len(said) - len(wrong)} of {len(said)} equal: {figures}"
        f"{'; wrong: ' + ', '.join(wrong) if wrong else ''}",
        "all",
    )


def _in_python(connection: duckdb.DuckDBPyConnection) -> dict[str, Decimal]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    orders = rows("select order_scope, cm2_amount, net_sales_amount from margin.fct_order_margin")
    days = rows(
        "select spend_amount, credited_net_merchandise_sales_amount"
        " from margin.fct_channel_margin_daily"
    )
    values = [
        value
        for (value,) in rows(
            "select lifetime_value_amount from marketing.fct_customer_lifetime_value"
        )
    ]
    cm2 = sum(row[1] for row in orders if row[0] in ("dtc", "replacement"))
    sales = sum(row[2] for row in orders if row[0] == "dtc")
    spend, credited = (sum(row[place] for row in days) for place in (0, 1))
    known = [value for value in values if value is not None]
    plain = {
        "cm2": cm2, "net_sales": sales, "ad_spend": spend, "credited_sales": credited,
        "new_customers": len(values), "lifetime_value": sum(known) / len(known),
        "mer": sales / spend, "cm_mer": cm2 / spend, "ncac": spend / len(values),
        "roas_first_party": credited / spend,
    }  # fmt: skip
    return {name: Decimal(value) for name, value in plain.items()}


CLAIMS = [
    Claim("metrics", "CM2, MER, nCAC, LTV and ROAS by name are the marts' totals", totals, False)
]
