"""A plan starts under the signatures it has now, and as the world is now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from orchestration.activation import sealing
from orchestration.activation.approval import cancel
from orchestration.activation.errors import NotDeliverableError, PlanError
from orchestration.activation.starting import start_plan
from orchestration.ledger import delivered, leases, outbox
from orchestration.ledger.delivered import DeliveredRow
from orchestration.ledger.seals import SealedPlan
from orchestration.ledger.tables import plan as plan_table
from orchestration.ledger.tables import receipt
from tests.unit.activation.world import SPEC, Vendor, World

THREE = {name: f"{name}@example.test" for name in "abc"}
OBJECT = (SPEC.destination, SPEC.object)


@pytest.fixture
def approved(world: World) -> SealedPlan:
    world.desire(THREE)
    made = world.plan()
    world.approve(made.plan_hash)
    return world.ledger.plan(made.plan_hash)


def start(world: World, plan: SealedPlan) -> SealedPlan:
    with world.ledger.transaction() as connection:
        lease = leases.acquire(connection, "meta", "account-1", "test", world.clock())
    return start_plan(world.settings, world.ledger, lease, plan, world.clock())


def test_a_plan_that_was_cancelled_since_it_was_read_does_not_start(
    world: World, approved: SealedPlan
) -> None:
    cancel(world.ledger, approved.plan_hash, actor="ada", reason="wrong list", now=world.clock)
    with pytest.raises(NotDeliverableError, match="is cancelled: cancelled by ada"):
        start(world, approved)
    assert world.ledger.plan(approved.plan_hash).state == "cancelled"


def test_an_approved_plan_without_a_signature_does_not_start(
    world: World, approved: SealedPlan
) -> None:
    with world.ledger.transaction() as connection:
        connection.execute(
            update(plan_table)
            .where(plan_table.c.plan_hash == approved.plan_hash)
            .values(state="started")
        )
    world.clock.moment += timedelta(days=2)
    with pytest.raises(NotDeliverableError, match="wait for approval"):
        start(world, approved)


def test_an_opt_out_that_waits_takes_the_place_of_the_plans_row(
    world: World, vendor: Vendor, approved: SealedPlan
) -> None:
    waiting: dict[str, Any] = {
        "plan_hash": None, "destination": SPEC.destination, "object": SPEC.object, "key": "a",
        "operation": "remove", "priority": outbox.REMOVE, "payload_json": "{}", "row_hash": None,
        "vendor_id": None,
    }  # fmt: skip
    with world.ledger.transaction() as connection:
        outbox.fill(connection, [waiting])
    vendor.script = []
    world.deliver(vendor)
    decided = [row for row in world.rows(receipt) if row["plan_hash"] == approved.plan_hash]
    assert {(row["key"], row["verdict"], row["reason"]) for row in decided} == {
        ("a", "superseded", "opted_out"), ("b", "accepted", None), ("c", "accepted", None),
    }  # fmt: skip


def test_a_plan_whose_ground_moved_while_it_was_made_is_not_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.desire(THREE)
    publish = sealing.plan_file.publish_file

    def move_and_publish(*given: Any) -> None:
        publish(*given)
        row = DeliveredRow("z", "hash", "{}", None, None, is_removed=False)
        with world.ledger.transaction() as connection:
            delivered.write(connection, *OBJECT, "another", [row], world.clock())

    monkeypatch.setattr(sealing.plan_file, "publish_file", move_and_publish)
    with pytest.raises(PlanError, match="changed while it was planned"):
        world.plan()
    assert world.rows(plan_table) == []


