from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.landing.errors import LandingError
from orchestration.landing.files import LandingFile, find_files, open_file
from orchestration.landing.readers import grouped, open_group
from tests.unit.landing.world import CONTRACT, write, write_parquet


def opened(memory: duckdb.DuckDBPyConnection, directory: Path) -> list[LandingFile]:
    return [open_file(memory, file) for file in find_files(directory, CONTRACT)[0]]


def test_files_of_equal_columns_are_read_together_and_equal_bytes_once(
    memory: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop = tmp_path / "shopify" / "shop"
    write(shop / "a.csv", "id,currency\n1,USD\n")
    write(shop / "b.csv", "id,currency\n2,EUR\n")
    write(shop / "copy-of-a.csv", "id,currency\n1,USD\n")
    write(shop / "c.csv", "currency,id\nUSD,3\n")
    write_parquet(shop / "d.parquet", {"id": [4], "currency": ["USD"]})
    groups = grouped(opened(memory, tmp_path))
    assert [[file.found.path.name for file in group] for group in groups] == [
        ["a.csv", "b.csv"], ["c.csv"], ["d.parquet"],
    ]  # fmt: skip


def test_rows_carry_the_digest_of_their_file_and_their_number(
    memory: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "shopify" / "shop" / "a=1.parquet", {"id": [7, 8]})
    write_parquet(tmp_path / "shopify" / "shop" / "b[2].parquet", {"id": [9]})
    files = [
        LandingFile(found, found.path.stem, (("id", "BIGINT"),))
        for found in find_files(tmp_path, CONTRACT)[0]
    ]
    group = open_group(memory, files)
    rows = memory.execute(
        f"select id, _file_digest, _row_number from {group.relation} order by id"
    ).fetchall()
    assert rows == [(7, "a=1", 1), (8, "a=1", 2), (9, "b[2]", 1)]


def test_quotes_line_breaks_and_commas_in_csv(
    memory: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(
        tmp_path / "shopify" / "shop.csv",
        'id,currency,name\r\n1,USD,"A ""B"", C"\r\n2,USD,"line\nbreak"\r\n3,USD,\r\n',
    )
    group = open_group(memory, opened(memory, tmp_path))
    rows = memory.execute(f"select name, _row_number from {group.relation}").fetchall()
    assert sorted(rows, key=lambda row: row[1]) == [
        ('A "B", C', 1), ("line\nbreak", 2), (None, 3),
    ]  # fmt: skip


def test_lines_with_too_few_or_too_many_fields_are_kept_apart(
    memory: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(tmp_path / "shopify" / "shop.csv", "id,currency,name\n1,USD,\n2\n3,EUR,x,y\n4,EUR,\n")
    group = open_group(memory, opened(memory, tmp_path))
    assert memory.execute(f"select count(*) from {group.relation}").fetchall() == [(2,)]
    assert [(line.row_number, line.reason) for line in group.rejected] == [
        (2, "the line has too few fields"),
        (3, "the line has too many fields"),
    ]
    assert group.rejected[0].row_json == '{"line": "2"}'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("id,currency,name\n1,USD,caf\xe9\n".encode("latin-1"), "not UTF-8"),
        (b'id,currency\n1,"USD\n2,EUR\n', "never closed"),
    ],
)
def test_text_that_cannot_be_trusted_stops_the_landing(
    memory: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, says: str
) -> None:
    write(tmp_path / "shopify" / "shop.csv", content)
    with pytest.raises(LandingError, match=says) as caught:
        open_group(memory, opened(memory, tmp_path))
    assert "caf" not in str(caught.value)
