from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from orchestration.landing.errors import LandingError
from orchestration.landing.tables import (
    create_raw_tables,
    record_newest,
    refuse_registered,
    utc,
)
from tests.unit.landing.world import CONTRACT


def test_every_table_of_the_contract_exists_and_stays(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_shopify.shop (_source_relation, id) values ('s', 1)")
    create_raw_tables(raw, CONTRACT)
    held = {
        f"{schema.removeprefix('raw_')}.{name}"
        for schema, name in raw.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    assert set(CONTRACT.tables) <= held
    assert raw.execute("select count(*) from raw_shopify.shop").fetchall() == [(1,)]


def test_a_column_that_the_contract_gained_is_added(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("alter table raw_shopify.shop drop column domain")
    create_raw_tables(raw, CONTRACT)
    assert raw.execute("select domain from raw_shopify.shop").fetchall() == []


def test_a_column_of_another_type_is_refused(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("alter table raw_shopify.shop alter column domain type bigint")
    with pytest.raises(LandingError, match="domain"):
        create_raw_tables(raw, CONTRACT)


def test_files_for_a_registered_table_are_refused(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("drop table raw_shopify.shop; create view raw_shopify.shop as select 1 as id")
    refuse_registered(raw, [CONTRACT.table("shopify.order")])
    with pytest.raises(LandingError, match="registered"):
        refuse_registered(raw, [CONTRACT.table("shopify.shop")])


def test_the_newest_source_time_is_recorded_per_table(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute(
        "insert into raw_shopify.shop (id, _fivetran_synced)"
        " values (1, '2026-01-01'), (2, '2026-01-03')"
    )
    tables = [CONTRACT.table("shopify.shop"), CONTRACT.table("shopify.order")]
    record_newest(raw, tables)
    record_newest(raw, tables)
    assert raw.execute("select * from raw_landing.as_of").fetchall() == [
        ("shopify.shop", datetime(2026, 1, 3))
    ]


def test_times_are_kept_as_naive_utc() -> None:
    assert utc(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))) == datetime(
        2026, 1, 1, 10
    )
    assert utc(datetime(2026, 1, 1, tzinfo=UTC)) == utc(datetime(2026, 1, 1))
