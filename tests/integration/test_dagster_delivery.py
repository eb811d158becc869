"""A delivery as an asset: nothing without an approval, figures and checks, red where stuck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import httpx
import pytest

from orchestration.activation.approval import demo_approve
from orchestration.activation.deliver import PlanDelivery
from orchestration.activation.plan import make_plans
from orchestration.assets.deliveries import (
    _match_forecast,
    build_delivery,
    build_plan,
    delivery_checks,
)
from orchestration.assets.names import delivery_key, plan_key
from orchestration.ledger import open_ledger, utc_now
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.settings import Settings, child_environment
from tests.unit.activation.world import SPEC, World

CHECKS = ["every_row_is_decided", "no_row_is_in_doubt", "few_rows_are_rejected"]
KEY = delivery_key(SPEC)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    with start_in_background(tmp_path / "sandbox", {SPEC.destination: [SPEC.object]}) as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, base: str) -> Settings:
    plain = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    return Settings.from_env({**child_environment(plain), **sandbox_environment(base)})


def approve(settings: Settings, people: int) -> None:
    emails: dict[str, str | None] = {f"c{n}": f"person{n}@example.test" for n in range(people)}
    with open_ledger(settings) as ledger:
        World(settings, ledger).desire(emails)
        (plan,) = make_plans(settings, ledger, [SPEC], now=utc_now)
        demo_approve(ledger, settings, plan.plan_hash, now=utc_now)


def run(settings: Settings, asset: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    resources = {"settings": settings, "now": utc_now, "sleep": lambda _: None}
    return dg.materialize([asset], resources=resources, raise_on_error=False)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def test_nothing_materialises_while_nothing_is_approved(settings: Settings) -> None:
    result = run(settings, build_delivery(SPEC))
    assert result.success
    assert result.asset_materializations_for_node("__".join(KEY.path)) == []
    assert checks(result) == {}


def test_a_delivery_tells_its_figures_and_is_checked(settings: Settings) -> None:
    approve(settings, 30)
    result = run(settings, build_delivery(SPEC))
    assert result.success
    (materialization,) = result.asset_materializations_for_node("__".join(KEY.path))
    figures = {name: value.value for name, value in materialization.metadata.items()}
    assert figures["planned"] == figures["accepted"] == 30
    assert figures["rejected"] == figures["ambiguous"] == figures["waiting"] == 0
    assert checks(result) == dict.fromkeys(CHECKS, True)


def test_a_delivery_that_is_stuck_fails_and_says_how_many_rows_wait(
    settings: Settings, base: str
) -> None:
    approve(settings, 30)
    answers = [{"kind": "status", "status": 403, "code": "190"}]
    script = {"vendor": SPEC.destination, "path": "/users", "answers": answers}
    httpx.post(f"{base}/_faults", json={"scripts": [script]}).raise_for_status()
    result = run(settings, build_delivery(SPEC))
    assert not result.success
    assert checks(result) == {**dict.fromkeys(CHECKS, True), "every_row_is_decided": False}
    # Approved still: the next run finishes it.
    assert run(settings, build_delivery(SPEC)).success


def test_an_unconnected_destination_is_not_planned(settings: Settings) -> None:
    spec = replace(SPEC, destination="mailbird")
    result = run(settings, build_plan(spec))
    assert result.success
    assert result.asset_materializations_for_node("__".join(plan_key(spec).path)) == []


@pytest.mark.parametrize(
    ("rejected", "accepted", "passes"),
    [(0, 10, True), (1, 99, False), (1, 100, True), (3, 0, False)],
)
def test_rejections_are_held_against_one_percent(
    rejected: int, accepted: int, passes: bool
) -> None:
    counts = {("add", "rejected"): rejected, ("add", "accepted"): accepted}
    sent = PlanDelivery("f" * 64, SPEC.destination, SPEC.object, "done", None, counts, 0)
    found = {check.check_name: check.passed for check in delivery_checks(KEY, [sent])}
    assert found["few_rows_are_rejected"] is passes


def test_doubt_is_a_warning_of_its_own() -> None:
    counts = {("add", "ambiguous"): 1, ("add", "accepted"): 500}
    sent = PlanDelivery("f" * 64, SPEC.destination, SPEC.object, "done", None, counts, 0)
    (doubt,) = [check for check in delivery_checks(KEY, [sent]) if not check.passed]
    assert doubt.check_name == "no_row_is_in_doubt"
    assert doubt.severity == dg.AssetCheckSeverity.WARN


def test_a_forecast_says_that_it_is_a_bound() -> None:
    forecast = _match_forecast('{"coverage": {"rows": 4, "with_none": 1}}')
    assert forecast["match forecast"].startswith("at most 75.0%: 3 of 4 rows")
    assert _match_forecast("{}") == _match_forecast('{"coverage": {"rows": 0}}') == {}
