"""Standing approvals: what is inside goes by itself, everything else waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.activation.approval import cancel
from orchestration.activation.errors import ApprovalError
from orchestration.activation.keys import create_key
from orchestration.activation.standing import Limits, names_of, sign_standing
from orchestration.errors import UnknownNameError
from orchestration.ledger import LedgerDamagedError, seals, standing
from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.standing import StandingApproval
from orchestration.ledger.tables import audit_chain, plan
from tests.unit.activation.world import SPEC, START, Vendor, World, loopback

FOUR = {f"c{n}": f"p{n}@example.test" for n in range(4)}
SignStanding = Callable[..., StandingApproval]


@pytest.fixture
def key(world: World) -> Path:
    file = world.settings.home / "ada.key"
    entries = [{"name": "ada", "public_key": create_key(file)}]
    world.settings.approvers_file.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return file


@pytest.fixture
def stand(world: World, key: Path) -> SignStanding:
    """Sign at most four additions and two removals a run, for thirty days, unless told else."""

    def _stand(**given: Any) -> StandingApproval:
        limits = Limits(("email_sha256",), 4, 2, START + timedelta(days=30))
        return sign_standing(
            world.ledger,
            world.settings,
            SPEC,
            replace(limits, **given),
            approver_key=key,
            now=world.clock,
        )

    return _stand


def made(world: World, emails: dict[str, str] | None = None, **columns: Any) -> Any:
    world.desire(FOUR if emails is None else emails, **columns)
    return world.plan()


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


def revoke(world: World, given: StandingApproval) -> None:
    with world.ledger.transaction() as connection:
        standing.revoke(
            connection,
            given.signature[:12],
            actor="ada",
            reason="Rules changed.",
            at=world.clock(),
        )


def test_revoked_before_sealing_it_lets_nothing_through(
    world: World, stand: SignStanding
) -> None:
    revoke(world, stand())
    planned = made(world)
    assert (planned.state, planned.reason) == ("open", None)


def test_revoked_or_over_between_sealing_and_sending_it_lets_nothing_out(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    given = stand()
    made(world)
    revoke(world, given)
    assert "revoked by ada" in str(world.deliver(vendor).deliveries[0].reason)
    assert made(world).state == "open", "planned again it waits for a person"
    stand(until=world.clock() + timedelta(hours=1))
    assert made(world).state == "approved"
    world.clock.sleep(2 * 3600)
    assert "it ended at" in str(world.deliver(vendor).deliveries[0].reason)
    assert vendor.calls == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("most_adds", 1_000), ("most_removals", 1_000), ("fields_json", '["email","email_sha256"]'),
        ("model", "activation.other"), ("purpose", "marketing"), ("approver", "eve"),
        ("expires_at", datetime.fromisoformat("2030-01-01T00:00:00+00:00")),
        ("account_json", '{"account_id":"other"}'), ("signature", "AAAA"),
    ],
)  # fmt: skip
def test_a_changed_one_lets_nothing_through_and_verify_finds_it(
    world: World, stand: SignStanding, column: str, value: Any
) -> None:
    stand()
    with world.ledger.transaction() as connection:
        connection.execute(standing_approval.update().values({column: value}))
    assert made(world).state == "open"
    with pytest.raises(LedgerDamagedError, match="standing_approval"):
        world.ledger.verify()


def test_verify_finds_a_revocation_that_was_taken_back(
    world: World, stand: SignStanding
) -> None:
    revoke(world, stand())
    world.ledger.verify()
    with world.ledger.transaction() as connection:
        connection.execute(standing_approval.update().values(revoked_at=None))
    with pytest.raises(LedgerDamagedError, match="standing_revocation"):
        world.ledger.verify()


def test_it_is_for_its_own_object_and_account(world: World, stand: SignStanding) -> None:
    stand()
    other = replace(SPEC, object="custom_audience/other")
    world.desire(FOUR, other)
    assert world.plan(other).state == "open"
    accounts = {**world.settings.destinations, "meta": replace(loopback("meta"), account_id="2")}
    world.settings = replace(world.settings, destinations=accounts)
    assert "another account" in str(made(world).reason)


def test_an_approver_who_left_lets_nothing_through(world: World, stand: SignStanding) -> None:
    stand()
    world.settings.approvers_file.write_text("[]", encoding="utf-8")
    planned = made(world)
    assert planned.state == "open"
    assert "not known" in str(planned.reason)


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


def test_revoking_names_one_and_a_second_time_changes_nothing(
    world: World, stand: SignStanding
) -> None:
    given = stand()
    revoke(world, given)
    world.clock.sleep(60)
    revoke(world, given)
    (row,) = world.rows(standing_approval)
    assert row["revoked_at"] == START
    with pytest.raises(UnknownNameError, match="standing approval"):
        revoke(world, replace(given, signature="unknown-signature"))


def test_a_killed_delivery_goes_on_under_it(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    stand()
    planned = made(world)
    with world.ledger.transaction() as connection:
        seals.set_state(connection, planned.plan_hash, "approved", reason=None)
    vendor.script = [ValueError("a plug-in's mistake")]
    assert not world.deliver(vendor).is_complete
    assert world.ledger.plan(planned.plan_hash).state == "partial"
    world.clock.sleep(3600)
    assert world.deliver(vendor).is_complete
    assert len(vendor.members) == 4


def test_fields_may_come_in_one_option_or_in_several() -> None:
    assert names_of(["email, phone", "city"]) == ("email", "phone", "city")
