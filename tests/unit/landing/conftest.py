from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from orchestration.landing.tables import create_raw_tables
from tests.unit.landing.world import CONTRACT


@pytest.fixture
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture
def raw(memory: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """All raw tables of the contract, empty, in memory."""
    create_raw_tables(memory, CONTRACT)
    return memory
