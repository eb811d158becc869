"""Kinds of delivery: an event is appended once, restated where the vendor can, never removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestration.activation.capability import changes_of, is_idempotent
from orchestration.activation.plan import make_plans
from orchestration.destinations.base import Receipt, Row, restates
from orchestration.errors import UnknownNameError
from tests.unit.activation.world import SPEC, Vendor, World, sha

EVENT = replace(
    SPEC,
    model="sync_meta__conversions",
    object="conversions/pixel",
    key="event_id",
    kind="event",
)
ORDERS = {f"purchase:shop:{n}": f"p{n}@example.test" for n in range(3)}


@dataclass
class Channel(Vendor):
    """A vendor of events that says what it can."""

    restates: bool = False
    idempotent: str = "none"


def build(world: World, orders: Mapping[str, str], amount: str = "10.00") -> None:
    rows = [
        (event_id, sha(email), amount, f"{email}{amount}") for event_id, email in orders.items()
    ]
    names = ["event_id", "email_sha256", "conversion_value_amount", "row_hash"]
    world.build(EVENT, names, rows)


def planned(world: World, channel: Channel) -> list[tuple[str, str]]:
    (made,) = make_plans(
        world.settings, world.ledger, [EVENT], now=world.clock, opener=lambda *_: channel
    )
    if made.state == "open":
        world.approve(made.plan_hash)
    return [(row["operation"], row["key"]) for row in pq.read_table(made.file).to_pylist()]


def sent(world: World, channel: Channel) -> list[tuple[str, str]]:
    rows = planned(world, channel)
    world.deliver(channel)
    return rows


def test_a_week_without_an_order_halts_nothing(world: World) -> None:
    channel = Channel()
    build(world, ORDERS)
    assert len(sent(world, channel)) == 3
    build(world, {})
    (made,) = make_plans(
        world.settings, world.ledger, [EVENT], now=world.clock, opener=lambda *_: channel
    )
    assert (made.state, made.reason) == ("nothing_to_do", "no events of late")


@pytest.mark.parametrize(("can", "again"), [(False, []), (True, ["update"] * 3)])
def test_a_refund_is_restated_only_where_the_vendor_can(
    world: World, *, can: bool, again: list[str]
) -> None:
    channel = Channel(restates=can)
    build(world, ORDERS)
    assert sent(world, channel) == [("add", key) for key in sorted(ORDERS)]
    build(world, ORDERS, amount="4.00")
    assert [operation for operation, _ in sent(world, channel)] == again
    assert sent(world, channel) == [], "said once, it is not said again"


def test_a_restatement_knows_what_was_said_before(world: World) -> None:
    channel = Channel(restates=True)
    build(world, ORDERS)
    sent(world, channel)
    build(world, ORDERS, amount="4.00")
    sent(world, channel)
    row: Row = channel.calls[-1][1][0]
    assert row.prior_payload is not None
    assert row.prior_payload["conversion_value_amount"] == "10.00"
    assert row.payload["conversion_value_amount"] == "4.00"


@pytest.mark.parametrize("can", [False, True])
def test_an_event_is_never_removed(world: World, *, can: bool) -> None:
    channel = Channel(restates=can)
    build(world, ORDERS)
    sent(world, channel)
    build(world, {"purchase:shop:0": ORDERS["purchase:shop:0"]})
    assert sent(world, channel) == []
    assert all(name == "upsert" for name, _ in channel.calls)


@pytest.mark.parametrize(
    ("idempotent", "again"), [("none", 0), ("key", 3), ("upsert", 3), ("unheard-of", 0)]
)
def test_an_event_in_doubt_goes_again_only_where_that_is_harmless(
    world: World, idempotent: str, again: int
) -> None:
    channel = Channel(idempotent=idempotent)
    channel.script = [lambda row: Receipt(row.key, "ambiguous", reason="no_answer")]
    build(world, ORDERS)
    sent(world, channel)
    rows = sent(world, channel)
    assert [operation for operation, _ in rows] == ["add"] * again


def test_a_refused_event_waits_until_it_changes(world: World) -> None:
    channel = Channel()
    channel.script = [lambda row: Receipt(row.key, "rejected", reason="too_old")]
    build(world, ORDERS)
    sent(world, channel)
    assert sent(world, channel) == []
    build(world, ORDERS, amount="4.00")
    assert sent(world, channel) == [("add", key) for key in sorted(ORDERS)]


def test_a_profile_is_changed_and_never_removed(world: World, vendor: Vendor) -> None:
    profile = replace(SPEC, kind="profile")
    world.sync(vendor, {"a": "a@example.test", "b": "b@example.test"}, profile)
    world.desire({"a": "new@example.test"}, profile)
    made = world.plan(profile).seal
    assert (made.add_count, made.update_count, made.remove_count) == (0, 1, 0)


def test_what_is_not_declared_is_not_assumed() -> None:
    undeclared: Any = Vendor()
    assert (restates(undeclared), is_idempotent(undeclared)) == (False, False)

    def unknown() -> Any:
        raise UnknownNameError("object", "conversions/pixel", [])

    assert changes_of("event", unknown).operations == ("add",)
    assert changes_of("membership", unknown).operations == ("add", "update", "remove")
