from __future__ import annotations

import itertools

import duckdb
import pytest

from orchestration.landing.unit_costs import derive_costs, drop_derived_costs, see_unit_costs
from tests.unit.landing.world import CONTRACT

SEEN = [("2026-01-05", "5.00"), ("2026-02-05", "5.00"), ("2026-03-05", "6.50")]


def see(raw: duckdb.DuckDBPyConnection, day: str, cost: str, *, sku: str = "A") -> None:
    raw.execute(
        "create or replace temp table items as select * from raw_shopify.inventory_item;"
        "insert into items (_source_relation, id, sku, cost, unit_cost_currency_code,"
        f" _fivetran_synced) values ('shop', 1, '{sku}', {cost}, 'USD', '{day}')"
    )
    see_unit_costs(raw, "items", "true")


def history(raw: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    drop_derived_costs(raw, CONTRACT)
    derive_costs(raw, CONTRACT)
    rows: list[tuple[str, str, str]] = raw.execute(
        "select strftime(valid_from, '%Y-%m-%d'), cast(cast(cost as decimal(9, 2)) as varchar),"
        " cost_source from raw_costs.unit_cost_history order by valid_from"
    ).fetchall()
    return rows


def land_file_row(raw: duckdb.DuckDBPyConnection, day: str, cost: str) -> None:
    raw.execute(
        "insert into raw_costs.unit_cost_history (_source_relation, sku, valid_from, cost,"
        f" currency, cost_source, _file_digest) values ('shop', 'A', '{day}', {cost}, 'USD',"
        " 'file', 'f')"
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_row_stands_where_the_cost_changed_in_whatever_order_it_was_seen(
    raw: duckdb.DuckDBPyConnection, order: tuple[int, ...]
) -> None:
    for number in order:
        see(raw, *SEEN[number])
        history(raw)
    see(raw, *SEEN[0])
    expected = [
        ("2026-01-05", "5.00", "inventory_item"),
        ("2026-03-05", "6.50", "inventory_item"),
    ]
    assert history(raw) == expected
    assert history(raw) == expected


def test_rows_of_a_file_stay_and_a_seen_cost_is_new_only_where_it_differs(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    land_file_row(raw, "2025-01-01", "5.00")
    land_file_row(raw, "2026-03-05", "6.00")
    for day, cost in SEEN:
        see(raw, day, cost)
    see(raw, "2026-04-05", "7.00")
    assert history(raw) == [
        ("2025-01-01", "5.00", "file"),
        ("2026-03-05", "6.00", "file"),
        ("2026-04-05", "7.00", "inventory_item"),
    ]


def test_a_cost_without_currency_takes_the_shops_or_waits(raw: duckdb.DuckDBPyConnection) -> None:
    see(raw, "2026-01-05", "5.00")
    raw.execute("update raw_landing.unit_cost_seen set currency = null")
    assert history(raw) == []
    raw.execute(
        "insert into raw_shopify.shop (_source_relation, id, currency) values ('shop', 1, 'EUR')"
    )
    assert history(raw) == [("2026-01-05", "5.00", "inventory_item")]


def test_items_without_sku_or_cost_are_no_cost(raw: duckdb.DuckDBPyConnection) -> None:
    see(raw, "2026-01-05", "null")
    see(raw, "2026-01-05", "5.00", sku=" ")
    assert history(raw) == []
