from __future__ import annotations

import duckdb
import pytest

from orchestration.e164 import to_e164
from orchestration.landing.phones import land_phones
from orchestration.landing.report import no_progress
from tests.unit.landing.world import CONTRACT


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+49 30 901820", "", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("(212) 555-0123", "", None),
        ("+49 30 901820", "Germany", "+4930901820"),
        ("123", "US", None),
        ("call me", "US", None),
        ("", "US", None),
    ],
)
def test_only_valid_numbers_become_e164(phone: str, country: str, expected: str | None) -> None:
    assert to_e164(phone, country) == expected


def test_every_pair_that_staging_joins_is_landed_once(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute(
        'insert into raw_shopify."order" (phone, shipping_address_country_code,'
        " billing_address_country_code) values ('020 7946 0958', null, 'gb'),"
        " ('020 7946 0958', 'US', 'GB'), ('1', null, null), (null, 'US', null)"
    )
    tables = [CONTRACT.table("shopify.order"), CONTRACT.table("shopify.shop")]
    assert land_phones(raw, tables, no_progress) == 3
    assert land_phones(raw, tables, no_progress) == 0
    rows = raw.execute("select * from raw_landing.phone_number order by all").fetchall()
    assert rows == [
        ("020 7946 0958", "GB", "+442079460958", True),
        ("020 7946 0958", "US", None, False),
        ("1", "", None, False),
    ]
