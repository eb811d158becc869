"""Landing from end to end: folders, loader tables, phones, cost history, idempotence."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.errors import UnknownNameError
from orchestration.landing import LandingError, land_directory, register_tables
from orchestration.settings import Settings
from tests.unit.landing.world import (
    CONTRACT,
    MOMENT,
    SYNCED,
    digests,
    fetch,
    now,
    settings_at,
    write,
    write_parquet,
)

Row = dict[str, Any]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path / "home")


def customers(seed: int, count: int) -> list[Row]:
    """Versions of customers: several rows a key, each with its own time."""
    picker = random.Random(seed)
    return [
        {
            "_source_relation": picker.choice(["us", "eu"]),
            "id": picker.randrange(count // 3),
            "email": f"{picker.randrange(50)}@example.com",
            "phone": picker.choice([None, "(212) 555-0123", "020 7946 0958"]),
            "default_address_country_code": picker.choice(["US", "GB", None]),
            "created_at": datetime(2026, 1, 1),
            "_fivetran_synced": datetime(2026, 2, 1) + timedelta(seconds=number),
        }
        for number in range(count)
    ]


def items(days: int) -> list[Row]:
    return [
        {
            "_source_relation": "us",
            "id": 1,
            "sku": "A",
            "cost": [5.0, 5.0, 6.5, 6.5, 5.0][day % 5],
            "unit_cost_currency_code": "USD",
            "_fivetran_synced": datetime(2026, 2, 1) + timedelta(days=day),
        }
        for day in range(days)
    ]


def put(path: Path, rows: list[Row]) -> Path:
    return write_parquet(path, {name: [row[name] for row in rows] for name in rows[0]})


def land(settings: Settings, directory: Path) -> None:
    land_directory(settings, directory, now=now)


def test_after_landing_every_table_of_the_contract_exists(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "shopify" / "shop.csv", "id,currency\n1,USD\n")
    write(tmp_path / "in" / "readme.txt", "not ours")
    report = land_directory(settings, tmp_path / "in", relation="us", now=now)
    assert report.ignored_paths == ("readme.txt",)
    for table in CONTRACT.tables.values():
        fetch(settings, f"select * from {table.relation} limit 1")
    assert fetch(settings, "select _source_relation, _fivetran_synced from raw_shopify.shop") == [
        ("us", MOMENT.replace(tzinfo=None))
    ]
    json.dumps(report.as_json())


def test_landing_the_same_files_twice_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in" / "shopify" / "customer.parquet", customers(1, 300))
    put(tmp_path / "in" / "shopify" / "inventory_item.parquet", items(5))
    land(settings, tmp_path / "in")
    before, files = digests(settings), fetch(settings, "from raw_landing.file order by all")
    again = land_directory(settings, tmp_path / "in", now=lambda: MOMENT + timedelta(days=1))
    assert (again.landed, again.quarantined) == (0, 0)
    assert [table.skipped_files for table in again.tables] == [1, 1]
    assert digests(settings) == before
    assert fetch(settings, "from raw_landing.file order by all") == files


@pytest.mark.parametrize("seed", [1, 2])
def test_two_halves_in_either_order_end_as_the_whole(tmp_path: Path, seed: int) -> None:
    people, costs = customers(seed, 300), items(6)
    shuffled = random.Random(seed).sample(people, len(people))
    put(tmp_path / "whole" / "shopify" / "customer.parquet", people)
    put(tmp_path / "whole" / "shopify" / "inventory_item.parquet", costs)
    for half, part in (("a", slice(0, 150)), ("b", slice(150, None))):
        put(tmp_path / half / "shopify" / "customer" / "p.parquet", shuffled[part])
    put(tmp_path / "a" / "shopify" / "inventory_item.parquet", costs[1::2])
    put(tmp_path / "b" / "shopify" / "inventory_item.parquet", costs[::2])
    ends = []
    for number, order in enumerate((["whole"], ["a", "b"], ["b", "a"])):
        home = settings_at(tmp_path / f"home-{number}")
        for name in order:
            land(home, tmp_path / name)
        ends.append(digests(home))
    assert ends[0] == ends[1] == ends[2]


def test_csv_and_parquet_of_the_same_rows_land_the_same(tmp_path: Path) -> None:
    rows = items(4)
    put(tmp_path / "p" / "shopify" / "inventory_item.parquet", rows)
    header = ",".join(rows[0])
    lines = "\n".join(",".join(str(value) for value in row.values()) for row in rows)
    write(tmp_path / "c" / "shopify" / "inventory_item.csv", f"{header}\n{lines}\n")
    ends = []
    for name in ("p", "c"):
        home = settings_at(tmp_path / f"home-{name}")
        land(home, tmp_path / name)
        ends.append(digests(home))
    assert ends[0] == ends[1]


def test_a_row_goes_only_by_its_deletion_mark(settings: Settings, tmp_path: Path) -> None:
    header = "id,title,_fivetran_deleted,_fivetran_synced\n"
    write(tmp_path / "1" / "shopify" / "product.csv", f"{header}1,A,,{SYNCED}\n2,B,,{SYNCED}\n")
    write(tmp_path / "2" / "shopify" / "product.csv", f"{header}1,A,true,2026-02-03\n")
    land(settings, tmp_path / "1")
    land(settings, tmp_path / "2")
    assert fetch(
        settings, "select id, _fivetran_deleted from raw_shopify.product order by id"
    ) == [(1, True), (2, None)]


def test_phones_and_cost_history_follow_from_what_landed(
    settings: Settings, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "shopify" / "customer.parquet", customers(1, 300))
    put(tmp_path / "in" / "shopify" / "inventory_item.parquet", items(6))
    report = land_directory(settings, tmp_path / "in", now=now)
    assert report.phones == 6
    assert fetch(
        settings,
        "select phone_e164 from raw_landing.phone_number where country_code = 'GB' order by phone",
    ) == [(None,), ("+442079460958",)]
    assert fetch(
        settings,
        "select day(valid_from), cast(cost as double) from raw_costs.unit_cost_history"
        " order by valid_from",
    ) == [(1, 5.0), (3, 6.5), (5, 5.0)]
    assert dict(fetch(settings, "from raw_landing.as_of"))["shopify.inventory_item"] == datetime(
        2026, 2, 6
    )


def loader_schema(settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            """
            create schema fivetran_shopify;
            create table fivetran_shopify.customer as
                select unnest([1, 2, 2, 3]) as "ID", 'GB' as default_address_country_code,
                    '020 7946 0958' as phone, 'x' as unknown_to_us,
                    unnest(['2026-01-01', '2026-01-01', '2026-01-01', '01/31/2026']) as created_at,
                    unnest(['a', 'old', 'new', 'c']) as first_name,
                    unnest([timestamp '2026-02-01', timestamp '2026-02-01',
                        timestamp '2026-02-02', timestamp '2026-02-01']) as _fivetran_synced;
            create table fivetran_shopify.inventory_item as
                select 1 as id, 'A' as sku, 5.0 as cost, 'USD' as unit_cost_currency_code,
                    timestamp '2026-02-01' as _fivetran_synced
            """
        )


def test_loader_tables_are_registered_and_not_copied(settings: Settings) -> None:
    loader_schema(settings)
    for _ in range(2):
        report = register_tables(settings, {"shopify": "fivetran_shopify"}, relation="us", now=now)
    table = report.table("shopify.customer")
    assert (table.read, table.unchanged, table.superseded, table.quarantined) == (4, 2, 1, 1)
    assert table.ignored_columns == ("unknown_to_us",)
    assert fetch(
        settings,
        "select _source_relation, id, first_name, email from raw_shopify.customer order by id",
    ) == [("us", 1, "a", None), ("us", 2, "new", None)]
    assert fetch(
        settings,
        "select count(*) from duckdb_tables() where schema_name = 'raw_shopify'"
        " and table_name in ('customer', 'inventory_item')",
    ) == [(0,)]
    assert fetch(settings, "select count(*) from raw_landing.quarantine") == [(1,)]
    assert fetch(settings, "select phone_e164 from raw_landing.phone_number") == [
        ("+442079460958",)
    ]
    assert fetch(settings, "select sku, cost_source from raw_costs.unit_cost_history") == [
        ("A", "inventory_item")
    ]
    assert fetch(settings, 'select count(*) from raw_shopify."order"') == [(0,)]


def test_a_new_row_of_the_loader_is_seen_without_landing(settings: Settings) -> None:
    loader_schema(settings)
    register_tables(settings, {"shopify": "fivetran_shopify"}, now=now)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "insert into fivetran_shopify.inventory_item values (2, 'B', 1, 'USD', '2026-02-03')"
        )
    assert fetch(settings, "select count(*) from raw_shopify.inventory_item") == [(2,)]


def test_what_cannot_be_registered_is_refused(settings: Settings, tmp_path: Path) -> None:
    loader_schema(settings)
    with pytest.raises(UnknownNameError, match="shopify"):
        register_tables(settings, {"shop": "fivetran_shopify"}, now=now)
    with pytest.raises(LandingError, match="holds no table of klaviyo"):
        register_tables(settings, {"klaviyo": "fivetran_shopify"}, now=now)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table fivetran_shopify.shop as select 1 as id")
    with pytest.raises(LandingError, match=r"fivetran_shopify.shop lacks .*'currency'"):
        register_tables(settings, {"shopify": "fivetran_shopify"}, now=now)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("drop table fivetran_shopify.shop")
    put(tmp_path / "in" / "shopify" / "customer.parquet", customers(1, 3))
    land(settings, tmp_path / "in")
    with pytest.raises(LandingError, match="landed from files"):
        register_tables(settings, {"shopify": "fivetran_shopify"}, now=now)


def test_files_for_registered_tables_are_refused(settings: Settings, tmp_path: Path) -> None:
    loader_schema(settings)
    register_tables(settings, {"shopify": "fivetran_shopify"}, now=now)
    put(tmp_path / "in" / "shopify" / "customer.parquet", customers(1, 3))
    with pytest.raises(LandingError, match="registered from a loader"):
        land(settings, tmp_path / "in")
