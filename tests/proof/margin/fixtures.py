"""The worked example: hand-made raw files, landed and built, every number of it compared.

What lives here: the numbers, worked out on paper, and where each is read.
What never does: a number taken from what the models said.

Orders 1 and 2 are one order of 2026-10-05: 2 × SKU-A at 40.00 (its cost had risen from 9.00 to 9.50
four days before), 1 × SKU-B at 30.00, 10 % off by code, SKU-B returned on 10-20: resellable in
order 1, damaged in order 2, whose labels are known from the rate card only. Order 3 is paid by card
and gift card, order 4 comes from a marketplace and goes back whole, order 5 has the older cost.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.margin.explain import explain_order
from orchestration.margin.statement import Entry, days
from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.support import environment, succeed, tributary

FILES = Path(__file__).with_name("worked_example")
MODELS = ("+fct_order_margin", "+fct_order_line_margin", "+int_cost_lines")

_COLUMNS = (
    "gross_merchandise_sales_amount", "discount_amount", "net_merchandise_sales_amount",
    "cost_of_goods_amount", "shipping_charged_amount", "label_cost_amount",
    "pick_pack_cost_amount", "packaging_cost_amount", "payment_fee_amount", "cm2_at_order_amount",
    "refund_amount", "cost_of_goods_returned_amount", "return_label_cost_amount",
    "return_handling_cost_amount", "net_sales_amount", "cm1_amount", "cm2_amount",
)  # fmt: skip
_AT_ORDER = {
    "11": ("80.00", "8.00", "72.00", "19.00", "4.33", "4.68", "2.20", "0.57", "2.62", "47.26"),
    "12": ("30.00", "3.00", "27.00", "12.00", "1.62", "3.12", "1.10", "0.28", "0.98", "11.14"),
    "order": ("110.00", "11.00", "99.00", "31.00", "5.95", "7.80", "3.30", "0.85", "3.60", "58.40"),
}
_KEPT = ("0.00", "0.00", "0.00", "0.00")
_RETURNED = ("27.00", "12.00", "6.10", "1.50")
_DAMAGED = ("27.00", "0.00", "6.10", "1.50")
# Line or order → every column: as it was at the order, what the refund brought, and the rungs.
TABLE = {
    "line 11": (*_AT_ORDER["11"], *_KEPT, "72.00", "53.00", "47.26"),
    "line 12": (*_AT_ORDER["12"], *_RETURNED, "0.00", "0.00", "-11.46"),
    "order 1": (*_AT_ORDER["order"], *_RETURNED, "72.00", "53.00", "35.80"),
    "line 21": (*_AT_ORDER["11"], *_KEPT, "72.00", "53.00", "47.26"),
    "line 22": (*_AT_ORDER["12"], *_DAMAGED, "0.00", "-12.00", "-23.46"),
    "order 2": (*_AT_ORDER["order"], *_DAMAGED, "72.00", "41.00", "23.80"),
}
# Clock → order, or order and line → what each date brought: date, CM1, CM2.
DAYS = {
    "event": {
        "1": (("2026-10-05", "68.00", "58.40"), ("2026-10-20", "-15.00", "-22.60")),
        "1 11": (("2026-10-05", "53.00", "47.26"),),
        "1 12": (("2026-10-05", "15.00", "11.14"), ("2026-10-20", "-15.00", "-22.60")),
        "2": (("2026-10-05", "68.00", "58.40"), ("2026-10-20", "-27.00", "-34.60")),
        "2 22": (("2026-10-05", "15.00", "11.14"), ("2026-10-20", "-27.00", "-34.60")),
    },
    "cohort": {
        "1": (("2026-10-05", "53.00", "35.80"),),
        "1 12": (("2026-10-05", "0.00", "-11.46"),),
        "2": (("2026-10-05", "41.00", "23.80"),),
    },
}
OTHERS = (
    ("order 3", "net_merchandise_sales_amount", "100.00"),
    ("order 3", "payment_fee_amount", "2.04"),
    ("order 4", "net_merchandise_sales_amount", "51.00"),
    ("order 4", "payment_fee_amount", "0.00"),
    ("order 4", "marketplace_fee_amount", "3.06"),
    ("order 4", "refund_administration_fee_amount", "0.61"),
    ("order 5", "cost_of_goods_amount", "18.00"),
    # The bills of order 1 are known, order 2 takes label and return label from the rate card.
    ("line 12", "estimated_cost_count", "1"),
    ("line 22", "estimated_cost_count", "3"),
)


def fixtures(quick: bool) -> Result:
    """Land the files, build margin, compare every number of the example."""
    found = [*_of_tables(), *_of_clocks()]
    wrong = [f"{what}: {shown}, not {expected}" for what, expected, shown in found
             if shown != expected]  # fmt: skip
    equal = len(found) - len(wrong)
    figure = f"{equal} of {len(found)} numbers equal" + "".join(f"; {one}" for one in wrong[:3])
    return passed(not wrong, figure, "all")


@functools.lru_cache(maxsize=1)
def built() -> Settings:
    """A home in which the files are landed and margin is built."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-margin-")
    _HELD.append(holder)
    settings = Settings.from_env(environment(Path(holder.name)))
    succeed(tributary(settings.home, "land", str(FILES)))
    DbtProject(settings).build(MODELS, indirect_selection="empty").raise_for_failures()
    return settings


_HELD: list[tempfile.TemporaryDirectory[str]] = []


def _of_tables() -> Iterator[tuple[str, Decimal, Decimal]]:
    expected = [
        (owner, column, amount)
        for owner, amounts in TABLE.items()
        for column, amount in zip(_COLUMNS, amounts, strict=True)
    ]
    for owner, column, amount in (*expected, *OTHERS):
        yield f"{column} of {owner}", Decimal(amount), _read(owner, column)


def _of_clocks() -> Iterator[tuple[str, object, object]]:
    for clock, by_owner in DAYS.items():
        for owner, told in by_owner.items():
            shown = days(_entries(owner), "event" if clock == "event" else "cohort")
            yield f"days of {owner}, {clock}", len(told), len(shown)
            for (on, cm1, cm2), day in zip(told, shown, strict=False):
                what = f"{owner} on {on}, {clock}"
                yield f"date of {what}", on, str(day.on)
                yield f"CM1 of {what}", Decimal(cm1), day.cm1_amount
                yield f"CM2 of {what}", Decimal(cm2), day.cm2_amount


def _entries(owner: str) -> tuple[Entry, ...]:
    order, _, line = owner.partition(" ")
    entries = explain_order(built(), f"shop:{order}").entries
    return tuple(entry for entry in entries if not line or entry.order_line_id == f"shop:{line}")


def _read(owner: str, column: str) -> Decimal:
    kind, number = owner.split()
    table, key = {
        "line": ("fct_order_line_margin", "order_line_id"),
        "order": ("fct_order_margin", "order_id"),
    }[kind]
    with duckdb.connect(str(built().warehouse), read_only=True) as connection:
        row = connection.execute(
            f"select cast({column} as decimal(18, 4)) from margin.{table} where {key} = ?",
            [f"shop:{number}"],
        ).fetchone()
    if row is None or row[0] is None:
        raise AssertionError(f"{column} of {owner} is missing")
    return Decimal(row[0])
