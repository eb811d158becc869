from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing.errors import LandingError
from orchestration.landing.files import FoundFile, LandingFile
from orchestration.landing.readers import Group
from orchestration.landing.typed import Defaults, create_typed_view, quarantine_bad_rows
from tests.unit.landing.world import CONTRACT, MOMENT

AT = MOMENT.replace(tzinfo=None)


def group_of(
    memory: duckdb.DuckDBPyConnection,
    source_table: str,
    columns: dict[str, str],
    rows: list[tuple[Any, ...]],
    *,
    suffix: str = ".csv",
) -> Group:
    """A group of one file whose rows stand in a temporary table."""
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    memory.execute(
        f"create or replace temp table given ({declared}, _file_digest varchar, _row_number bigint)"
    )
    marks = ", ".join("?" for _ in columns)
    for number, row in enumerate(rows, start=1):
        memory.execute(f"insert into given values ({marks}, 'd', {number})", list(row))
    found = FoundFile(Path(f"file{suffix}"), f"source/file{suffix}", CONTRACT.table(source_table))
    return Group(found.table, (LandingFile(found, "d", tuple(columns.items())),), "given")


SHOP = {"id": "VARCHAR", "currency": "VARCHAR"}
RATE = {
    "from_currency": "VARCHAR",
    "to_currency": "VARCHAR",
    "rate_date": "VARCHAR",
    "rate": "VARCHAR",
}


def reasons(memory: duckdb.DuckDBPyConnection) -> list[str | None]:
    rows = memory.execute("select _reason from landing_typed order by _row_number").fetchall()
    return [row[0] for row in rows]


def test_missing_columns_take_their_defaults(memory: duckdb.DuckDBPyConnection) -> None:
    group = group_of(memory, "shopify.shop", SHOP, [("1", "USD")])
    assert create_typed_view(memory, group, Defaults("o'shop", AT)) is False
    row = memory.execute(
        "select _source_relation, id, currency, name, _fivetran_synced, _is_synced_defaulted"
        " from landing_typed"
    ).fetchone()
    assert row == ("o'shop", 1, "USD", None, AT, True)


def test_a_row_without_its_own_time_takes_the_moment(memory: duckdb.DuckDBPyConnection) -> None:
    columns = {**SHOP, "_fivetran_synced": "VARCHAR"}
    rows = [("1", "USD", "2026-01-01"), ("2", "USD", None)]
    create_typed_view(memory, group_of(memory, "shopify.shop", columns, rows), Defaults("s", AT))
    times = memory.execute(
        "select cast(_fivetran_synced as date), _is_synced_defaulted from landing_typed order by id"
    ).fetchall()
    assert [str(day) for day, _ in times] == ["2026-01-01", "2026-03-01"]
    assert [defaulted for _, defaulted in times] == [False, True]


def test_every_reason_of_a_row_is_named(memory: duckdb.DuckDBPyConnection) -> None:
    rows = [
        ("EUR", "USD", "2026-01-01", "1.1"),
        ("EUR", " ", "2026-01-02", "0"),
        ("EUR", "USD", "01/03/2026", "1,1"),
    ]
    group = group_of(memory, "costs.exchange_rate", RATE, rows)
    assert create_typed_view(memory, group, Defaults("s", AT)) is True
    first, second, third = reasons(memory)
    assert first is None
    assert second == "to_currency is empty; rate is not above 0"
    assert third == (
        "rate_date is not an ISO date such as 2026-01-31; rate is not a number such as 1234.50"
    )


def test_a_negative_quantity_is_a_bad_row(memory: duckdb.DuckDBPyConnection) -> None:
    columns = {"id": "BIGINT", "order_id": "BIGINT", "quantity": "BIGINT", "price": "DOUBLE"}
    rows = [(1, 1, 2, 5.0), (2, 1, -1, 5.0), (3, 1, 0, 5.0)]
    group = group_of(memory, "shopify.order_line", columns, rows, suffix=".parquet")
    create_typed_view(memory, group, Defaults("s", AT))
    assert reasons(memory) == [None, "quantity is below 0", None]


def test_a_parquet_column_of_which_nothing_casts_stops_the_landing(
    memory: duckdb.DuckDBPyConnection,
) -> None:
    columns = {"id": "BIGINT", "created_at": "VARCHAR"}
    group = group_of(
        memory, "shopify.customer", columns, [(1, "yesterday"), (2, None)], suffix=".parquet"
    )
    with pytest.raises(LandingError, match=r"source/file.parquet: .*'created_at'.*ISO") as caught:
        create_typed_view(memory, group, Defaults("s", AT))
    assert "timestamp" in caught.value.remedy
    assert "yesterday" not in str(caught.value)


def test_a_parquet_column_without_values_is_of_any_type(memory: duckdb.DuckDBPyConnection) -> None:
    columns = {"id": "BIGINT", "created_at": "TIMESTAMP", "updated_at": "INTEGER"}
    group = group_of(memory, "shopify.customer", columns, [(1, AT, None)], suffix=".parquet")
    assert create_typed_view(memory, group, Defaults("s", AT)) is False


def test_few_wrong_values_of_a_csv_are_rows_and_many_are_a_column(
    memory: duckdb.DuckDBPyConnection,
) -> None:
    group = group_of(memory, "shopify.shop", SHOP, [("one", "USD")] * 9)
    assert create_typed_view(memory, group, Defaults("s", AT)) is True
    group = group_of(memory, "shopify.shop", SHOP, [("one", "USD")] * 10)
    with pytest.raises(LandingError, match="'id'"):
        create_typed_view(memory, group, Defaults("s", AT))


def test_the_quarantine_holds_the_row_as_it_stood(raw: duckdb.DuckDBPyConnection) -> None:
    group = group_of(raw, "shopify.shop", {**SHOP, "secret": "VARCHAR"}, [("x", "USD", "s")])
    has_bad = create_typed_view(raw, group, Defaults("s", AT))
    quarantine_bad_rows(raw, group, AT, has_bad)
    rows = raw.execute("select * exclude (reason) from raw_landing.quarantine").fetchall()
    assert rows == [
        ("shopify.shop", "source/file.csv", "d", 1, '{"id":"x","currency":"USD"}', AT)
    ]
