"""``explain order``: what people and scripts are shown, and no person in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.errors import TributaryError
from tests.unit.margin.world import make_home

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_home(tmp_path)
    monkeypatch.setenv("TRIBUTARY_HOME", str(tmp_path))
    for name in ("TRIBUTARY_LEDGER_URL", "TRIBUTARY_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*arguments: str) -> Result:
    return runner.invoke(app, ["explain", "order", *arguments])


def answer(*arguments: str) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    value: dict[str, Any] = json.loads(result.output)
    return value


def rows(output: str) -> list[list[str]]:
    """Cells of the tables' rows."""
    lines = [line for line in output.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_people_see_each_amount_with_rule_row_date_and_how_sure(home: Path) -> None:
    output = call("1001").output
    assert "CM2 35.80 USD (at the order 58.40), CM3 17.80." in output
    assert "shared by the credits of last_non_direct: a rule, no experiment." in output
    assert "cost of goods fallback, known for 100.0 %" in output
    assert "7 of 22 amounts are estimated, 41.50 in all" in output
    shown = rows(output)
    assert ["-4.68", "Carrier label", "carrier_label", "shipment A", "2026-10-05",
            "estimated"] in shown  # fmt: skip
    assert ["-12.00", "Cost of goods sold", "cost_of_goods", "order_line 12", "2026-10-05",
            "estimated, fallback"] in shown  # fmt: skip
    assert ["-13.09", "Ad spend", "ad_spend", "ad_spend meta_ads:ad:77", "2026-10-05",
            "shared by credit"] in shown  # fmt: skip
    assert ["-11.46", "= CM2", "", "", "", ""] in shown
    assert ["-16.37", "= CM3", "", "", "", ""] in shown
    assert ["35.80", "= CM2", "", ""] in shown
    assert "home.example" not in output


def test_a_young_order_says_what_is_expected_and_upon_what(home: Path) -> None:
    assert "32.41 USD of CM2 is expected in the end, by rates that rest on 30 mature units" in (
        call("shop:1").output
    )
    assert "no mature order to say how likely" in call("shop:2").output
    assert "come back" not in call("shop:3").output
    assert "rest on the shop's mean only" in call("eu:9").output
    value = answer("shop:1")
    assert (value["is_mature"], value["cm2_expected_amount"]) == (False, "32.4100")


def test_people_see_the_days_of_the_event_clock(home: Path) -> None:
    output = call("shop:1", "--clock", "event").output
    shown = rows(output)
    assert ["-22.60", "= CM2 of the day", "", "", "", ""] in shown
    assert ["35.80", "= CM2 so far", "", "", "", ""] in shown
    assert ["17.80", "= CM3 so far", "", "", "", ""] in shown
    assert ["-1.50", "Return handling", "return_handling", "refund 5", "12", "actual"] in shown


def test_a_missing_cost_is_said_not_zero(home: Path) -> None:
    output = call("1002").output
    assert "No cost of goods is known for shop:21: CM1 and CM2 lack it, it is not 0." in output
    assert "cancelled" in output


def test_scripts_get_exact_text_and_both_dates(home: Path) -> None:
    value = answer("shop:1", "--clock", "event")
    assert (value["ladder"]["cm2_amount"], value["ladder"]["cm3_amount"]) == ("35.8000", "17.8000")
    assert value["attribution_model"] == "last_non_direct"
    assert [(day["date"], day["cm2_amount"]) for day in value["days"]] == [
        ("2026-10-05", "58.4000"), ("2026-10-20", "-22.6000"),
    ]  # fmt: skip
    refund = next(
        entry for entry in value["lines"][1]["entries"] if entry["rule"] == "merchandise_refund"
    )
    assert refund == {
        "rule": "merchandise_refund", "name": "Merchandise refund", "step": "cm1",
        "amount": "-27.0000", "date": "2026-10-20", "event_date": "2026-10-20",
        "cohort_date": "2026-10-05", "source_relation": "shop",
        "source_table": "order_line_refund", "source_id": "1", "is_estimated": False,
        "cost_quality": None,
    }  # fmt: skip
    assert answer("shop:1")["days"][0]["cm2_amount"] == "35.8000"


def test_no_person_stands_in_the_answer(home: Path) -> None:
    text = call("shop:1", "--json").output
    assert "customer" not in text
    assert "home.example" not in text


def test_an_ambiguous_name_fails_with_the_choices(home: Path) -> None:
    result = call("#77")
    assert isinstance(result.exception, TributaryError)
    assert "eu:9, shop:3" in result.exception.what


def test_a_clock_that_is_none_is_wrong_usage(home: Path) -> None:
    assert call("shop:1", "--clock", "moon").exit_code == 2
