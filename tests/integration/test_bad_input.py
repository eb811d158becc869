"""Bad input at the landing border: a clear error and nothing written, or bad rows set aside."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.landing import LandingError, land_directory
from orchestration.settings import Settings
from tests.unit.landing.world import (
    SYNCED,
    digests,
    fetch,
    now,
    settings_at,
    write,
    write_parquet,
)

CUSTOMERS = "id,email,created_at,_fivetran_synced\n"
GOOD = f"1,ada@example.com,2026-01-01,{SYNCED}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path / "home")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    path = tmp_path / "inbox"
    path.mkdir()
    return path


def truncated_parquet(inbox: Path) -> None:
    path = write_parquet(inbox / "shopify" / "shop.parquet", {"id": [1], "currency": ["USD"]})
    path.write_bytes(path.read_bytes()[:-20])


def parquet_with_a_hole(inbox: Path) -> None:
    """The footer is whole, so only reading the rows shows the damage."""
    rows = 100_000
    path = write_parquet(
        inbox / "shopify" / "shop.parquet",
        {"id": range(rows), "currency": ["USD"] * rows, "name": [str(n) for n in range(rows)]},
    )
    content = bytearray(path.read_bytes())
    content[1_000:200_000] = b"\xff" * 199_000
    path.write_bytes(bytes(content))


def truncated_gzip(inbox: Path) -> None:
    lines = "".join(f"{n},a{n}@example.com,2026-01-01,{SYNCED}\n" for n in range(1000))
    content = gzip.compress((CUSTOMERS + lines).encode())
    write(inbox / "shopify" / "customer.csv.gz", content[: len(content) // 2])


def other_encoding(inbox: Path) -> None:
    line = f"2,josé@example.com,2026-01-01,{SYNCED}\n"
    write(inbox / "shopify" / "customer.csv", (CUSTOMERS + line).encode("latin-1"))


def wrong_delimiter(inbox: Path) -> None:
    write(inbox / "shopify" / "customer.csv", (CUSTOMERS + GOOD).replace(",", ";"))


def missing_column(inbox: Path) -> None:
    write(inbox / "shopify" / "customer.csv", "id,email\n1,ada@example.com\n")


def wrong_type(inbox: Path) -> None:
    write_parquet(inbox / "shopify" / "customer.parquet", {"id": [1], "created_at": ["31/01/2026"]})


def unknown_table(inbox: Path) -> None:
    write(inbox / "shopify" / "customers.csv", CUSTOMERS + GOOD)


def nothing(inbox: Path) -> None:
    pass


REFUSED: list[tuple[Callable[[Path], None], str]] = [
    (nothing, "holds no file"),
    (unknown_table, "no table of the raw contract"),
    (truncated_parquet, "shopify/shop.parquet cannot be read"),
    (parquet_with_a_hole, "shopify/shop.parquet cannot be read"),
    (truncated_gzip, "shopify/customer.csv.gz cannot be read"),
    (other_encoding, "shopify/customer.csv is not UTF-8"),
    (wrong_delimiter, "shopify/customer.csv has one column only.*delimiter"),
    (missing_column, "shopify/customer.csv lacks the required column 'created_at'"),
    (wrong_type, "shopify/customer.parquet: .*'created_at'"),
]


@pytest.mark.parametrize(("make", "says"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_a_broken_file_is_named_and_nothing_is_written(
    settings: Settings, tmp_path: Path, inbox: Path, make: Callable[[Path], None], says: str
) -> None:
    write(tmp_path / "before" / "shopify" / "customer.csv", CUSTOMERS + GOOD)
    land_directory(settings, tmp_path / "before", now=now)
    before = digests(settings)
    make(inbox)
    if make is not nothing and make is not unknown_table:
        write(inbox / "costs" / "exchange_rate.csv",
              "from_currency,to_currency,rate_date,rate\nEUR,USD,2026-01-01,1.1\n")  # fmt: skip
    with pytest.raises(LandingError, match=says) as caught:
        land_directory(settings, inbox, now=now)
    assert caught.value.remedy
    assert "@" not in str(caught.value)
    assert digests(settings) == before
    assert fetch(settings, "select count(*) from raw_landing.file") == [(1,)]
    assert fetch(settings, "select count(*) from raw_landing.quarantine") == [(0,)]


def test_bad_rows_are_set_aside_with_their_reason_and_the_rest_lands(
    settings: Settings, inbox: Path
) -> None:
    write(
        inbox / "shopify" / "customer.csv",
        CUSTOMERS + GOOD
        + f"2,bob@example.com,31/01/2026,{SYNCED}\n"
        + f"3,cleo@example.com,\"Jan 31, 2026\",{SYNCED}\n"
        + f",dora@example.com,2026-01-01,{SYNCED}\n"
        + f"5,,2026-01-01T10:00:00+01:00,{SYNCED}\n"
        + "6,fay@example.com\n",
    )  # fmt: skip
    write(
        inbox / "shopify" / "order_line.csv",
        "id,order_id,quantity,price\n1,10,2,5.00\n2,10,-1,5.00\n3,10,1,\"1,234.50\"\n",
    )
    report = land_directory(settings, inbox, now=now)
    assert report.table("shopify.customer").reasons == {
        "created_at is not an ISO time such as 2026-01-31T10:00:00Z": 2,
        "id is empty": 1,
        "the line has too few fields": 1,
    }
    assert report.table("shopify.order_line").reasons == {
        "price is not a number such as 1234.50": 1,
        "quantity is below 0": 1,
    }
    assert fetch(settings, "select id, email from raw_shopify.customer order by id") == [
        (1, "ada@example.com"), (5, None),
    ]  # fmt: skip
    assert fetch(settings, "select id from raw_shopify.order_line") == [(1,)]
    assert fetch(
        settings,
        "select row_json ->> 'price' from raw_landing.quarantine where row_number = 3"
        " and source_table = 'shopify.order_line'",
    ) == [("1,234.50",)]
    assert report.quarantined == 6
    for table in report.tables:
        assert table.read == table.landed + table.quarantined


def test_duplicate_keys_keep_the_newest_and_lose_nothing(settings: Settings, inbox: Path) -> None:
    newer = SYNCED.replace("02-01", "02-02")
    write(
        inbox / "shopify" / "customer.csv",
        CUSTOMERS + GOOD + GOOD
        + f"2,old@example.com,2026-01-01,{SYNCED}\n2,new@example.com,2026-01-01,{newer}\n"
        + f"3,one@example.com,2026-01-01,{SYNCED}\n3,two@example.com,2026-01-01,{SYNCED}\n",
    )  # fmt: skip
    report = land_directory(settings, inbox, now=now).table("shopify.customer")
    assert (report.read, report.landed, report.superseded, report.quarantined) == (6, 3, 2, 1)
    held = dict(fetch(settings, "select id, email from raw_shopify.customer"))
    assert held[2] == "new@example.com"
    loser = fetch(settings, "select row_json ->> 'email', reason from raw_landing.quarantine")
    assert {held[3], loser[0][0]} == {"one@example.com", "two@example.com"}
    assert "stands twice" in loser[0][1]


def test_an_order_without_customer_lands(settings: Settings, inbox: Path) -> None:
    write(
        inbox / "shopify" / "order.csv",
        "id,customer_id,currency,total_price,created_at,processed_at\n"
        "1,,USD,10.00,2026-01-01,2026-01-01\n",
    )
    assert land_directory(settings, inbox, now=now).landed == 1
    assert fetch(settings, 'select customer_id from raw_shopify."order"') == [(None,)]
