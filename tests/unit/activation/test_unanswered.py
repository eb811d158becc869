"""A request without an answer: its vendor may do what it asked for long after, and nobody knows the
name of its job."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestration.activation import fast_lane, unanswered
from orchestration.activation.fast_lane import OptOut
from orchestration.destinations.base import Receipt, RetriableError, Row
from orchestration.ledger.safety_tables import unanswered as remembered
from orchestration.ledger.tables import outbox
from tests.unit.activation.test_opt_outs_in_jobs import say_no
from tests.unit.activation.test_whole_opt_outs import EMAILS
from tests.unit.activation.world import SPEC, Vendor, World, sha

DAYS = 2 * 86_400.0


class Forgetful(Vendor):
    """Loses its first answer, and does what it was asked to when ``act`` is called."""

    def __init__(self, *, may_have_effect: bool = True) -> None:
        super().__init__()
        self.unknown: list[str] = []
        self.may_have_effect = may_have_effect
        self.request_count = 0

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        self.request_count += 1
        if self.request_count == 1:
            self.unknown = [str(row.payload["email_sha256"]) for row in rows]
            raise RetriableError(
                "no answer", remedy="wait", may_have_effect=self.may_have_effect
            )
        return super().upsert(rows)

    def act(self) -> None:
        self.members.update(self.unknown)


def test_whoever_left_is_taken_out_once_more_when_the_request_can_act_no_more(
    world: World,
) -> None:
    vendor = Forgetful()
    world.sync(vendor, EMAILS)
    say_no(world, EMAILS["c"])
    world.deliver(vendor)
    assert sha(EMAILS["c"]) not in vendor.members
    vendor.act()
    assert sha(EMAILS["c"]) in vendor.members, "as a vendor's late job does it"
    world.clock.sleep(DAYS - 600)
    world.deliver(vendor)
    assert sha(EMAILS["c"]) in vendor.members, "it may act still"
    world.clock.sleep(1_200)
    world.deliver(vendor)
    assert sha(EMAILS["c"]) not in vendor.members
    assert sha(EMAILS["a"]) in vendor.members
    assert world.rows(remembered) == world.rows(outbox) == []


def test_an_older_address_that_appears_late_leaves_with_the_next_plan(world: World) -> None:
    vendor = Forgetful()
    world.sync(vendor, EMAILS)
    world.sync(vendor, {**EMAILS, "a": "new@example.test"})
    assert sha(EMAILS["a"]) not in vendor.members
    vendor.act()
    world.clock.sleep(DAYS + 1)
    world.deliver(vendor)
    world.sync(vendor, {**EMAILS, "a": "new@example.test"})
    assert sha(EMAILS["a"]) not in vendor.members
    assert sha("new@example.test") in vendor.members


def test_whoever_stands_there_as_sent_is_left_alone(world: World) -> None:
    vendor = Forgetful()
    world.sync(vendor, EMAILS)
    world.clock.sleep(DAYS + 1)
    world.deliver(vendor)
    assert world.rows(remembered) == []
    world.desire(EMAILS)
    assert world.plan().state == "nothing_to_do"


def test_whoever_is_on_the_way_is_looked_at_afterwards(world: World) -> None:
    vendor = Forgetful()
    world.sync(vendor, EMAILS)
    (one,) = [row for row in world.rows(remembered) if row["key"] == "a"]
    row = OptOut(SPEC.destination, SPEC.object, "a", "remove", one["payload_json"])
    with world.ledger.transaction() as connection:
        fast_lane.enqueue(connection, [row], world.clock())
    world.clock.sleep(DAYS + 1)
    unanswered.look_again(world.ledger, world.clock())
    assert [row["key"] for row in world.rows(remembered)] == ["a"]
    assert len(world.rows(outbox)) == 1
    world.clock.sleep(unanswered.BUSY_SECONDS + 1)
    world.deliver(vendor)
    assert [row["key"] for row in world.rows(remembered)] == ["a"], "it waited until now"
    world.clock.sleep(unanswered.BUSY_SECONDS + 1)
    world.deliver(vendor)
    assert world.rows(remembered) == world.rows(outbox) == []


@pytest.mark.parametrize("may_have_effect", [True, False])
def test_a_request_that_never_arrived_is_not_remembered(
    world: World, may_have_effect: bool
) -> None:
    vendor = Forgetful(may_have_effect=may_have_effect)
    world.sync(vendor, EMAILS)
    assert bool(world.rows(remembered)) == may_have_effect
