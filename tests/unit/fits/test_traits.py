"""Traits as they come out of the warehouse, and which records are one row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.fits import FitError, read_traits
from orchestration.fits.traits import COLUMNS, SAME, distinct_traits
from orchestration.settings import Settings
from tests.unit.fits.people import record, traits

ANN = {"first_name": "ann", "last_name": "lee"}


def test_records_of_equal_traits_are_one_row_named_by_the_smallest_key() -> None:
    distinct = distinct_traits(traits([
        record("d", **ANN), record("b", **ANN), record("z", **ANN, city="york"),
        record("a", **ANN), record("c", **ANN),
    ]))  # fmt: skip
    assert list(distinct.rows["node_key"]) == ["a", "z"]
    assert distinct.seconds[["node_key", SAME]].to_numpy().tolist() == [["b", "a"]]
    assert distinct.further[[SAME, "second", "node_key"]].to_numpy().tolist() == [
        ["a", "b", "c"], ["a", "b", "d"],
    ]  # fmt: skip


def test_unknown_is_no_empty_text_of_the_next_trait() -> None:
    distinct = distinct_traits(
        traits([record("a", first_name="ann"), record("b", last_name="ann")])
    )
    assert len(distinct.rows) == 2


def test_traits_are_read_with_their_moment(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema identity")
        connection.execute("create schema intermediate")
        columns = ", ".join(f"'{name}' as {name}" for name in reversed(COLUMNS))
        connection.execute(f"create table identity.int_identity_traits as select {columns}, 1 as n")
        connection.execute(
            "create table intermediate.int_as_of as select timestamp '2026-03-01' as as_of_at"
        )
    found = read_traits(settings)
    assert found.table.to_pylist() == [{name: name for name in COLUMNS}]
    assert found.as_of_at == datetime(2026, 3, 1)


@pytest.mark.parametrize("has_file", [False, True])
def test_without_traits_the_remedy_is_named(tmp_path: Path, has_file: bool) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    if has_file:
        duckdb.connect(str(settings.warehouse)).close()
    with pytest.raises(FitError, match="no traits") as caught:
        read_traits(settings)
    assert "tributary land" in caught.value.remedy
