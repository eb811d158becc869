from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from orchestration.landing.sampling import sample
from orchestration.landing.tables import create_raw_tables
from tests.unit.landing.world import CONTRACT


@pytest.fixture
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_raw_tables(connection, CONTRACT)
        yield connection


def test_a_sample_is_bounded_the_same_each_time_and_keeps_copies_together(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    table = CONTRACT.table("shopify.order_line")
    raw.execute(
        "insert into raw_shopify.order_line (_source_relation, id, price)"
        " select 's', n // 2, 5 from range(20000) as numbers (n)"
    )
    frame = sample(raw, table, 1000)
    assert 500 < len(frame) <= 1000
    assert frame.equals(sample(raw, table, 1000))
    assert "_file_digest" not in frame.columns
    assert frame["price"].dtype == float
    counts = frame["id"].value_counts()
    assert (counts == 2).sum() >= len(counts) - 1
    assert len(sample(raw, table, 50_000)) == 20_000
