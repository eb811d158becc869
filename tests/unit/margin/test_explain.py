"""An order is found, its ladder climbs to what the marts say, and a difference is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.margin.errors import (
    AmbiguousOrderError,
    MarginMissingError,
    UnbalancedStatementError,
    UnknownOrderError,
)
from orchestration.margin.explain import explain_order
from orchestration.margin.reading import source_of
from orchestration.margin.statement import days, ladder
from orchestration.settings import Settings
from tests.unit.margin.world import make_home


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("margin"))


def test_the_ladder_of_the_worked_example_per_line_and_order(settings: Settings) -> None:
    statement = explain_order(settings, "shop:1")
    of_order = [rung.total for rung in ladder(statement.entries)]
    of_lines = [[rung.total for rung in ladder(line.entries)] for line in statement.lines]
    assert of_order == amounts("110", "99", "72", "53", "35.80", "17.80")
    assert of_lines == [
        amounts("80", "72", "72", "53", "47.26", "34.17"),
        amounts("30", "27", "0", "0", "-11.46", "-16.37"),
    ]


def test_the_event_clock_tells_the_days_apart_and_the_cohort_clock_does_not(
    settings: Settings,
) -> None:
    entries = explain_order(settings, "shop:1").entries
    told = [
        (day.on, day.cm2_amount, day.cm2_so_far_amount, day.cm3_amount, day.cm3_so_far_amount)
        for day in days(entries, "event")
    ]
    assert told == [
        (date(2026, 10, 5), *amounts("58.40", "58.40", "40.40", "40.40")),
        (date(2026, 10, 20), *amounts("-22.60", "35.80", "-22.60", "17.80")),
    ]
    (only,) = days(entries, "cohort")
    assert (only.on, only.cm2_amount, only.cm3_amount) == (
        date(2026, 10, 5), *amounts("35.80", "17.80")
    )  # fmt: skip


def test_what_a_mart_does_not_count_yet_stays_out(settings: Settings) -> None:
    entries = explain_order(settings, "shop:1").entries
    assert {entry.rule for entry in entries if entry.step == "cm3"} == {"ad_spend"}


def test_credits_of_one_spend_are_one_amount_of_a_line_with_its_channel(settings: Settings) -> None:
    spend = [
        (one.order_line_id, one.amount, one.source_relation, one.source_table, one.source_id)
        for one in explain_order(settings, "shop:1").entries
        if one.step == "cm3"
    ]
    where = ("meta_ads", "ad_spend", "meta_ads:ad:77:2026-10-05")
    assert spend == [
        ("shop:11", Decimal("-13.09"), *where), ("shop:12", Decimal("-4.91"), *where),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["shop:1", "1", "#1001", "1001", " 1001 "])
def test_an_order_is_found_by_id_name_and_number(settings: Settings, name: str) -> None:
    assert explain_order(settings, name).order.order_id == "shop:1"


def test_a_name_of_two_orders_names_both(settings: Settings) -> None:
    with pytest.raises(AmbiguousOrderError, match=r"2 orders have that name: eu:9, shop:3\."):
        explain_order(settings, "77")
    assert explain_order(settings, "eu:9").order.source_relation == "eu"


def test_an_unknown_name_is_not_quoted(settings: Settings) -> None:
    with pytest.raises(UnknownOrderError) as raised:
        explain_order(settings, "ann@home.example")
    assert "ann" not in str(raised.value)


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("update margin.fct_order_margin set cm2_amount = 35.8001 where order_id = 'shop:1'",
         r"cm2_amount of shop:1 is 35\.8001, its lines make 35\.8000"),
        ("update margin.fct_order_line_margin set cm1_amount = null where sku = 'SKU-B'",
         "cm1_amount of shop:12 is None"),
        ("delete from intermediate.int_cost_lines where cost_type = 'packaging'", "cm2_amount of"),
        ("delete from margin.int_marketing_cost_lines where credit_id = 'c2'",
         r"cm3_amount of shop:1 is 17\.8000, its lines make 20\.8900"),
        ("update seeds.cost_lines set is_after_sale = true where cost_type = 'packaging'",
         "cm2_at_order_amount of shop:1"),
    ],
)  # fmt: skip
def test_a_difference_of_any_size_is_refused(tmp_path: Path, statement: str, wrong: str) -> None:
    settings = make_home(tmp_path, statement)
    with pytest.raises(UnbalancedStatementError, match=wrong) as raised:
        explain_order(settings, "shop:1")
    assert "tributary build" in raised.value.remedy


def test_a_home_without_margin_says_what_to_run(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    with pytest.raises(MarginMissingError, match=r"no warehouse\.duckdb"):
        explain_order(settings, "shop:1")
    older = make_home(tmp_path, "alter table intermediate.int_orders drop order_name")
    with pytest.raises(MarginMissingError, match=r"lacks intermediate\.int_orders"):
        explain_order(older, "shop:1")


@pytest.mark.parametrize(
    ("source_row", "table", "source_id"),
    [
        ("order_line:s:11", "order_line", "11"),
        ("refund_line:s:line:4", "order_line_refund", "4"),
        ("refund_line:s:adjustment:4", "order_adjustment", "4"),
        ("settlement:s:57", "order_settlement", "57"),
        ("transaction_fee:s:fee_6", "transaction_fee", "fee_6"),
        ("contract:s:a:b", "contract", "a:b"),
    ],
)
def test_a_source_row_is_a_table_and_its_id(source_row: str, table: str, source_id: str) -> None:
    assert source_of(source_row, "s") == (table, source_id)
