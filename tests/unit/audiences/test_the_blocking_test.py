"""The blocking test of ad audiences finds a planted row, whoever plants it and wherever.

What lives here: the test's own SQL over small tables in which one person stands where she must not.
What never does: the rule of eligibility itself; its unit tests stand beside the models.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import duckdb
import jinja2
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEST = ROOT / "tests" / "dbt" / "activation" / "assert_opted_out_people_are_in_no_ads_audience.sql"
REFS = {
    "fct_consent_history": "customer_id varchar, purpose varchar, consent_state varchar,"
    " valid_to timestamp",
    "dim_customers": "customer_id varchar, gpc_seen_at timestamp, is_deletion_requested boolean,"
    " is_minor boolean, is_ads_suppressed boolean, ads_sharing_state varchar",
    "audience_ads_opt_out": "customer_id varchar",
}  # fmt: skip
# Every way to say no, planted alone: her row of dim_customers, then what stands beside it.
AGREED = "null, false, false, false, 'opted_in'"
WAYS = {
    "gpc": ("timestamp '2026-01-01', false, false, false, 'opted_in'", ""),
    "erasure": ("null, true, false, false, 'opted_in'", ""),
    "minor": ("null, false, true, false, 'opted_in'", ""),
    "suppressed": ("null, false, false, true, 'opted_in'", ""),
    "unknown": ("null, false, false, false, 'unknown'", ""),
    "opted out": ("null, false, false, false, 'opted_out'", ""),
    "sale, in the history alone": (
        AGREED, "insert into fct_consent_history values ('her', 'sale', 'opted_out', null)",
    ),
    "the block alone": (AGREED, "insert into audience_ads_opt_out values ('her')"),
}  # fmt: skip


@lru_cache(maxsize=1)
def sql() -> str:
    text = re.sub(r"\{#.*?#\}", "", TEST.read_text(encoding="utf-8"), flags=re.DOTALL)
    return jinja2.Environment(autoescape=False).from_string(text).render(ref=lambda name: name)


@lru_cache(maxsize=1)
def ads_models() -> tuple[tuple[str, str], ...]:
    """Every model that goes to an ad platform by its own declaration, and its column of people."""
    file = ROOT / "models" / "activation" / "_activation__models.yml"
    declared = [
        (model["name"], model["config"]["meta"]["sync"])
        for model in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    ]
    return tuple(
        (name, "customer_id" if sync["kind"] == "membership" else "external_id")
        for name, sync in declared
        if sync["purpose"] == "ads_sharing"
    )


def found(way: str | None, where: str) -> int:
    customer, beside = WAYS[way] if way else (AGREED, "")
    with duckdb.connect() as connection:
        for name, columns in REFS.items():
            connection.execute(f"create table {name} ({columns})")
        for name, column in ads_models():
            connection.execute(f"create table {name} ({column} varchar)")
        connection.execute(f"insert into {where} values ('her')")
        connection.execute(f"insert into dim_customers values ('her', {customer})")
        if beside:
            connection.execute(beside)
        return len(connection.execute(sql()).fetchall())


@pytest.mark.parametrize("where", [name for name, _ in ads_models()])
@pytest.mark.parametrize("way", WAYS)
def test_whoever_said_no_is_found_in_every_ad_audience(way: str, where: str) -> None:
    assert found(way, where) == 1


def test_whoever_agreed_is_left_where_she_is() -> None:
    assert found(None, "sync_meta__audience_recent_purchaser") == 0


def test_every_delivery_is_held_against_suppressions() -> None:
    file = ROOT / "models" / "activation" / "_activation__models.yml"
    models = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    text = (TEST.parent / "assert_suppressed_people_are_in_no_delivery.sql").read_text("utf-8")
    named = set(re.findall(r"sync_\w+", text))
    # Whoever is held back is sent nothing.
    due = {model["name"] for model in models if "__held_back_" not in model["name"]}
    assert due == named


def test_the_test_stops_the_build() -> None:
    assert "severity" not in TEST.read_text(encoding="utf-8")
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert "data_tests" not in project
    assert "tests" not in project
