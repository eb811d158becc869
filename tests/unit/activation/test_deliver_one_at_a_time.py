"""Delivery: one process sends for an account, and the others wait or give way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.activation.approval import demo_approve
from orchestration.activation.deliver import deliver
from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.starting import start_plan
from orchestration.destinations.base import FatalError, Limits, Receipt, Row
from orchestration.ledger import leases
from orchestration.ledger.tables import receipt
from tests.unit.activation.world import FOUR, Vendor, World, hashes


def test_a_delivery_waits_for_a_round_of_opt_outs_to_end(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    with world.ledger.transaction() as connection:
        held = leases.acquire(connection, "meta", "account-1", "another process", world.clock())
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        with world.ledger.transaction() as connection:
            leases.release(connection, held, world.clock())

    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=sleep,
    )
    assert report.is_complete
    assert vendor.members == hashes(FOUR)


def test_a_plan_that_a_rival_ended_meanwhile_is_reported_as_it_ended(
    world: World, vendor: Vendor
) -> None:
    world.desire(FOUR)
    made = world.plan()
    world.approve(made.plan_hash)
    with world.ledger.transaction() as connection:
        held = leases.acquire(connection, "meta", "account-1", "another process", world.clock())
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        with world.ledger.transaction() as connection:
            leases.release(connection, held, world.clock())
        world.deliver(vendor)

    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=sleep,
    )
    (delivery,) = report.deliveries
    assert (delivery.state, delivery.reason) == ("done", None)
    assert report.is_complete
    assert len(vendor.calls) == 1
    with world.ledger.transaction() as connection:
        lease = leases.acquire(connection, "meta", "account-1", "a late one", world.clock())
    late = replace(world.ledger.plan(made.plan_hash), state="approved")
    with pytest.raises(NotDeliverableError, match="is done"):
        start_plan(world.settings, world.ledger, lease, late, world.clock())


def test_only_one_process_sends_for_an_account(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    with world.ledger.transaction() as connection:
        leases.acquire(connection, "meta", "account-1", "elsewhere|1|1", world.clock())
    report = world.deliver(vendor)
    assert "Another process" in str(report.deliveries[0].reason)
    assert vendor.calls == []
    assert not report.is_complete
    assert not report.has_failed, "what another process does is no failure of this one"
    world.clock.sleep(leases.LEASE_SECONDS)
    assert world.deliver(vendor).is_complete


def test_a_holder_that_lost_its_lease_writes_nothing(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)

    def steal(row: Row) -> Receipt:
        moment = world.clock() + timedelta(seconds=61)
        with world.ledger.transaction() as connection:
            leases.acquire(connection, "meta", "account-1", "elsewhere|1|1", moment)
        return Receipt(row.key, "accepted")

    vendor.script = [steal]
    vendor.limits = Limits(rows_per_request=1)
    report = world.deliver(vendor)
    assert "taken over" in str(report.deliveries[0].reason)
    assert world.rows(receipt) == []
    assert len(vendor.calls) == 1, "and takes no further row"


def test_a_plan_in_the_making_waits_for_one_being_sent(world: World, vendor: Vendor) -> None:
    vendor.script = [FatalError("401.", remedy="Renew.")]
    world.sync(vendor, FOUR)
    world.desire({"customer-9": "nine@example.test"})
    waiting = world.plan()
    assert waiting.state == "partial"
    with pytest.raises(Exception, match="is being delivered"):
        demo_approve(world.ledger, world.settings, waiting.plan_hash, now=world.clock)
