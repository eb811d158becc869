"""The whole brand: equal bytes, right volumes, every case, and the raw contract."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from orchestration.brand import BrandSummary, make_brand
from orchestration.brand import make as making
from orchestration.errors import ConfigurationError
from orchestration.settings import PROJECT_DIR
from tests.unit.brand.cases import CASES
from tests.unit.brand.conftest import CUSTOMERS, MONTHS, SEED, Query, no_progress

TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "decimal(28,10)": pa.decimal128(28, 10),
}
NOT_OURS = {"ledger", "landing", "research", "fits", "merchant_center"}


def _contract() -> list[tuple[str, dict[str, Any]]]:
    tables = []
    for file in sorted((PROJECT_DIR / "models" / "staging").glob("*/_*__sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            if source["name"] not in NOT_OURS:
                tables += [(source["name"], table) for table in source["tables"]]
    return tables


def _digests(directory: Path) -> dict[str, str]:
    return {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.glob("*/*.parquet"))
    }


def test_equal_arguments_give_equal_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        make_brand(tmp_path / name, customers=150, months=4, seed=seed, progress=no_progress)
    first, second, other = (_digests(tmp_path / name) for name in "abc")
    assert first == second
    assert first["shopify/order.parquet"] != other["shopify/order.parquet"]


def test_persons_of_a_full_chunk_do_not_depend_on_how_many_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "CHUNK", 100)
    seen: list[tuple[int, int]] = []
    for name, customers in (("one", 100), ("two", 230)):
        make_brand(
            tmp_path / name, customers=customers, months=3, seed=1,
            progress=lambda done, total: seen.append((done, total)),
        )  # fmt: skip
    assert seen == [(100, 100), (100, 230), (200, 230), (230, 230)]
    one, two = (pq.read_table(tmp_path / name / "truth/persons.parquet") for name in ("one", "two"))
    assert two.num_rows == 230
    assert two.slice(0, 100).equals(one)


@pytest.mark.parametrize("name", CASES)
def test_the_case_occurs(query: Query, name: str) -> None:
    assert query(CASES[name])[0][0] > 0


@pytest.mark.parametrize(
    ("table", "per", "mean"),
    [
        ("shopify.order", "person", 1.6),
        ("web.event", "person", 48.0),
        ("truth.sessions", "person", 12.0),
        ("klaviyo.event", "person", 15.0),
        ("shopify.order_line", "shopify.order", 2.1),
    ],
)
def test_volumes_are_within_four_per_cent(
    brand: tuple[Path, BrandSummary], table: str, per: str, mean: float
) -> None:
    counts = brand[1].row_counts
    base = CUSTOMERS * MONTHS / 12 if per == "person" else counts[per]
    assert counts[table] / base == pytest.approx(mean, rel=0.04)


@pytest.mark.parametrize(
    ("source", "table"),
    [pytest.param(*each, id=f"{each[0]}.{each[1]['name']}") for each in _contract()],
)
def test_the_file_keeps_the_raw_contract(
    brand: tuple[Path, BrandSummary], query: Query, source: str, table: dict[str, Any]
) -> None:
    schema = pq.read_schema(brand[0] / source / f"{table['name']}.parquet")
    columns = [
        column for column in table["columns"]
        if not column.get("config", {}).get("meta", {}).get("export_only")
    ]  # fmt: skip
    assert set(schema.names) == {column["name"] for column in columns}
    keys, filled = [], []
    for column in columns:
        wanted, found = TYPES[column["data_type"]], schema.field(column["name"]).type
        assert found == wanted or (pa.types.is_decimal(found) and pa.types.is_decimal(wanted))
        meta = column.get("config", {}).get("meta", {})
        if meta.get("key"):
            keys.append(f'"{column["name"]}"')
        if meta.get("key") or meta.get("not_null"):
            filled.append(f'"{column["name"]}" is null')
    name = f'"{source}"."{table["name"]}"'
    assert query(f"select count(*) from {name} where {' or '.join(filled)}") == [(0,)]
    rows, distinct = query(
        f"select count(*), (select count(*) from (select distinct {', '.join(keys)} from {name})) "
        f"from {name}"
    )[0]
    assert rows == distinct > 0


def test_every_table_of_the_contract_is_written_and_no_other(
    brand: tuple[Path, BrandSummary],
) -> None:
    wanted = {f"{source}.{table['name']}" for source, table in _contract()}
    assert {name for name in brand[1].row_counts if not name.startswith("truth.")} == wanted


def test_nothing_happens_outside_the_window(query: Query, brand: tuple[Path, BrandSummary]) -> None:
    assert (brand[1].first_day, brand[1].last_day) == (date(2025, 11, 1), date(2026, 10, 31))
    for table, column in (
        ("web.event", "timestamp"), ('shopify."order"', "processed_at"),
        ("klaviyo.event", "datetime"), ("privacy.consent_event", "occurred_at"),
        ("shopify.refund", "processed_at"), ("costs.shipment", "shipped_at"),
        ("shopify.transaction", "processed_at"), ("recharge.charge", "created_at"),
        ("recharge.subscription", "cancelled_at"), ("recharge.subscription", "updated_at"),
    ):  # fmt: skip
        first, last = query(f"select min({column})::date, max({column})::date from {table}")[0]
        assert (date(2025, 11, 1) <= first, last <= date(2026, 10, 31)) == (True, True), table


@pytest.mark.parametrize(
    ("customers", "months", "seed"), [(0, 1, SEED), (10, 0, SEED), (10, 1, -1)]
)
def test_a_brand_of_nothing_is_refused_with_a_remedy(
    tmp_path: Path, customers: int, months: int, seed: int
) -> None:
    with pytest.raises(ConfigurationError, match="--customers"):
        make_brand(
            tmp_path, customers=customers, months=months, seed=seed, progress=no_progress
        )
    assert not list(tmp_path.iterdir())
