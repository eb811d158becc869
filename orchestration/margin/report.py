"""A statement for people and for scripts.

What lives here: words, tables and the keys of the JSON.
What never does: gathering or adding up (statement.py); a customer, an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rich.markup import escape
from rich.table import Table

from orchestration.console import table
from orchestration.margin.statement import Clock, Entry, Rung, Statement, date_of, days, ladder

_OF_A_LINE = ("amount", "what", "rule", "source row", "happened", "how sure")
_OF_A_DAY = ("amount", "what", "rule", "source row", "order line", "how sure")
_WIDTH = 12


def as_lines(statement: Statement, clock: Clock) -> list[str | Table]:
    """The order first, then its ladder per line (cohort) or its days (event)."""
    heads = [*_head(statement, clock)]
    if clock == "event":
        return [*heads, *_event_tables(statement), _order_table(statement)]
    quality = {line.order_line_id: line.cost_quality for line in statement.lines}
    tables = [
        table(
            f"Line {_own_id(line.order_line_id)}: {line.quantity} × {line.sku or 'no SKU'}, "
            f"cost of goods {line.cost_quality}",
            _OF_A_LINE,
            _rungs(ladder(line.entries), quality),
        )
        for line in statement.lines
    ]
    return [*heads, *tables, _order_table(statement)]


def as_json(statement: Statement, clock: Clock) -> dict[str, Any]:
    """Every amount as text, so that no reader rounds it."""
    order = statement.order
    quality = {line.order_line_id: line.cost_quality for line in statement.lines}
    return {
        "order_id": order.order_id,
        "order_name": order.order_name,
        "source_relation": order.source_relation,
        "order_scope": order.order_scope,
        "is_cancelled": order.is_cancelled,
        "order_date": order.order_date,
        "currency": statement.currency,
        "clock": clock,
        "attribution_model": statement.attribution_model,
        "cost_quality": order.cost_quality,
        "cost_coverage_ratio": order.cost_coverage_ratio,
        **_sureness(statement),
        "ladder": _ladder_json(statement.entries),
        "cm2_at_order_amount": order.figures["cm2_at_order_amount"],
        "cm2_expected_amount": order.cm2_expected_amount,
        "is_mature": order.is_mature,
        "return_evidence_unit_count": order.return_evidence_unit_count,
        "lines": [
            {
                "order_line_id": line.order_line_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "cost_quality": line.cost_quality,
                "ladder": _ladder_json(line.entries),
                "entries": [_entry_json(entry, clock, quality) for entry in line.entries],
            }
            for line in statement.lines
        ],
        "days": [
            {
                "date": day.on,
                "cm1_amount": day.cm1_amount,
                "cm2_amount": day.cm2_amount,
                "cm2_so_far_amount": day.cm2_so_far_amount,
                "cm3_amount": day.cm3_amount,
                "cm3_so_far_amount": day.cm3_so_far_amount,
            }
            for day in days(statement.entries, clock)
        ],
    }


def _head(statement: Statement, clock: Clock) -> Iterable[str]:
    order, sure = statement.order, _sureness(statement)
    named = f" ({order.order_name})" if order.order_name else ""
    state = ", cancelled" if order.is_cancelled else ""
    yield escape(
        f"Order {order.order_id}{named} of {order.order_date}, {order.order_scope}{state}:"
        f" CM2 {money(order.figures['cm2_amount'])} {statement.currency}"
        f" (at the order {money(order.figures['cm2_at_order_amount'])}),"
        f" CM3 {money(order.figures['cm3_amount'])}."
    )
    yield (
        f"How sure: cost of goods {order.cost_quality}, known for"
        f" {order.cost_coverage_ratio * 100:.1f} % of net merchandise sales;"
        f" {sure['estimated_entry_count']} of {sure['entry_count']} amounts are estimated,"
        f" {money(sure['estimated_amount'])} in all."
    )
    if any(entry.step == "cm3" for entry in statement.entries):
        yield escape(
            f"Ad spend is what channels billed on the day, shared by the credits of"
            f" {statement.attribution_model}: a rule, no experiment."
        )
    if not order.is_mature:
        yield _young(statement)
    missing = [line.order_line_id for line in statement.lines if line.cost_quality == "missing"]
    if missing:
        yield escape(
            f"No cost of goods is known for {', '.join(missing)}: CM1 and CM2 lack it, it is not 0."
        )
    yield (
        "Every amount on the date on which it happened."
        if clock == "event"
        else f"Every amount counts on the order's date, {order.order_date}."
    )
    yield escape(f"Source rows are those of {order.source_relation}.")


def _young(statement: Statement) -> str:
    order = statement.order
    if order.cm2_expected_amount is None:
        return "Goods may still come back; the shop has no mature order to say how likely that is."
    units = order.return_evidence_unit_count or 0
    basis = f"{units:,} mature units" if units else "the shop's mean only"
    return (
        f"Goods may still come back: {money(order.cm2_expected_amount)} {statement.currency} of CM2"
        f" is expected in the end, by rates that rest on {basis}."
    )


def _event_tables(statement: Statement) -> Iterable[Table]:
    quality = {line.order_line_id: line.cost_quality for line in statement.lines}
    for day in days(statement.entries, "event"):
        rows = [_entry_row(e, quality, _own_id(e.order_line_id)) for e in day.entries]
        rows.append(_sum_row("CM1 of the day", day.cm1_amount))
        rows.append(_sum_row("CM2 of the day", day.cm2_amount))
        rows.append(_sum_row("CM2 so far", day.cm2_so_far_amount))
        rows.append(_sum_row("CM3 of the day", day.cm3_amount))
        rows.append(_sum_row("CM3 so far", day.cm3_so_far_amount))
        yield table(f"{day.on}", _OF_A_DAY, rows)


def _order_table(statement: Statement) -> Table:
    rows: list[tuple[str, ...]] = []
    for rung in ladder(statement.entries):
        sums: dict[str, list[Entry]] = {}
        for entry in rung.entries:
            sums.setdefault(entry.rule, []).append(entry)
        for rule, own in sums.items():
            estimated = sum(entry.is_estimated for entry in own)
            total = sum((entry.amount for entry in own), Decimal(0))
            how = f"{estimated} of {len(own)} estimated" if estimated else "actual"
            rows.append((money(total).rjust(_WIDTH), own[0].name, rule, how))
        if len(sums) != 1 or own[0].name != rung.name:
            rows.append((money(rung.total).rjust(_WIDTH), f"= {rung.name}", "", ""))
    return table("The order", ("amount", "what", "rule", "how sure"), rows)


def _rungs(rungs: Sequence[Rung], quality: dict[str, str]) -> list[tuple[str, ...]]:
    rows = []
    for rung in rungs:
        rows += [_entry_row(entry, quality, str(entry.event_date)) for entry in rung.entries]
        if not _repeats(rung):
            rows.append(_sum_row(rung.name, rung.total))
    return rows


def _repeats(rung: Rung) -> bool:
    """Whether the sum would only say the line above once more."""
    return [entry.name for entry in rung.entries] == [rung.name]


def _entry_row(entry: Entry, quality: dict[str, str], where: str) -> tuple[str, ...]:
    return (
        money(entry.amount).rjust(_WIDTH),
        entry.name,
        entry.rule,
        # The day of ad spend is a part of its id, and stands beside it.
        f"{entry.source_table} {entry.source_id.removesuffix(f':{entry.event_date}')}",
        where,
        _how_sure(entry, quality),
    )


def _sum_row(name: str, total: Decimal) -> tuple[str, ...]:
    return (money(total).rjust(_WIDTH), f"= {name}", "", "", "", "")


def _own_id(order_line_id: str) -> str:
    """Without the shop, which the head names."""
    return order_line_id.rpartition(":")[2]


def _how_sure(entry: Entry, quality: dict[str, str]) -> str:
    if entry.step == "cm3":
        return "shared by credit"
    known = "estimated" if entry.is_estimated else "actual"
    if entry.rule.startswith("cost_of_goods"):
        return f"{known}, {quality[entry.order_line_id]}"
    return known


def _sureness(statement: Statement) -> dict[str, Any]:
    estimated = [entry for entry in statement.entries if entry.is_estimated]
    return {
        "entry_count": len(statement.entries),
        "estimated_entry_count": len(estimated),
        "estimated_amount": sum((abs(entry.amount) for entry in estimated), Decimal(0)),
    }


def _ladder_json(entries: Sequence[Entry]) -> dict[str, Decimal]:
    return {rung.key: rung.total for rung in ladder(entries)}


def _entry_json(entry: Entry, clock: Clock, quality: dict[str, str]) -> dict[str, Any]:
    return {
        "rule": entry.rule,
        "name": entry.name,
        "step": entry.step,
        "amount": entry.amount,
        "date": date_of(entry, clock),
        "event_date": entry.event_date,
        "cohort_date": entry.cohort_date,
        "source_relation": entry.source_relation,
        "source_table": entry.source_table,
        "source_id": entry.source_id,
        "is_estimated": entry.is_estimated,
        "cost_quality": quality[entry.order_line_id]
        if entry.rule.startswith("cost_of_goods")
        else None,
    }


def money(amount: Decimal | None) -> str:
    """Two decimals, four where an amount has them."""
    if amount is None:
        return ""
    decimals = 2 if amount == round(amount, 2) else 4
    return f"{amount:,.{decimals}f}"
