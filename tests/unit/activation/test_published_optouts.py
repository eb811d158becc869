"""A build's suppressions: in the ledger, and on their way out, in one go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.activation.published_optouts import suppress_published
from orchestration.ledger.outbox import REMOVE_SUPPRESSED
from orchestration.ledger.tables import outbox, suppression
from tests.unit.activation.world import SPEC, Vendor, World, sha

EMAILS = {f"c{number:03d}": f"{number}@example.test" for number in range(130)}


def row(subject_type: str, value: str, world: World, **given: Any) -> dict[str, Any]:
    return {
        "subject_type": subject_type,
        "subject_value": value,
        "channel": "ads",
        "purpose": "ads_sharing",
        "source_event": "gpc|1",
        "suppressed_at": world.clock(),
        **given,
    }


def suppress(world: World, *rows: dict[str, Any]) -> int:
    return suppress_published(world.settings, world.ledger, world.clock)(rows)


def test_whoever_stands_at_a_vendor_leaves_before_any_plan(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    assert suppress(world, row("customer_id", "c001", world)) == 1
    (left,) = world.rows(outbox)
    assert (left["key"], left["operation"], left["plan_hash"]) == ("c001", "remove", None)
    assert left["priority"] == REMOVE_SUPPRESSED
    world.deliver(vendor)
    assert len(vendor.members) == 129


def test_told_again_by_the_next_build_nothing_happens(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    suppress(world, row("customer_id", "c001", world))
    world.deliver(vendor)
    assert suppress(world, row("customer_id", "c001", world)) == 0
    assert world.rows(outbox) == []


def test_an_address_binds_what_was_sent_with_it_and_not_the_person(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bounce is no decision of hers: another address of hers stays."""
    other = replace(SPEC, model="sync_meta__audience_other", object="custom_audience/other")
    world.sync(vendor, {"c001": "old@example.test"})
    world.sync(vendor, {"c001": "new@example.test"}, other)
    monkeypatch.setattr(
        "orchestration.activation.published_optouts.SnapshotLookup.owners",
        lambda _, subjects: {one: {"c001"} for one in subjects},
    )
    suppress(world, row("email_sha256", sha("old@example.test"), world))
    assert {one["object"] for one in world.rows(outbox)} == {SPEC.object}
    assert [one["subject_type"] for one in world.rows(suppression)] == ["email_sha256"]


def test_an_id_that_merged_into_the_person_leaves_too(world: World, vendor: Vendor) -> None:
    world.sync(vendor, {"old": "old@example.test"})
    merge = {
        "old_customer_id": "old",
        "customer_id": "c001",
        "kind": "merge",
        "reason": "email",
        "changed_at": world.clock(),
    }
    world.ledger.record_customer_id_changes([merge])
    suppress(world, row("customer_id", "c001", world))
    assert [one["key"] for one in world.rows(outbox)] == ["old"]


def test_many_leave_in_short_transactions(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    rows = [row("customer_id", key, world) for key in EMAILS]
    rows += [row("customer_id", f"unknown{n}", world) for n in range(1_500)]
    assert suppress(world, *rows) == 1_630
    assert len(world.rows(outbox)) == 130
    world.deliver(vendor)
    assert vendor.members == set()


def test_a_purpose_that_no_gate_asks_for_is_recorded_and_moves_nobody(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, EMAILS)
    odd = row("customer_id", "c001", world, channel="post", purpose="marketing")
    assert suppress(world, odd) == 1
    assert world.rows(outbox) == []
