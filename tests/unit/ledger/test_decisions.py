"""Steps of plans as landing reads them: who signed, took back, started and ended.

What lives here: the chain's links as rows, in order, once, and only those about plans.
What never does: how a plan is sealed, signed or sent.
"""

from __future__ import annotations

from orchestration.activation.approval import cancel
from orchestration.ledger.facts import rows_since
from tests.unit.activation.standing_world import FOUR, SignStanding, key, made, stand
from tests.unit.activation.world import Vendor, World

__all__ = ["key", "stand"]


def steps(world: World, sequence: int = 0, limit: int = 100) -> list[tuple[str, str | None]]:
    with world.ledger.read() as reader:
        rows = rows_since(reader, "decision_step", sequence, limit)
    assert [row["sequence"] for row in rows] == sorted({row["sequence"] for row in rows})
    assert all(row["recorded_at"].tzinfo is not None for row in rows)
    return [(row["kind"], row["actor"]) for row in rows]


def test_steps_name_who_signed_and_how_it_ended(world: World, vendor: Vendor) -> None:
    world.suppress("customer_id", "somebody")  # a link about no plan
    world.sync(vendor, {"a": "a@example.test"})
    found = steps(world)
    assert [kind for kind, _ in found] == ["seal", "approval", "delivery_start", "delivery_end"]
    assert found[1][1] is not None
    with world.ledger.read() as reader:
        rows = rows_since(reader, "decision_step", 0, 100)
        (plan,) = rows_since(reader, "plan", 0, 100)
        assert rows[-1]["reason"] == "done"
        assert {row["plan_hash"] for row in rows} == {plan["plan_hash"]}
        assert rows_since(reader, "decision_step", rows[1]["sequence"], 1) == rows[2:3]


def test_a_plan_that_was_taken_back_says_by_whom_and_why(world: World) -> None:
    world.desire({"a": "a@example.test"})
    planned = world.plan()
    cancel(
        world.ledger, planned.plan_hash, actor="ada", reason="too early", now=world.clock
    )
    with world.ledger.read() as reader:
        row = rows_since(reader, "decision_step", 0, 100)[-1]
    assert (row["kind"], row["actor"], row["reason"]) == ("cancel", "ada", "too early")


def test_a_standing_approval_names_who_signed_it(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand()
    made(world, FOUR)
    assert ("standing_use", "ada") in steps(world)
