"""What the warehouse knows of one order's margin: read-only, under the lock.

What lives here: the door, checked for its shape, and every statement of this room.
What never does: a rule; what a cost is and when it counts is the models' to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import duckdb

from orchestration.margin.errors import AmbiguousOrderError, MarginMissingError, UnknownOrderError
from orchestration.margin.statement import AT_ORDER, RUNGS, Entry, Figures, Line, Order
from orchestration.resources import missing_tables, warehouse_connection
from orchestration.settings import Settings

Connection: TypeAlias = duckdb.DuckDBPyConnection

_FIGURES = (*RUNGS, AT_ORDER)
# Older builds lack some of these; a query would fail in the engine's words.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "margin.fct_order_margin": ("cost_coverage_ratio", "cm2_expected_amount", *_FIGURES),
    "margin.fct_order_line_margin": ("order_line_id", "cost_quality", *_FIGURES),
    "intermediate.int_cost_lines": ("source_row", "cost_type", "event_date", "cohort_date"),
    "margin.int_marketing_cost_lines": ("source_row", "cost_type", "event_date", "cohort_date"),
    "intermediate.int_orders": ("order_id", "order_name", "shopify_order_id"),
    "seeds.cost_lines": ("cost_type", "cost_name", "margin_step", "is_after_sale"),
}
# Kind of a source row → the raw table that holds it; any other kind is the table's name.
_TABLES: Mapping[str, str] = {
    "refund_line:line": "order_line_refund",
    "refund_line:adjustment": "order_adjustment",
    "settlement": "order_settlement",
}
_SHOWN_CHOICES = 10
# What the mart does not count stays out: of the first table what is marketing's, of the second all
# else. Credits of one order for one day's spend are one amount of a line.
_COST_LINES = """
select order_id, order_line_id, cost_type, amount, is_estimated, event_date, cohort_date,
    source_row, false as is_marketing
from intermediate.int_cost_lines
union all
select order_id, order_line_id, cost_type, sum(amount), false, event_date, cohort_date,
    source_row, true
from margin.int_marketing_cost_lines
group by order_id, order_line_id, cost_type, event_date, cohort_date, source_row
"""


@contextmanager
def margin_tables(settings: Settings, holder: str) -> Iterator[Connection]:
    """The warehouse, read-only and under its lock.

    Raises:
        MarginMissingError: it was never built, or by a version without these tables.
        WarehouseBusyError: it stayed taken.
    """
    if not settings.warehouse.is_file():
        raise MarginMissingError(
            f"There is no {settings.warehouse.name} in TRIBUTARY_HOME.",
            remedy="Run `tributary run` first, or set TRIBUTARY_HOME.",
        )
    with warehouse_connection(settings, holder, read_only=True) as connection:
        _check_tables(connection)
        yield connection


def find_order(connection: Connection, name: str) -> str:
    """The ``order_id`` that a person means: itself, or a shop's own id, name or number of it.

    Raises:
        UnknownOrderError: no order has it.
        AmbiguousOrderError: several orders have it; the error names them.
    """
    typed = name.strip()
    choices = [
        str(order_id)
        for (order_id,) in _rows(
            connection,
            "select order_id from intermediate.int_orders"
            " where order_id = $typed or cast(shopify_order_id as varchar) = $typed"
            " or order_name = $typed or ltrim(order_name, '#') = ltrim($typed, '#')"
            " order by order_id",
            typed=typed,
        )
    ]
    if typed in choices:
        return typed
    if not choices:
        raise UnknownOrderError(
            "No order of the build has that id, name or number.",
            remedy="Give an order_id (shop:id) or the number that the shop shows; an order that"
            " came since the last build is there after `tributary run`.",
        )
    if len(choices) > 1:
        shown = ", ".join(choices[:_SHOWN_CHOICES])
        more = f" and {len(choices) - _SHOWN_CHOICES} more"
        raise AmbiguousOrderError(
            f"{len(choices)} orders have that name: {shown}"
            f"{more if len(choices) > _SHOWN_CHOICES else ''}.",
            remedy="Give one of these.",
        )
    return choices[0]


def order_of(connection: Connection, order_id: str) -> Order:
    """What the mart says of the order."""
    (row,) = _rows(
        connection,
        "select margins.order_id, orders.order_name, margins.source_relation,"
        " margins.order_scope, margins.cost_quality, margins.cost_coverage_ratio,"
        " margins.is_cancelled, margins.order_date, margins.is_mature,"
        " margins.cm2_expected_amount, margins.return_evidence_unit_count,"
        f" {_columns('margins')}"
        " from margin.fct_order_margin as margins"
        " inner join intermediate.int_orders as orders on margins.order_id = orders.order_id"
        " where margins.order_id = $order_id",
        order_id=order_id,
    )
    order_id, order_name, relation, scope, quality, coverage, is_cancelled, day, *rest = row
    is_mature, expected, evidence, *figures = rest
    return Order(
        order_id=order_id,
        order_name=order_name,
        source_relation=relation,
        order_scope=scope,
        cost_quality=quality,
        cost_coverage_ratio=coverage,
        is_cancelled=is_cancelled,
        order_date=day,
        is_mature=is_mature,
        cm2_expected_amount=expected,
        return_evidence_unit_count=evidence,
        figures=_figures(figures),
    )


def lines_of(connection: Connection, order: Order) -> tuple[Line, ...]:
    """The order's lines with every amount of theirs, in the order in which the seed names them."""
    entries: dict[str, list[Entry]] = {}
    for entry in _entries(connection, order):
        entries.setdefault(entry.order_line_id, []).append(entry)
    return tuple(
        Line(line_id, sku, quantity, quality, _figures(figures), tuple(entries.get(line_id, ())))
        for line_id, sku, quantity, quality, *figures in _rows(
            connection,
            f"select order_line_id, sku, quantity, cost_quality, {_columns('margins')}"
            " from margin.fct_order_line_margin as margins"
            " where order_id = $order_id order by length(order_line_id), order_line_id",
            order_id=order.order_id,
        )
    )


def source_of(source_row: str, relation: str) -> tuple[str, str]:
    """(table, id) of a source row, which is its kind, the relation and its id there.

    Ad spend stands on no shop: its id is channel, level, the level's id there and the day.
    """
    kind, _, rest = source_row.partition(":")
    rest = rest.removeprefix(f"{relation}:")
    part, _, inner = rest.partition(":")
    if f"{kind}:{part}" in _TABLES:
        return _TABLES[f"{kind}:{part}"], inner
    return _TABLES.get(kind, kind), rest


def _entries(connection: Connection, order: Order) -> Iterator[Entry]:
    rows = _rows(
        connection,
        "select entries.order_line_id, entries.cost_type, types.cost_name, types.margin_step,"
        " entries.amount, entries.is_estimated, types.is_after_sale, entries.event_date,"
        " entries.cohort_date, entries.source_row"
        f" from ({_COST_LINES}) as entries"
        " inner join (select *, rowid as position from seeds.cost_lines) as types"
        " on entries.cost_type = types.cost_type"
        " where entries.order_id = $order_id"
        " and (types.margin_step = 'cm3') = entries.is_marketing"
        " order by entries.event_date, types.position, entries.source_row",
        order_id=order.order_id,
    )
    for line_id, rule, name, step, amount, estimated, after, event_date, cohort_date, row in rows:
        table, source_id = source_of(row, order.source_relation)
        yield Entry(
            order_line_id=line_id,
            rule=rule,
            name=name,
            step=step,
            amount=amount,
            is_estimated=estimated,
            is_after_sale=after,
            event_date=event_date,
            cohort_date=cohort_date,
            source_relation=_relation_of(table, source_id, order),
            source_table=table,
            source_id=source_id,
        )


def _relation_of(table: str, source_id: str, order: Order) -> str:
    """The shop, or the channel that billed."""
    return source_id.partition(":")[0] if table == "ad_spend" else order.source_relation


def _figures(values: Sequence[Any]) -> Figures:
    return dict(zip(_FIGURES, values, strict=True))


def _columns(relation: str) -> str:
    return ", ".join(f"{relation}.{name}" for name in _FIGURES)


def _check_tables(connection: Connection) -> None:
    missing = missing_tables(connection, _NEEDED)
    if missing:
        raise MarginMissingError(
            f"The warehouse lacks {', '.join(missing)}, or columns of it.",
            remedy="Build it with this version: `tributary run`, or `tributary build`.",
        )


def _rows(connection: Connection, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.execute(query, parameters).fetchall()
    return rows
