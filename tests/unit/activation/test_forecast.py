"""What a delivery can reach and costs: coverage with an interval, requests, minutes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.activation.desk import preview, show
from orchestration.activation.forecast import Coverage, Share, cost
from orchestration.activation.report import FORECAST, as_json, as_lines
from orchestration.console import Output
from orchestration.destinations.base import Limits
from orchestration.ledger.tables import audit_chain
from tests.unit.activation.world import SPEC, Vendor, World, sha

MAIL = replace(
    SPEC,
    model="sync_klaviyo__profiles",
    destination="klaviyo",
    object="profiles",
    kind="profile",
    purpose="marketing",
)
NAMES = ["customer_id", "email", "phone_number", "row_hash"]


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    # Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
     (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_the_interval_is_wilsons(count: int, n: int, low: float, high: float) -> None:
    share = Share(count, n)
    assert share.low == pytest.approx(low, abs=5e-5)
    assert share.high == pytest.approx(high, abs=5e-5)


def test_nobody_has_no_share_and_all_is_not_certain() -> None:
    assert (Share(0, 0).ratio, Share(0, 0).low, Share(0, 0).high) == (None, None, None)
    assert str(Share(0, 0)) == "nobody to reach (n = 0)"
    every = Share(10, 10)
    assert (every.ratio, every.high) == (1.0, pytest.approx(1.0))
    assert every.low is not None
    assert every.low < 0.75


def coverage_of(world: World, rows: list[tuple[str | None, str | None]]) -> Coverage:
    built = [(f"c{n}", email, phone, f"h{n}") for n, (email, phone) in enumerate(rows)]
    world.build(MAIL, NAMES, built)
    facts = world.plan(MAIL).facts
    assert facts is not None
    return facts.coverage


def test_coverage_counts_fit_identifiers_and_names_the_unfit(world: World) -> None:
    found = coverage_of(
        world,
        [
            ("a@example.test", "+16505551212"), ("b@example.test", None), (None, "+441134960987"),
            (None, None), ("", ""), ("not an address", "6505551212"), ("x@y", "+0123456789"),
        ],
    )  # fmt: skip
    assert found == Coverage(
        rows=7, with_email=2, with_phone=2, with_both=1, with_click_id=0, with_none=4,
        unfit_emails=2, unfit_phones=2,
    )  # fmt: skip
    assert (found.matchable.count, found.matchable.n) == (3, 7)


def test_hashes_must_be_hashes_and_hash_something(world: World) -> None:
    world.build(
        SPEC,
        ["customer_id", "email_sha256", "row_hash"],
        [("a", sha("a@example.test"), "1"), ("b", "a@example.test", "2"), ("c", sha(""), "3")],
    )
    facts = world.plan().facts
    assert facts is not None
    assert (facts.coverage.with_email, facts.coverage.unfit_emails) == (1, 2)


def test_a_click_id_alone_can_match(world: World) -> None:
    world.build(
        SPEC,
        ["customer_id", "email_sha256", "gclid", "row_hash"],
        [("a", None, "Cj0K", "1"), ("b", None, None, "2")],
    )
    facts = world.plan().facts
    assert facts is not None
    assert (facts.coverage.with_click_id, facts.coverage.with_none) == (1, 1)


LIMITS = Limits(
    rows_per_request=1_000,
    bytes_per_request=5_000_000,
    steady_per_minute=150,
    requests_per_day=100_000,
)


@pytest.mark.parametrize(
    ("upserts", "removals", "payload_bytes", "requests", "minutes"),
    [
        (0, 0, 0, 0, 0.0),
        (1, 1, 100, 2, 0.01),
        (150_000, 0, 1, 150, 1.0),
        (1_001, 1_000, 1, 3, 0.02),
        (1_000, 0, 50_000_000, 10, 0.07),
    ],
)
def test_cost_follows_rows_and_bytes(
    upserts: int, removals: int, payload_bytes: int, requests: int, minutes: float
) -> None:
    found = cost(LIMITS, upserts, removals, payload_bytes)
    assert (found.rows, found.requests, found.minutes) == (upserts + removals, requests, minutes)
    assert found.days == round(requests / 100_000, 4)


def test_without_a_rate_no_minutes_are_claimed() -> None:
    assert cost(Limits(rows_per_request=10), 100, 0, 0).minutes is None
    assert cost(Limits(rows_per_request=10, burst_per_second=1), 600, 0, 0).minutes == 1.0


def with_audience(world: World, reasons: dict[str, str]) -> Any:
    audience = replace(SPEC, model="audience_vip", schema="audiences")
    world.build(audience, ["customer_id", "reason"], list(reasons.items()))
    world.desire({key: f"{key}@example.test" for key in reasons})
    return replace(SPEC, audience=("audiences", "audience_vip"))


def test_a_dry_run_tells_all_and_keeps_nothing(world: World, vendor: Vendor) -> None:
    spec = with_audience(world, {"a": "top_by_margin", "b": "top_by_margin", "c": "by_hand"})
    before = len(world.rows(audit_chain))
    (view,) = preview(world.settings, [spec], now=world.clock, opener=lambda *_: vendor)
    shown = as_json(view)
    assert (shown["plan_hash"], shown["is_dry_run"], shown["state"]) == (None, True, "open")
    assert shown["counts"]["added"] == 3
    assert shown["cost"] == {"rows": 3, "requests": 1, "minutes": None, "days": None}
    assert shown["active_records"] == {"before": 0, "after": 3, "change": 3}
    assert shown["added_because"] == {"top_by_margin": 2, "by_hand": 1}
    assert {one["reason"] for one in shown["samples"]} == {"top_by_margin", "by_hand"}
    assert shown["match_forecast"]["is_forecast"] is True
    assert shown["match_forecast"]["matchable_at_most"]["n"] == 3
    assert world.ledger.plans() == []
    assert len(world.rows(audit_chain)) == before
    assert not world.settings.plans_dir.exists() or not list(world.settings.plans_dir.iterdir())


def test_a_dry_run_shows_today_also_where_a_plan_is_kept(world: World, vendor: Vendor) -> None:
    world.desire({"a": "a@example.test"})
    world.approve(world.plan().plan_hash)
    world.desire({"a": "a@example.test", "b": "b@example.test"})
    (view,) = preview(world.settings, [SPEC], now=world.clock, opener=lambda *_: vendor)
    assert as_json(view)["counts"]["added"] == 2


def test_a_sealed_plan_shows_the_same(world: World, vendor: Vendor) -> None:
    spec = with_audience(world, {"a": "top_by_margin", "b": "by_hand"})
    (dry,) = preview(world.settings, [spec], now=world.clock, opener=lambda *_: vendor)
    made = world.plan(spec)
    sealed = show(
        world.settings, made.plan_hash[:10], now=world.clock, opener=lambda *_: vendor
    )
    first, second = as_json(dry), as_json(sealed)
    for name in ("plan_hash", "is_dry_run"):
        del first[name], second[name]
    assert first == second


def test_only_additions_have_a_reason(world: World, vendor: Vendor) -> None:
    spec = with_audience(world, {"a": "top_by_margin"})
    world.approve(world.plan(spec).plan_hash)
    world.deliver(vendor)
    world.desire({"a": "new@example.test"})
    shown = as_json(show(world.settings, world.plan(spec).plan_hash, now=world.clock))
    assert shown["added_because"] == {}
    assert [(one["operation"], one["reason"]) for one in shown["samples"]] == [("update", None)]


def test_people_read_figures_with_their_interval_and_no_address(
    world: World, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = with_audience(world, {"a": "top_by_margin", "b": "by_hand"})
    (view,) = preview(world.settings, [spec], now=world.clock, opener=lambda *_: vendor)
    Output.choose(False).answer({}, *as_lines(view))
    text = capsys.readouterr().out
    assert "100.0% (2 of n = 2; 95 % interval 34.2% to 100.0%)" in text
    assert FORECAST in text
    assert "top_by_margin" in text
    assert "@" not in text
    assert sha("a@example.test") not in text


def test_events_are_no_active_records(world: World, vendor: Vendor) -> None:
    spec = replace(SPEC, kind="event", object="conversions/pixel")
    world.desire({"purchase:1": "a@example.test"}, spec)
    (view,) = preview(world.settings, [spec], now=world.clock, opener=lambda *_: vendor)
    assert as_json(view)["active_records"] is None
