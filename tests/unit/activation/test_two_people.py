"""A large plan needs two people; a cancelled one needs asking again; what is forged is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from orchestration.activation.approval import approve, approve_halted, cancel, demo_approve
from orchestration.activation.errors import ApprovalError, NotDeliverableError
from orchestration.activation.keys import create_key
from orchestration.ledger import seals
from orchestration.ledger.tables import approval, audit_chain, plan
from tests.unit.activation.world import Vendor, World

THREE = {name: f"{name}@example.test" for name in "abc"}
Sign = Callable[[str, str], None]


@pytest.fixture
def sign(world: World) -> Sign:
    """Signs a plan as ada or as grace; plans of more than two rows need both."""
    world.settings = replace(world.settings, second_person_above=2)
    keys = {name: world.settings.home / f"{name}.key" for name in ("ada", "grace")}
    entries = [{"name": name, "public_key": create_key(file)} for name, file in keys.items()]
    world.settings.approvers_file.write_text(yaml.safe_dump(entries), encoding="utf-8")

    def _sign(name: str, plan_hash: str) -> None:
        approve(
            world.ledger, world.settings, plan_hash, approver_key=keys[name], now=world.clock
        )

    return _sign


def planned(world: World) -> str:
    world.desire(THREE)
    return world.plan().plan_hash


def links(world: World, kind: str) -> int:
    return sum(row["kind"] == kind for row in world.rows(audit_chain))


def test_one_of_two_signatures_lets_nothing_out(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    waiting = world.ledger.plan(made)
    assert (waiting.state, waiting.reason) == ("open", "signed by ada; 1 more must sign")
    with pytest.raises(NotDeliverableError, match="wait for approval"):
        world.deliver(vendor)
    assert vendor.calls == []


def test_two_different_people_let_it_out_and_the_ledger_names_both(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    sign("grace", made)
    assert world.deliver(vendor).is_complete
    with world.ledger.read() as reader:
        who = {(one.approver, one.is_standing) for one in seals.let_out_by(reader, made)}
    assert who == {("ada", False), ("grace", False)}


def test_the_same_person_twice_is_refused_and_that_is_a_link_of_the_chain(
    world: World, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    with pytest.raises(ApprovalError, match="signed by ada already"):
        sign("ada", made)
    assert world.ledger.plan(made).state == "open"
    assert links(world, "refusal") == 1


def test_a_small_plan_needs_one_person(world: World, vendor: Vendor, sign: Sign) -> None:
    world.desire({"a": "a@example.test", "b": "b@example.test"})
    sign("ada", world.plan().plan_hash)
    assert world.deliver(vendor).is_complete


def test_both_signatures_must_be_of_today(world: World, vendor: Vendor, sign: Sign) -> None:
    made = planned(world)
    sign("ada", made)
    world.clock.sleep(24 * 3600)
    sign("grace", made)
    assert world.ledger.plan(made).reason == "signed by grace; 1 more must sign"
    sign("ada", made)
    assert world.deliver(vendor).is_complete


def test_when_the_first_of_two_is_too_old_she_signs_again(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    world.clock.sleep(23 * 3600)
    sign("grace", made)
    world.clock.sleep(2 * 3600)
    assert "one more person must sign" in str(world.deliver(vendor).deliveries[0].reason)
    with pytest.raises(ApprovalError, match="signed by grace already"):
        sign("grace", made)
    sign("ada", made)
    assert world.deliver(vendor).is_complete


def test_when_one_of_two_is_too_old_a_newer_plan_takes_its_place(
    world: World, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    world.clock.sleep(23 * 3600)
    sign("grace", made)
    world.desire({**THREE, "d": "d@example.test"})
    assert world.plan().plan_hash == made, "while both stand, it is kept"
    world.clock.sleep(2 * 3600)
    assert world.plan().plan_hash != made


def test_a_stricter_setting_lets_what_was_started_end(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    world.settings = replace(world.settings, second_person_above=None)
    sign("ada", planned(world))
    vendor.script = [ValueError("a plug-in's mistake")]
    assert not world.deliver(vendor).is_complete
    world.settings = replace(world.settings, second_person_above=1)
    assert world.deliver(vendor).is_complete


def test_the_hash_holds_how_many_must_sign(world: World, vendor: Vendor, sign: Sign) -> None:
    made = planned(world)
    sign("ada", made)
    world.settings = replace(world.settings, second_person_above=None)
    with world.ledger.transaction() as connection:
        connection.execute(plan.update().values(state="approved"))
    report = world.deliver(vendor)
    assert not report.is_complete
    assert vendor.calls == []


def test_a_stricter_setting_holds_for_plans_of_before(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    world.settings = replace(world.settings, second_person_above=None)
    made = planned(world)
    sign("ada", made)
    world.settings = replace(world.settings, second_person_above=2)
    assert not world.deliver(vendor).is_complete
    assert vendor.calls == []


def test_a_halted_plan_needs_two_reasons(world: World, vendor: Vendor, sign: Sign) -> None:
    made = planned(world)
    sign("ada", made)
    sign("grace", made)
    world.deliver(vendor)
    world.desire({})
    halted = world.plan()
    for name in ("ada", "grace"):
        approve_halted(
            world.ledger,
            world.settings,
            halted.plan_hash,
            approver_key=world.settings.home / f"{name}.key",
            reason="The programme ended.",
            now=world.clock,
        )
        state = world.ledger.plan(halted.plan_hash)
        assert state.state == ("halted" if name == "ada" else "approved")
    assert "the source is empty" in str(halted.reason)
    assert world.deliver(vendor).is_complete


def test_a_halted_plan_written_open_still_needs_a_reason(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    sign("grace", made)
    world.deliver(vendor)
    world.desire({})
    halted = world.plan().plan_hash
    with world.ledger.transaction() as connection:
        connection.execute(plan.update().where(plan.c.plan_hash == halted).values(state="open"))
    with pytest.raises(ApprovalError, match="the state that its guards gave it"):
        sign("ada", halted)


def test_a_used_signature_starts_nothing_again(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    sign("grace", made)
    world.deliver(vendor)
    calls = len(vendor.calls)
    with world.ledger.transaction() as connection:
        connection.execute(plan.update().values(state="approved", filled_count=0))
    report = world.deliver(vendor)
    assert not report.is_complete
    assert len(vendor.calls) == calls


def test_a_refused_start_is_a_link_of_the_chain(
    world: World, vendor: Vendor, sign: Sign
) -> None:
    made = planned(world)
    sign("ada", made)
    sign("grace", made)
    with world.ledger.transaction() as connection:
        connection.execute(approval.update().values(override_reason="none"))
    assert not world.deliver(vendor).is_complete
    assert links(world, "refusal") == 1


def test_after_approval_other_data_is_another_plan(world: World, vendor: Vendor) -> None:
    made = planned(world)
    demo_approve(world.ledger, world.settings, made, now=world.clock)
    world.desire({**THREE, "d": "d@example.test"})
    # The approved plan is kept; what it holds is what it held when it was signed.
    assert world.plan().plan_hash == made
    assert world.deliver(vendor).is_complete
    assert len(vendor.members) == 3
    assert world.plan().state == "open", "the fourth person waits for an approval of her own"


def test_forty_who_opt_out_after_approval_are_not_sent(world: World, vendor: Vendor) -> None:
    emails = {f"c{n:03}": f"p{n}@example.test" for n in range(100)}
    world.desire(emails)
    world.approve(world.plan().plan_hash)
    world.clock.sleep(3 * 3600)
    for number in range(40):
        world.suppress("customer_id", f"c{number:03}")
    report = world.deliver(vendor)
    assert report.deliveries[0].verdict_counts == {
        ("add", "accepted"): 60, ("add", "superseded"): 40,
    }  # fmt: skip
    assert len(vendor.members) == 60


def cancelled(world: World, plan_hash: str) -> None:
    cancel(world.ledger, plan_hash, actor="ada", reason="Wrong month.", now=world.clock)


@pytest.mark.parametrize("is_approved", [False, True])
def test_a_cancelled_plan_is_not_sent(
    world: World, vendor: Vendor, *, is_approved: bool
) -> None:
    made = planned(world)
    if is_approved:
        world.approve(made)
    cancelled(world, made)
    assert world.ledger.plan(made).reason == "cancelled by ada: Wrong month."
    with pytest.raises(NotDeliverableError, match="cancelled"):
        world.deliver(vendor, plan_hashes=[made])
    with pytest.raises(ApprovalError, match="was cancelled by ada"):
        world.approve(made)
    assert world.deliver(vendor).deliveries == ()
    assert (vendor.calls, links(world, "cancel")) == ([], 1)


def test_what_was_cancelled_and_is_planned_again_waits_for_a_new_approval(
    world: World, vendor: Vendor
) -> None:
    made = planned(world)
    world.approve(made)
    cancelled(world, made)
    world.clock.sleep(60)
    again = world.plan()
    assert (again.plan_hash, again.state) == (made, "open")
    with pytest.raises(NotDeliverableError, match="wait for approval"):
        world.deliver(vendor)


def test_nothing_to_cancel_is_said(world: World, vendor: Vendor) -> None:
    world.sync(vendor, THREE)
    (done,) = [row["plan_hash"] for row in world.rows(plan)]
    with pytest.raises(ApprovalError, match="is done"):
        cancelled(world, done)
    made = world.plan()
    with pytest.raises(ApprovalError, match="is nothing to do"):
        cancelled(world, made.plan_hash)
    with pytest.raises(ApprovalError, match="No reason"):
        cancel(world.ledger, done, actor="ada", reason=" ", now=world.clock)


def test_what_is_being_sent_cannot_be_cancelled(world: World, vendor: Vendor) -> None:
    made = planned(world)
    world.approve(made)
    with world.ledger.transaction() as connection:
        seals.set_state(connection, made, "partial", reason="the vendor is down")
    with pytest.raises(ApprovalError, match="is being delivered"):
        cancelled(world, made)


def test_signing_needs_a_key_of_ones_own(world: World, sign: Sign, tmp_path: Path) -> None:
    made = planned(world)
    stranger = tmp_path / "stranger.key"
    create_key(stranger)
    with pytest.raises(ApprovalError, match="not known"):
        approve(world.ledger, world.settings, made, approver_key=stranger, now=world.clock)
    assert world.rows(approval) == []
