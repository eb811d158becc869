"""An order's margin as a statement: entries, the ladder they climb, and whether it adds up.

What lives here: values, their order and their sums.
What never does: a statement of SQL (reading.py), text (report.py), what a cost is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from orchestration.margin.errors import UnbalancedStatementError

Clock: TypeAlias = Literal["cohort", "event"]
Figures: TypeAlias = Mapping[str, Decimal | None]

_SALES = ("gross_merchandise_sales",)
_DISCOUNTS = ("discount",)
_REFUNDS = ("merchandise_refund",)
# Rung → the cost types that lead up to it; what none names belongs to the rung of its step.
_RUNG_OF_TYPE = {
    **dict.fromkeys(_SALES, "gross_merchandise_sales_amount"),
    **dict.fromkeys(_DISCOUNTS, "net_merchandise_sales_amount"),
    **dict.fromkeys(_REFUNDS, "net_sales_amount"),
}
RUNGS: Mapping[str, str] = {
    "gross_merchandise_sales_amount": "Gross merchandise sales",
    "net_merchandise_sales_amount": "Net merchandise sales",
    "net_sales_amount": "Net sales",
    "cm1_amount": "CM1",
    "cm2_amount": "CM2",
    "cm3_amount": "CM3",
}
AT_ORDER = "cm2_at_order_amount"


@dataclass(frozen=True)
class Entry:
    """One amount of one order line, and the row it comes from."""

    order_line_id: str
    rule: str
    name: str
    step: str
    amount: Decimal
    is_estimated: bool
    is_after_sale: bool
    event_date: date
    cohort_date: date
    source_relation: str
    source_table: str
    source_id: str

    @property
    def rung(self) -> str:
        """The rung of the ladder that this amount leads up to."""
        return _RUNG_OF_TYPE.get(self.rule, f"{self.step}_amount")


@dataclass(frozen=True)
class Rung:
    """A sum of the ladder, and the entries since the rung below."""

    key: str
    name: str
    total: Decimal
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Day:
    """What one date brought, and where the order stood after it."""

    on: date
    entries: tuple[Entry, ...]
    cm1_amount: Decimal
    cm2_amount: Decimal
    cm2_so_far_amount: Decimal
    cm3_amount: Decimal
    cm3_so_far_amount: Decimal


@dataclass(frozen=True)
class Line:
    """One order line with its entries."""

    order_line_id: str
    sku: str | None
    quantity: int
    cost_quality: str
    figures: Figures
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Order:
    """What the marts say of an order."""

    order_id: str
    order_name: str | None
    source_relation: str
    order_scope: str
    cost_quality: str
    cost_coverage_ratio: Decimal
    is_cancelled: bool
    order_date: date
    is_mature: bool
    cm2_expected_amount: Decimal | None
    return_evidence_unit_count: int | None
    """Mature units that the expectation rests on; none where nothing is expected any more."""
    figures: Figures


@dataclass(frozen=True)
class Statement:
    """An order with its lines; ``currency`` is the reporting currency."""

    order: Order
    currency: str
    attribution_model: str
    """Whose credits share out ad spend."""
    lines: tuple[Line, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for line in self.lines for entry in line.entries)

    def check(self) -> None:
        """Compare every sum that is shown with the marts.

        Raises:
            UnbalancedStatementError: one differs, by however little.
        """
        wrong = [*_differences(self.order.order_id, self.order.figures, self.entries)]
        for line in self.lines:
            wrong += _differences(line.order_line_id, line.figures, line.entries)
        if wrong:
            raise UnbalancedStatementError(
                f"The cost lines do not add up to the margin: {'; '.join(wrong[:3])}.",
                remedy="Part of the models was built alone: run `tributary build`, then ask again."
                " If it stays, report it as a defect.",
            )


def ladder(entries: Sequence[Entry]) -> tuple[Rung, ...]:
    """Every rung with its running total, in order."""
    total, rungs = Decimal(0), []
    for key, name in RUNGS.items():
        own = tuple(entry for entry in entries if entry.rung == key)
        total += total_of(own)
        rungs.append(Rung(key, name, total, own))
    return tuple(rungs)


def days(entries: Iterable[Entry], clock: Clock) -> tuple[Day, ...]:
    """The entries by date of the clock, oldest first."""
    by_date: dict[date, list[Entry]] = {}
    for entry in entries:
        by_date.setdefault(date_of(entry, clock), []).append(entry)
    found, cm2_so_far, cm3_so_far = [], Decimal(0), Decimal(0)
    for on in sorted(by_date):
        own = tuple(by_date[on])
        cm1 = total_of(entry for entry in own if entry.step == "cm1")
        cm2 = total_of(entry for entry in own if entry.step != "cm3")
        cm2_so_far += cm2
        cm3_so_far += total_of(own)
        found.append(Day(on, own, cm1, cm2, cm2_so_far, total_of(own), cm3_so_far))
    return tuple(found)


def date_of(entry: Entry, clock: Clock) -> date:
    """The date on which a clock counts an entry."""
    return entry.event_date if clock == "event" else entry.cohort_date


def total_of(entries: Iterable[Entry]) -> Decimal:
    """The exact sum of amounts."""
    return sum((entry.amount for entry in entries), Decimal(0))


def _differences(owner: str, figures: Figures, entries: Sequence[Entry]) -> Iterator[str]:
    sums = {rung.key: rung.total for rung in ladder(entries)}
    sums[AT_ORDER] = total_of(
        entry for entry in entries if entry.step != "cm3" and not entry.is_after_sale
    )
    for key, summed in sums.items():
        if figures[key] != summed:
            yield f"{key} of {owner} is {figures[key]}, its lines make {summed}"
