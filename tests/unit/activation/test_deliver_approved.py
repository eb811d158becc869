"""Delivery: nothing goes that nobody signed as it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.plan_file import plan_path
from orchestration.destinations.base import FatalError, Limits
from tests.unit.activation.world import FOUR, Vendor, World, hashes


def test_without_approval_nothing_is_sent(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    made = world.plan()
    for chosen in (None, [made.plan_hash]):
        with pytest.raises(NotDeliverableError, match=f"approve {made.plan_hash[:12]}"):
            world.deliver(vendor, plan_hashes=chosen)
    assert vendor.calls == []


def test_an_expired_approval_starts_nothing(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    world.clock.sleep(24 * 3600)
    report = world.deliver(vendor)
    assert not report.is_complete
    assert "expired" in str(report.deliveries[0].reason)
    assert vendor.calls == []


def test_rows_not_sent_when_the_approval_expires_come_back_in_the_next_plan(
    world: World, vendor: Vendor
) -> None:
    vendor.limits = Limits(rows_per_request=1)
    vendor.script = [None, FatalError("401.", remedy="Renew.")]
    first = world.sync(vendor, FOUR)
    assert (first.deliveries[0].state, first.deliveries[0].pending_count) == ("partial", 3)
    world.clock.sleep(24 * 3600)
    late = world.deliver(vendor).deliveries[0]
    assert late.state == "done"
    assert late.verdict_counts == {("add", "accepted"): 1, ("add", "superseded"): 3}
    assert len(vendor.calls) == 2
    assert world.sync(vendor, FOUR).is_complete
    assert vendor.members == hashes(FOUR)


def test_changed_rows_are_refused(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    made = world.plan()
    world.approve(made.plan_hash)
    file = plan_path(world.settings, made.plan_hash)
    file.write_bytes(file.read_bytes() + b" ")
    report = world.deliver(vendor)
    assert "changed after it was sealed" in str(report.deliveries[0].reason)
    assert vendor.calls == []


def test_changed_settings_refuse_an_approved_plan(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    account = replace(world.settings.destinations["meta"], account_id="account-2")
    world.settings = replace(
        world.settings, destinations={**world.settings.destinations, "meta": account}
    )
    report = world.deliver(vendor)
    assert "settings changed" in str(report.deliveries[0].reason)
    assert report.deliveries[0].state == "superseded"
    assert vendor.calls == []
