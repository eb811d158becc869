"""Standing approvals: what is inside goes by itself, everything else waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestration.activation.approval import cancel
from orchestration.activation.errors import ApprovalError
from orchestration.activation.standing import names_of
from orchestration.ledger import seals
from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.tables import audit_chain, plan
from tests.unit.activation.standing_world import FOUR, SignStanding, key, made, stand
from tests.unit.activation.world import SPEC, START, Vendor, World, loopback

__all__ = ["key", "stand"]


def test_a_plan_inside_goes_without_a_person(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    given = stand()
    planned = made(world)
    assert (planned.state, planned.seal.standing_signature) == ("approved", given.signature)
    assert "standing approval of ada" in str(planned.reason)
    assert world.deliver(vendor).is_complete
    with world.ledger.read() as reader:
        (who,) = seals.let_out_by(reader, planned.plan_hash)
    assert (who.signature, who.approver, who.is_standing) == (given.signature, "ada", True)
    kinds = [row["kind"] for row in world.rows(audit_chain)]
    assert kinds[1:] == ["standing_approval", "seal", "standing_use", "delivery_start",
                         "delivery_end"]  # fmt: skip
    assert world.ledger.verify() == len(kinds)


def test_day_after_day_until_the_date(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand()
    made(world)
    world.deliver(vendor)
    world.clock.sleep(29 * 24 * 3600)
    assert made(world, {**FOUR, "c9": "p9@example.test"}).state == "approved"
    assert world.deliver(vendor).is_complete
    world.clock.sleep(2 * 24 * 3600)
    assert made(world).state == "open", "its date is over"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"most_adds": 3}, "4 additions, at most 3 were signed"),
        ({"fields": ("phone_sha256",)}, "fields that were not signed: email_sha256"),
    ],
)
def test_outside_waits_and_says_why(
    world: World, vendor: Vendor, stand: SignStanding, given: dict[str, Any], why: str
) -> None:
    stand(**given)
    planned = made(world)
    assert (planned.state, planned.reason) == (
        "open", f"outside the standing approval of ada: {why}"
    )  # fmt: skip
    world.approve(planned.plan_hash)
    assert world.deliver(vendor).is_complete, "a person may still say yes"


def test_too_many_removals_and_a_new_field_wait(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand()
    made(world)
    world.deliver(vendor)
    planned = made(world, {"c0": FOUR["c0"]})
    assert "3 removals, at most 2 were signed" in str(planned.reason)
    planned = made(world, city_sha256=None)
    assert "fields that were not signed: city_sha256" in str(planned.reason)


def test_what_a_guard_halted_is_never_let_through(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand(most_adds=1_000_000, most_removals=1_000_000)
    made(world)
    world.deliver(vendor)
    planned = made(world, {})
    assert planned.state == "halted"
    # Not even where somebody writes that it was.
    with world.ledger.transaction() as connection:
        signature = world.rows(standing_approval)[0]["signature"]
        connection.execute(
            plan.update()
            .where(plan.c.plan_hash == planned.plan_hash)
            .values(state="approved", standing_signature=signature)
        )
    calls = len(vendor.calls)
    report = world.deliver(vendor)
    assert "a guard halted it: empty_source" in str(report.deliveries[0].reason)
    assert len(vendor.calls) == calls


def test_a_plan_that_needs_two_people_waits(world: World, stand: SignStanding) -> None:
    stand()
    world.settings = replace(world.settings, second_person_above=3)
    assert "two people must sign" in str(made(world).reason)


def test_what_somebody_cancelled_is_not_let_through_again(
    world: World, stand: SignStanding
) -> None:
    stand()
    planned = made(world)
    cancel(world.ledger, planned.plan_hash, actor="ada", reason="No.", now=world.clock)
    again = made(world)
    assert (again.plan_hash, again.state) == (planned.plan_hash, "open")
    assert "somebody cancelled this very plan" in str(again.reason)
    assert made(world, {"c0": FOUR["c0"]}).state == "approved", "another plan may go"


def test_a_newer_plan_takes_the_place_of_one_that_was_let_through(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand()
    first = made(world, {"c0": FOUR["c0"]})
    second = made(world)
    assert world.ledger.plan(first.plan_hash).state == "superseded"
    assert second.state == "approved"
    assert world.deliver(vendor).is_complete
    assert len(vendor.members) == 4


def test_it_is_for_its_own_object_and_account(world: World, stand: SignStanding) -> None:
    stand()
    other = replace(SPEC, object="custom_audience/other")
    world.desire(FOUR, other)
    assert world.plan(other).state == "open"
    accounts = {**world.settings.destinations, "meta": replace(loopback("meta"), account_id="2")}
    world.settings = replace(world.settings, destinations=accounts)
    assert "another account" in str(made(world).reason)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"fields": ()}, "names no fields"),
        ({"most_adds": -1}, "below zero"),
        ({"until": START}, "over already"),
        ({"until": START + timedelta(days=400)}, "longer than 366 days"),
    ],
)
def test_an_unfit_one_is_refused(
    world: World, stand: SignStanding, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(ApprovalError, match=named):
        stand(**given)
    assert world.rows(standing_approval) == []


def test_fields_may_come_in_one_option_or_in_several() -> None:
    assert names_of(["email, phone", "city"]) == ("email", "phone", "city")
