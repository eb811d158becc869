from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.errors import LandingError
from orchestration.landing.files import find_files, glob_escaped, open_file
from tests.unit.landing.world import CONTRACT, write

SHOP = "id,currency\n1,USD\n"


def test_tables_stand_as_files_or_as_folders_of_parts(tmp_path: Path) -> None:
    write(tmp_path / "shopify" / "shop.csv", SHOP)
    write(tmp_path / "web" / "event" / "part-1.parquet", "")
    write(tmp_path / "truth" / "persons.parquet", "")
    write(tmp_path / "shopify" / ".hidden.csv", "")
    write(tmp_path / "shopify" / "invoice.csv", "")
    write(tmp_path / "notes.txt", "")
    found, ignored = find_files(tmp_path, CONTRACT)
    assert [file.table.source_table for file in found] == ["shopify.shop", "web.event"]
    assert ignored == ["notes.txt", "shopify/invoice.csv"]


@pytest.mark.parametrize("name", ["orders.csv", "ledger/receipt.csv", "shopify/orders.parquet"])
def test_a_folder_of_unknown_names_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, SHOP)
    with pytest.raises(LandingError, match="no table of the raw contract"):
        find_files(tmp_path, CONTRACT)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LandingError, match="holds no file"):
        find_files(tmp_path, CONTRACT)
    with pytest.raises(LandingError, match="not a folder"):
        find_files(tmp_path / "nowhere", CONTRACT)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("id;currency\n1;USD\n", "one column only.*delimiter"),
        ("id,name\n1,Aurora\n", "required column 'currency'"),
        ("id,currency,ID\n1,USD,2\n", "column 'id' twice"),
        ("", "no header line"),
        ("id,währung\n".encode("latin-1"), "not UTF-8"),
        ("id,currency\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_broken_header_is_named(tmp_path: Path, content: str | bytes, says: str) -> None:
    write(tmp_path / "shopify" / "shop.csv", content)
    found, _ = find_files(tmp_path, CONTRACT)
    with duckdb.connect() as scratch, pytest.raises(LandingError, match=says) as caught:
        open_file(scratch, found[0])
    assert "shopify/shop.csv" in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shop.parquet", b"PAR1 and then nothing"),
        ("shop.csv.gz", b"not gzip"),
        # Without the clock in its head: two processes must collect the same tests.
        ("shop.csv.gz", gzip.compress(SHOP.encode() * 100, mtime=0)[:40]),
    ],
)
def test_a_truncated_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "shopify" / name, content)
    found, _ = find_files(tmp_path, CONTRACT)
    with duckdb.connect() as scratch, pytest.raises(LandingError, match="cannot be read"):
        open_file(scratch, found[0])


def test_columns_are_matched_in_any_case_and_others_are_reported(tmp_path: Path) -> None:
    write(tmp_path / "shopify" / "shop.csv", "\ufeffID,Currency,plan\n1,USD,basic\n")
    found, _ = find_files(tmp_path, CONTRACT)
    with duckdb.connect() as scratch:
        file = open_file(scratch, found[0])
    assert file.by_contract_name["id"] == ("ID", "VARCHAR")
    assert file.ignored_columns == ("plan",)


def test_a_path_with_glob_letters_is_one_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1]*'s.csv", SHOP)
    assert duckdb.sql(f"select count(*) from read_csv({glob_escaped(path)})").fetchall() == [(1,)]
