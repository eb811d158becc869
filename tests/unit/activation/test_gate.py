"""The gate drops the suppressed at the last moment, and never a removal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.activation.gate import channel_of
from orchestration.destinations.base import Limits, Receipt, RetriableError, Row
from orchestration.errors import UnknownNameError
from orchestration.ledger import LedgerError, tombstones
from orchestration.ledger.tables import delivered, receipt
from tests.unit.activation.world import SPEC, Vendor, World, sha

THREE = {"a": "a@example.test", "b": "b@example.test", "c": "c@example.test"}


def approved(world: World, emails: dict[str, str]) -> None:
    world.desire(emails)
    world.approve(world.plan().plan_hash)


@pytest.mark.parametrize(
    "subject", [("customer_id", "b"), ("email_sha256", sha("b@example.test"))]
)
def test_a_person_suppressed_after_approval_is_dropped_with_a_receipt(
    world: World, vendor: Vendor, subject: tuple[str, str]
) -> None:
    approved(world, THREE)
    world.suppress(*subject)
    report = world.deliver(vendor)
    assert report.is_complete
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    dropped = [row for row in world.rows(receipt) if row["key"] == "b"]
    assert [(row["verdict"], row["reason"]) for row in dropped] == [("superseded", "suppressed")]
    assert "b" not in {row["key"] for row in world.rows(delivered)}


@pytest.mark.parametrize(
    ("payload", "subject"),
    [
        ({"email": " B@Example.test "}, ("email_sha256", sha("b@example.test"))),
        ({"phone_number": "+12025550123"}, ("phone_sha256", sha("+12025550123"))),
        ({"external_id": "b"}, ("customer_id", "b")),
    ],
)
def test_plain_identifiers_are_digested_as_the_ledger_does(
    world: World, vendor: Vendor, payload: dict[str, str], subject: tuple[str, str]
) -> None:
    spec = replace(SPEC, model="sync_plain", kind="profile", purpose="marketing")
    names = ["customer_id", "email_sha256", *payload, "row_hash"]
    world.build(spec, names, [("k", "x", *payload.values(), "h")])
    world.approve(world.plan(spec).plan_hash)
    world.suppress(*subject, channel="email", purpose="marketing")
    assert world.deliver(vendor).deliveries[0].count("superseded") == 1
    assert vendor.calls == []


@pytest.mark.parametrize(
    "identifier", [("customer_id", "b"), ("email_sha256", sha("b@example.test"))]
)
def test_a_person_erased_after_approval_is_refused_by_her_tombstone(
    world: World, vendor: Vendor, identifier: tuple[str, str]
) -> None:
    approved(world, THREE)
    with world.ledger.transaction() as connection:
        tombstones.bury(connection, tombstones.key_of(connection), [identifier], world.clock())
    assert world.deliver(vendor).is_complete
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    dropped = [row["verdict"] for row in world.rows(receipt) if row["key"] == "b"]
    assert dropped == ["superseded"]


def test_without_the_key_of_the_tombstones_nobody_is_added(world: World, vendor: Vendor) -> None:
    approved(world, THREE)
    with world.ledger.transaction() as connection:
        tombstones.bury(connection, b"k" * 32, [("customer_id", "b")], world.clock())
    with pytest.raises(LedgerError, match="not the one they were made with"):
        world.deliver(vendor)
    assert vendor.calls == []


def test_another_channel_or_purpose_drops_nobody(world: World, vendor: Vendor) -> None:
    approved(world, THREE)
    world.suppress("customer_id", "a", channel="email", purpose="marketing")
    world.suppress("customer_id", "b", channel="sms", purpose="ads_sharing")
    world.deliver(vendor)
    assert len(vendor.members) == 3


def test_removals_pass_and_the_suppressed_leave_first(world: World, vendor: Vendor) -> None:
    world.sync(vendor, THREE)
    world.suppress("email_sha256", sha("c@example.test"))
    approved(world, {"a": "a@example.test", "d": "d@example.test"})
    world.deliver(vendor)
    assert [(name, [row.key for row in rows]) for name, rows in vendor.calls[1:]] == [
        ("remove", ["c"]),
        ("upsert", ["d"]),
        ("remove", ["b"]),
    ]


def test_an_opt_out_between_two_requests_is_seen(world: World, vendor: Vendor) -> None:
    vendor.limits = Limits(rows_per_request=1)

    def opt_out_of_c(row: Row) -> Receipt:
        world.suppress("customer_id", "c")
        return Receipt(row.key, "accepted")

    vendor.script = [opt_out_of_c]
    approved(world, THREE)
    world.deliver(vendor)
    assert [row.key for _, rows in vendor.calls for row in rows] == ["a", "b"]


def test_an_opt_out_between_two_attempts_is_seen_and_the_doubt_is_removed(
    world: World, vendor: Vendor
) -> None:
    vendor.effect_before_error = True
    vendor.script = [RetriableError("time-out.", remedy="Wait.", retry_after_seconds=5)]
    sleep = world.clock.sleep

    def sleep_and_opt_out(seconds: float) -> None:
        sleep(seconds)
        world.suppress("customer_id", "b")

    approved(world, THREE)
    world.clock.sleep = sleep_and_opt_out  # type: ignore[method-assign]
    world.deliver(vendor)
    assert [row.key for row in vendor.calls[1][1]] == ["a", "c"]
    assert sha("b@example.test") in vendor.members, "the first attempt had its effect"
    world.clock.sleep = sleep  # type: ignore[method-assign]
    world.sync(vendor, {"a": "a@example.test", "c": "c@example.test"})
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}


def test_a_destination_of_one_channel_asks_for_that_and_others_go_by_purpose() -> None:
    assert channel_of("postscript", "marketing") == "sms"
    assert channel_of("klaviyo", "marketing") == "email"
    assert channel_of("meta", "ads_sharing") == "ads"


def test_a_purpose_without_a_channel_is_refused() -> None:
    assert channel_of("meta", "marketing") == "email"
    with pytest.raises(UnknownNameError, match="ads_sharing"):
        channel_of("meta", "fun")
