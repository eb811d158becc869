"""What leaves keeps its contract: every kind of damage is named by expectation and column."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.checks.leaving_border import LeavingBorder
from tests.unit.activation.world import SPEC, settings_in, sha

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
MAIL = replace(SPEC, destination="klaviyo", object="list/vip", purpose="marketing")
SALES = replace(SPEC, object="conversions/pixel", key="event_id", kind="event")
ADS_ROW = {
    "customer_id": "c1", "row_hash": "h", "email_sha256": sha("a@example.test"),
    "phone_sha256": None, "region_code": "US", "ad_user_data": "CONSENT_GRANTED",
    "normaliser_version": "1",
}  # fmt: skip
MAIL_ROW = {
    "customer_id": "c1", "row_hash": "h", "email": "a@example.test",
    "phone_number": "+16505551212", "normaliser_version": "1",
}  # fmt: skip
SALES_ROW = {
    "event_id": "purchase:shop:1", "row_hash": "h", "email_sha256": None, "gclid": "Cj0K",
    "event_name": "Purchase", "event_at": "2026-03-01T10:00:00Z", "currency": "USD",
    "conversion_value_amount": "12.3400", "event_source_url": "https://shop.test/@x",
    "normaliser_version": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def border(tmp_path_factory: pytest.TempPathFactory) -> LeavingBorder:
    return LeavingBorder(settings_in(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize(
    ("spec", "row"), [(SPEC, ADS_ROW), (MAIL, MAIL_ROW), (SALES, SALES_ROW)]
)
def test_what_is_as_it_should_be_passes(
    border: LeavingBorder, spec: Any, row: dict[str, Any]
) -> None:
    assert border(spec, pd.DataFrame([row])) == ()


@pytest.mark.parametrize(
    ("spec", "row", "damage", "failed"),
    [
        (SPEC, ADS_ROW, {"email_sha256": "a@example.test"},
         "expect_column_values_to_match_regex(email_sha256)"),
        (SPEC, ADS_ROW, {"email_sha256": EMPTY},
         "expect_column_values_to_not_be_in_set(email_sha256)"),
        (SPEC, ADS_ROW, {"region_code": "me@example.test"},
         "expect_column_values_to_not_match_regex(region_code)"),
        (SPEC, ADS_ROW, {"email_sha256": None},
         "expect_column_values_to_be_between(identifier_count)"),
        (SPEC, ADS_ROW, {"email_sha256": ""},
         "expect_column_values_to_be_between(identifier_count)"),
        (SPEC, ADS_ROW, {"ad_user_data": "UNSPECIFIED"},
         "expect_column_values_to_be_in_set(ad_user_data)"),
        (SPEC, ADS_ROW, {"normaliser_version": None},
         "expect_column_values_to_not_be_null(normaliser_version)"),
        (MAIL, MAIL_ROW, {"email": "no address"}, "expect_column_values_to_match_regex(email)"),
        (MAIL, MAIL_ROW, {"phone_number": "650 555 1212"},
         "expect_column_values_to_match_regex(phone_number)"),
        (MAIL, MAIL_ROW, {"row_hash": None}, "expect_column_values_to_not_be_null(row_hash)"),
        (SALES, SALES_ROW, {"conversion_value_amount": "12,34"},
         "expect_column_values_to_match_regex(conversion_value_amount)"),
        (SALES, SALES_ROW, {"currency": "usd"}, "expect_column_values_to_match_regex(currency)"),
        (SALES, SALES_ROW, {"event_at": "yesterday"},
         "expect_column_values_to_match_regex(event_at)"),
        (SALES, SALES_ROW, {"gclid": None},
         "expect_column_values_to_be_between(identifier_count)"),
    ],
)  # fmt: skip
def test_damage_is_named_without_its_value(
    border: LeavingBorder, spec: Any, row: dict[str, Any], damage: dict[str, Any], failed: str
) -> None:
    key = spec.key
    frame = pd.DataFrame([row, {**row, **damage, key: "other"}])
    found = border(spec, frame)
    assert failed in found
    assert not any(str(value) in name for name in found for value in damage.values() if value)


def test_equal_keys_and_no_rows_are_named(border: LeavingBorder) -> None:
    assert "expect_column_values_to_be_unique(customer_id)" in border(
        SPEC, pd.DataFrame([ADS_ROW, ADS_ROW])
    )
    assert "expect_table_row_count_to_be_between()" in border(
        SPEC, pd.DataFrame(columns=list(ADS_ROW))
    )


def test_great_expectations_is_imported_only_where_something_is_checked(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestration.checks import leaving_border;"
        " leaving_border.LeavingBorder(None); print('great_expectations' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "False"
