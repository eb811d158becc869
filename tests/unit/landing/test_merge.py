"""The rule of one row per key, against the rule written in Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.landing.contract import SYNCED, ColumnContract, TableContract
from orchestration.landing.files import FoundFile, LandingFile
from orchestration.landing.merge import CONFLICT, MergeCounts, create_incoming_view, merge_incoming
from orchestration.landing.readers import Group
from tests.unit.landing.world import MOMENT

THING = TableContract(
    "web",
    "raw_web",
    "thing",
    (
        ColumnContract("id", "bigint", is_key=True),
        ColumnContract("value", "varchar"),
        ColumnContract(SYNCED, "timestamp"),
    ),
)
DAY = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Row:
    id: int
    value: str | None
    day: int


Files = list[tuple[str, list[Row]]]
Landed = tuple[int, str | None, datetime, str]
Two = tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]
rows = st.builds(Row, st.integers(1, 4), st.sampled_from(["a", "b", None]), st.integers(0, 2))
files = st.lists(st.lists(rows, max_size=8), min_size=1, max_size=3).map(
    lambda contents: [(f"digest-{number}", content) for number, content in enumerate(contents)]
)


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """Two databases for the whole module: opening one costs more than an example."""
    with duckdb.connect() as one, duckdb.connect() as other:
        yield one, other


def empty(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute(
        "drop schema if exists raw_web cascade; drop schema if exists raw_landing cascade;"
        "create schema raw_web; create schema raw_landing;"
        "create table raw_web.thing (id bigint, value varchar, _fivetran_synced timestamp,"
        " _file_digest varchar);"
        "create table raw_landing.quarantine (source_table varchar, file_name varchar,"
        " file_digest varchar, row_number bigint, reason varchar, row_json varchar,"
        " quarantined_at timestamp)"
    )
    return connection


def merge(
    connection: duckdb.DuckDBPyConnection, batch: Files, *, defaulted: bool = False
) -> MergeCounts:
    connection.execute(
        "create or replace temp table landing_typed (id bigint, value varchar,"
        " _fivetran_synced timestamp, _file_digest varchar, _row_number bigint,"
        " _is_synced_defaulted boolean, _reason varchar, _row_json varchar)"
    )
    values = ", ".join(
        f"({row.id}, {_literal(row.value)}, timestamp '{DAY + timedelta(row.day)}', '{digest}',"
        f" {number}, {defaulted}, null, '{{}}')"
        for digest, content in batch
        for number, row in enumerate(content, start=1)
    )
    if values:
        connection.execute(f"insert into landing_typed values {values}")
    landed = tuple(
        LandingFile(FoundFile(Path(digest), f"{digest}.csv", THING), digest, ())
        for digest, _ in batch
    )
    group = Group(THING, landed, "landing_typed")
    create_incoming_view(connection, group, MOMENT.replace(tzinfo=None), has_bad_rows=False)
    return merge_incoming(connection, THING)


def _literal(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"


def landed(connection: duckdb.DuckDBPyConnection) -> list[Landed]:
    rows: list[Landed] = connection.execute("select * from raw_web.thing order by id").fetchall()
    return rows


def winners(batch: Files) -> dict[int, tuple[int, str]]:
    """Key -> (newest day, greatest digest among the files that have it)."""
    best: dict[int, tuple[int, str]] = {}
    for digest, content in batch:
        for row in content:
            best[row.id] = max(best.get(row.id, (-1, "")), (row.day, digest))
    return best


@given(files)
@settings(max_examples=25, deadline=None)
def test_the_newest_wins_and_ties_go_to_the_greater_digest(two: Two, batch: Files) -> None:
    connection = empty(two[0])
    merge(connection, batch)
    held = {row[0]: ((row[2] - DAY).days, row[3]) for row in landed(connection)}
    assert held == winners(batch)
    originals = {(digest, row.id, row.value, row.day) for digest, rows in batch for row in rows}
    for key, value, synced, digest in landed(connection):
        assert (digest, key, value, (synced - DAY).days) in originals


@given(files, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_files_one_by_one_in_any_order_end_as_all_at_once(
    two: Two, batch: Files, random: Random
) -> None:
    together, apart = empty(two[0]), empty(two[1])
    merge(together, batch)
    shuffled = list(batch)
    random.shuffle(shuffled)
    for file in [*shuffled, shuffled[0]]:
        merge(apart, [file])
    assert landed(together) == landed(apart)


def test_identical_copies_collapse_and_a_conflicting_one_is_quarantined(two: Two) -> None:
    connection = empty(two[0])
    batch = [("f", [Row(1, "a", 0), Row(1, "a", 0), Row(2, "a", 0), Row(2, "b", 0), Row(3, "a", 0),
                    Row(3, "b", 1)])]  # fmt: skip
    assert merge(connection, batch) == MergeCounts(landed=3)
    held = {row[0]: row[1] for row in landed(connection)}
    assert held[1] == "a"
    assert held[3] == "b"
    quarantined = connection.execute(
        "select file_name, row_number, reason from raw_landing.quarantine"
    ).fetchall()
    assert len(quarantined) == 1
    assert quarantined[0][0] == "f.csv"
    assert quarantined[0][1] in (3, 4)
    assert quarantined[0][2] == CONFLICT


def test_a_merge_counts_what_it_did(two: Two) -> None:
    connection = empty(two[0])
    merge(connection, [("1", [Row(1, "a", 1), Row(2, "a", 1), Row(3, None, 1)])])
    counts = merge(
        connection, [("2", [Row(1, "b", 0), Row(2, "b", 2), Row(3, None, 2), Row(4, "b", 0)])]
    )
    assert counts == MergeCounts(landed=1, updated=1, unchanged=2)
    assert [(row[0], row[1]) for row in landed(connection)] == [
        (1, "a"), (2, "b"), (3, None), (4, "b"),
    ]  # fmt: skip


def test_equal_rows_without_own_times_change_nothing(two: Two) -> None:
    connection = empty(two[0])
    merge(connection, [("1", [Row(1, "a", 0), Row(2, "a", 0)])], defaulted=True)
    counts = merge(connection, [("2", [Row(1, "a", 2), Row(2, "b", 2)])], defaulted=True)
    assert counts == MergeCounts(updated=1, unchanged=1)
    assert [(row[1], row[2]) for row in landed(connection)] == [
        ("a", DAY),
        ("b", DAY + timedelta(2)),
    ]
