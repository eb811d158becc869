from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.checks.landing_border import (
    BorderReport,
    TableVerdict,
    check_landing,
    expectations_of,
)
from orchestration.errors import ConfigurationError
from orchestration.landing.contract import TableContract
from tests.unit.landing.world import CONTRACT, settings_at


@pytest.mark.parametrize("table", CONTRACT.landed, ids=lambda table: table.source_table)
def test_every_raw_table_has_three_to_six_expectations(table: TableContract) -> None:
    expectations = expectations_of(table)
    assert 3 <= len(expectations) <= 6
    kinds = [kind for kind, _ in expectations]
    assert kinds[0] == "ExpectTableColumnsToMatchSet"
    assert ("ExpectCompoundColumnsToBeUnique", {"column_list": list(table.keys)}) in expectations
    if not any(column.values or column.minimum is not None for column in table.columns):
        assert "ExpectColumnValuesToNotBeNull" in kinds


def test_bounds_and_values_of_the_contract_become_expectations() -> None:
    rate = expectations_of(CONTRACT.table("costs.exchange_rate"))
    assert (
        "ExpectColumnValuesToBeBetween",
        {"column": "rate", "min_value": 0.0, "strict_min": True},
    ) in rate
    consent = dict(expectations_of(CONTRACT.table("privacy.consent_event")))
    assert consent["ExpectColumnValuesToBeInSet"]["column"] in ("purpose", "state")


def test_one_failed_expectation_makes_the_report_red() -> None:
    good = TableVerdict("shopify", "shop", 1, 6)
    bad = TableVerdict("shopify", "order", 1, 5, ("expect_column_values_to_not_be_null(id)",))
    assert BorderReport((good,), Path("x")).is_green
    report = BorderReport((good, bad), Path("x"))
    assert not report.is_green
    assert report.as_json()["tables"][1]["failed"] == bad.failed


def test_there_is_nothing_to_check_before_landing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no warehouse"):
        check_landing(settings_at(tmp_path))


def test_the_engine_is_not_imported_with_the_module() -> None:
    code = (
        "import sys, orchestration.checks.landing_border, orchestration.landing;"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
