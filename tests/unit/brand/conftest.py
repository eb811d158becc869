"""One small brand for all tests of the room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.brand import BrandSummary, make_brand

CUSTOMERS, MONTHS, SEED = 2_000, 12, 7
Query = Callable[[str], list[tuple[Any, ...]]]


def no_progress(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BrandSummary]:
    """Directory and summary of a brand of 2,000 customers and 12 months."""
    directory = tmp_path_factory.mktemp("brand")
    summary = make_brand(
        directory, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=no_progress
    )
    return directory, summary


@pytest.fixture(scope="session")
def query(brand: tuple[Path, BrandSummary]) -> Query:
    """SQL over the files; tables are named ``source.table``."""
    connection = duckdb.connect()
    for file in sorted(brand[0].glob("*/*.parquet")):
        connection.execute(f'create schema if not exists "{file.parent.name}"')
        connection.execute(
            f'create view "{file.parent.name}"."{file.stem}" as select * from \'{file}\''
        )

    def run(sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    return run
