"""Metrics by name: what they are made of is there, and they come to what their words say.

What lives here: every column of ``models/metrics.yml`` in its model's contract; sums over few rows.
What never does: the build; the proof of marketing holds metrics against a built brand.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.metrics import declared, expression, measures, model_of

MARTS = Path(__file__).resolve().parents[3] / "models" / "marts"
SCHEMAS = dict.fromkeys(
    ("fct_order_margin", "fct_channel_margin_daily", "fct_customer_lifetime_value"), "main"
)
# Orders of 100 and 50 (CM2 40, 10), a replacement that cost 5, an employee's; 60 spent; 3 buyers.
TABLES = """
create table fct_order_margin as from (values
    ('dtc', 100.00, 40.00), ('dtc', 50.00, 10.00), ('replacement', 0.00, -5.00),
    ('employee', 70.00, 20.00)
) as rows (order_scope, net_sales_amount, cm2_amount);
create table fct_channel_margin_daily as from (values (45.00, 90.00), (15.00, 30.00))
    as rows (spend_amount, credited_net_merchandise_sales_amount);
create table fct_customer_lifetime_value as from (values ('a', 10.00), ('b', 20.00), ('c', null))
    as rows (customer_id, lifetime_value_amount);
"""
EXPECTED = {
    "cm2": 45, "net_sales": 150, "ad_spend": 60, "credited_sales": 120, "new_customers": 3,
    "lifetime_value": 15, "mer": Decimal("2.5"), "cm_mer": Decimal("0.75"), "ncac": 20,
    "roas_first_party": 2,
}  # fmt: skip


@lru_cache(maxsize=1)
def columns() -> dict[str, set[str]]:
    return {
        model["name"]: {column["name"] for column in model.get("columns") or []}
        for file in MARTS.rglob("_*__models.yml")
        for model in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    }


def test_every_column_of_a_metric_is_in_its_model() -> None:
    wrong = []
    for semantic in declared()["semantic_models"]:
        known = columns()[model_of(semantic)]
        used = [each.get("expr", each["name"]) for each in semantic["measures"]]
        used += [each.get("expr", each["name"]) for each in semantic["dimensions"]]
        used += [each.get("expr", each["name"]) for each in semantic.get("entities") or []]
        wrong += [f"{semantic['name']}.{name}" for name in used if name not in known]
    assert wrong == []


def test_every_measure_is_named_once_and_used() -> None:
    names = [one["name"] for model in declared()["semantic_models"] for one in model["measures"]]
    assert len(names) == len(measures())
    used = {metric["type_params"].get("measure") for metric in declared()["metrics"]} - {None}
    assert used == set(names)


def test_every_metric_has_an_expectation() -> None:
    assert set(EXPECTED) == {metric["name"] for metric in declared()["metrics"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_metric_comes_to_what_its_words_say(name: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        (value,) = connection.execute(f"select {expression(name, SCHEMAS)}").fetchone() or (None,)
    assert value is not None
    assert Decimal(str(value)) == EXPECTED[name]
