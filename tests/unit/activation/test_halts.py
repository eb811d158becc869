"""Guards in a plan's making: first use, stale sources, growth, equal keys, the border, errors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orchestration.activation.errors import PlanError
from orchestration.activation.plan import make_plans
from orchestration.activation.preview import Plan, key_digest
from orchestration.activation.spec import SyncSpec
from orchestration.errors import WarehouseBusyError
from orchestration.resources import warehouse_lock
from tests.unit.activation.world import SPEC, Vendor, World, loopback, sha

TWO = {"a": "a@example.test", "b": "b@example.test"}


def beyond(world: World) -> None:
    """Let the destination be a real account: not on this machine. Few people are no matter here."""
    accounts: Mapping[str, object] = {"meta": loopback("meta", "https://graph.example.test")}
    destinations = {**world.settings.destinations, **accounts}
    world.settings = replace(
        world.settings,
        destinations=destinations,  # type: ignore[arg-type]
        smallest_ads_audience=1,
    )


def landed(world: World, source_table: str, hours_ago: float) -> None:
    at = (world.clock() - timedelta(hours=hours_ago)).replace(tzinfo=None)
    with duckdb.connect(str(world.settings.warehouse)) as connection:
        connection.execute("create schema if not exists raw_landing")
        connection.execute(
            "create table if not exists raw_landing.file (source_table text, landed_at timestamp)"
        )
        connection.execute(
            "create table if not exists raw_landing.as_of"
            " (source_table text, newest_source_at timestamp)"
        )
        connection.execute("insert into raw_landing.file values (?, ?)", [source_table, at])
        connection.execute(
            "insert into raw_landing.as_of values (?, timestamp '2020-01-01')", [source_table]
        )


def test_the_first_delivery_to_a_real_account_asks_a_person(world: World) -> None:
    beyond(world)
    world.desire(TWO)
    made = world.plan()
    assert made.state == "halted"
    assert made.reason == "nothing was ever delivered here; 2 rows would be the first"


def test_a_sandbox_is_not_asked_about_and_a_second_use_neither(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, TWO)
    beyond(world)
    world.desire({**TWO, "c": "c@example.test"})
    assert world.plan().state == "open"


def test_a_stale_source_halts_and_is_named(world: World) -> None:
    world.desire(TWO)
    landed(world, "shopify.order", 49)
    landed(world, "shopify.customer", 50)
    landed(world, "web.event", 1)
    made = world.plan()
    assert made.reason == "nothing new came from shopify for 49 h (limit 48 h)"
    world.settings = replace(world.settings, stale_after_hours=72.0)
    assert world.plan().state == "open"
    world.settings = replace(world.settings, stale_after_hours=48.0, stale_sources=("web",))
    assert world.plan().state == "open", "only the named sources must be fresh"


def test_a_growing_age_gives_the_same_halted_plan(world: World) -> None:
    world.desire(TWO)
    landed(world, "shopify.order", 49)
    first = world.plan()
    world.clock.sleep(3_600 * 5)
    second = world.plan()
    assert second.plan_hash == first.plan_hash
    assert "54 h" in str(world.ledger.plan(first.plan_hash).reason)


def test_a_loaders_tables_are_as_old_as_their_newest_sync(world: World) -> None:
    world.desire(TWO)
    landed(world, "web.event", 1)
    with duckdb.connect(str(world.settings.warehouse)) as connection:
        connection.execute(
            "insert into raw_landing.as_of values ('shopify.order', timestamp '2026-02-26')"
        )
    assert "shopify for 78 h" in str(world.plan().reason)


def test_a_snapshot_that_nobody_renewed_halts(world: World) -> None:
    world.desire(TWO)
    folder = world.settings.published_dir / "build"
    folder.mkdir(parents=True)
    world.settings.snapshot.symlink_to("build")
    for hours, state in ((1, "open"), (60, "halted")):
        moment = (world.clock() - timedelta(hours=hours)).timestamp()
        os.utime(folder, (moment, moment))
        assert world.plan().state == state
    assert "the published snapshot for 60 h" in str(world.plan().reason)


def test_growth_halts(world: World, vendor: Vendor) -> None:
    emails = {f"c{n:03}": f"p{n}@example.test" for n in range(251)}
    world.sync(vendor, dict(list(emails.items())[:100]))
    world.desire(dict(list(emails.items())[:150]))
    assert world.plan().state == "open"
    world.desire(emails)
    assert world.plan().reason == "151 rows would join the 100 that are delivered"


def test_keys_that_stand_twice_are_left_as_they_are_and_the_rest_is_planned(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, TWO)
    rows = [
        ("a", sha("new@example.test"), "1"),
        ("a", sha("a@example.test"), "2"),
        ("d", sha("d@example.test"), "3"),
    ]
    world.build(SPEC, ["customer_id", "email_sha256", "row_hash"], rows)
    made = world.plan()
    assert made.state == "halted"
    assert f"1 keys stand more than once (hashed: {key_digest('a')})" in str(made.reason)
    planned = [(row["operation"], row["key"]) for row in pq.read_table(made.file).to_pylist()]
    assert planned == [("add", "d"), ("remove", "b")]


def with_border(world: World, *failed: str) -> tuple[Plan, list[pd.DataFrame]]:
    seen: list[pd.DataFrame] = []

    def border(spec: SyncSpec, frame: pd.DataFrame) -> tuple[str, ...]:
        assert spec == SPEC
        seen.append(frame)
        return failed

    (made,) = make_plans(
        world.settings, world.ledger, [SPEC], now=world.clock, border=border
    )
    return made, seen


def test_what_breaks_the_border_halts_with_the_expectation(world: World) -> None:
    world.desire(TWO)
    made, _ = with_border(world, "expect_column_values_to_match_regex(email_sha256)")
    assert made.state == "halted"
    assert "what leaves breaks its contract: expect_column_values_to_match" in str(made.reason)
    made, _ = with_border(world)
    assert made.state == "open"


def test_the_border_sees_what_leaves_and_the_same_sample_each_time(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync(vendor, TWO)
    monkeypatch.setattr(
        "orchestration.activation.surveys.leaving_sample.__defaults__", (5,)
    )
    world.desire({"a": "a@example.test", **{f"c{n}": f"p{n}@example.test" for n in range(40)}})
    seen = [with_border(world)[1][0] for _ in range(2)]
    assert list(seen[0].columns) == ["customer_id", "row_hash", "email_sha256"]
    assert len(seen[0]) == 5
    assert seen[0].equals(seen[1])
    assert "b" not in set(seen[0]["customer_id"]), "a removal carries nothing new"
    world.sync(vendor, TWO)
    world.desire(TWO)
    assert with_border(world)[1] == [], "nothing leaves: nothing is asked"


def test_an_error_is_never_read_as_an_empty_source(world: World, vendor: Vendor) -> None:
    world.sync(vendor, TWO)
    with duckdb.connect(str(world.settings.warehouse)) as connection:
        connection.execute(f"drop table {SPEC.schema}.{SPEC.model}")
        connection.execute(
            f"create view {SPEC.schema}.{SPEC.model} as select customer_id, email_sha256,"
            " cast(email_sha256 as integer)::text as row_hash"
            " from (values ('a', 'not a number')) as rows (customer_id, email_sha256)"
        )
    with pytest.raises(PlanError, match=r"cannot be read \(ConversionException\)") as caught:
        world.plan()
    assert "not a number" not in str(caught.value)
    assert [plan.state for plan in world.ledger.plans()] == []
    assert len(vendor.members) == 2


def test_a_full_disk_seals_nothing_leaves_nothing_and_says_so(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.desire(TWO)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("orchestration.activation.plan_file.os.fsync", full)
        with pytest.raises(PlanError, match="No space left on device"):
            world.plan()
    assert world.ledger.plans() == []
    assert list(world.settings.plans_dir.glob("*")) == []
    assert world.sync(vendor, TWO).is_complete


def test_planning_waits_for_whoever_holds_the_warehouse_and_then_says_who(world: World) -> None:
    world.desire(TWO)
    world.settings = replace(world.settings, lock_timeout_seconds=0.2)
    with (
        warehouse_lock(world.settings, "dbt build"),
        pytest.raises(WarehouseBusyError, match="dbt build"),
    ):
        world.plan()
    assert world.plan().state == "open"


def test_a_small_ad_audience_at_a_real_account_asks(world: World, vendor: Vendor) -> None:
    world.sync(vendor, TWO)
    beyond(world)
    world.settings = replace(world.settings, smallest_ads_audience=4)
    three = {**TWO, "c": "c@example.test"}
    world.desire(three)
    made = world.plan()
    assert made.state == "halted"
    assert made.reason == "an audience of 3 is below 4: one person could be told apart"
    world.desire({**three, "d": "d@example.test"})
    assert world.plan().state == "open"
