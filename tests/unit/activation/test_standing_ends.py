"""How a standing approval ends: revoked, over, changed, its signer gone; what is under way then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestration.errors import UnknownNameError
from orchestration.ledger import LedgerDamagedError, seals, standing
from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.standing import StandingApproval
from orchestration.ledger.tables import plan
from tests.unit.activation.standing_world import SignStanding, key, made, stand
from tests.unit.activation.world import START, Vendor, World

__all__ = ["key", "stand"]


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


def test_an_approver_who_left_lets_nothing_through(world: World, stand: SignStanding) -> None:
    stand()
    world.settings.approvers_file.write_text("[]", encoding="utf-8")
    planned = made(world)
    assert planned.state == "open"
    assert "not known" in str(planned.reason)


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


def test_revoked_while_it_is_sent_no_further_row_leaves(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    given = stand()
    made(world)
    vendor.script = [ValueError("a plug-in's mistake")]
    world.deliver(vendor)
    revoke(world, given)
    (sent,) = world.deliver(vendor).deliveries
    assert sent.verdict_counts == {("add", "superseded"): 4}
    assert vendor.members == set()


def test_a_halted_plan_written_started_is_not_finished(
    world: World, vendor: Vendor, stand: SignStanding
) -> None:
    given = stand(most_removals=1_000)
    made(world)
    world.deliver(vendor)
    halted = made(world, {})
    with world.ledger.transaction() as connection:
        connection.execute(
            plan.update()
            .where(plan.c.plan_hash == halted.plan_hash)
            .values(state="started", standing_signature=given.signature)
        )
    calls = len(vendor.calls)
    assert "a guard halted it" in str(world.deliver(vendor).deliveries[0].reason)
    assert len(vendor.calls) == calls
