"""What stands at the vendors: its counts and versions; rejections that a person makes due."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from orchestration.destinations.base import Receipt, Row
from orchestration.ledger import delivered, outbox
from orchestration.ledger.delivered import DeliveredRow
from orchestration.ledger.tables import counter, dead_letter
from orchestration.ledger.tables import delivered as delivered_table
from tests.unit.activation.world import SPEC, START, Vendor, World

THREE = {name: f"{name}@example.test" for name in "abc"}
OBJECT = (SPEC.destination, SPEC.object)


def rejecting(row: Row) -> Receipt:
    return Receipt(row.key, "rejected", reason="unknown address")


def opt_out(destination: str, object_name: str, key: str) -> dict[str, object]:
    return {
        "plan_hash": None, "destination": destination, "object": object_name, "key": key,
        "operation": "remove", "priority": outbox.REMOVE, "payload_json": "{}", "row_hash": None,
        "vendor_id": None,
    }  # fmt: skip


def test_the_standing_are_counted_by_object_and_who_left_is_not(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, THREE)
    world.sync(vendor, {name: THREE[name] for name in "ab"})
    with world.ledger.read() as reader:
        assert delivered.standing_counts(reader) == {OBJECT: 2}


def test_versions_that_nobody_counted_begin_at_the_newest_change(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, THREE)
    with world.ledger.transaction() as connection:
        newest = max(row["sequence"] for row in world.rows(delivered_table))
        connection.execute(delete(counter).where(counter.c.name.like("delivered_version|%")))
        assert delivered.version(connection, *OBJECT) == 0
        delivered.set_first_versions(connection)
        assert delivered.version(connection, *OBJECT) == newest > 0


def test_a_change_that_a_plan_made_moves_the_version_of_its_object_alone(world: World) -> None:
    row = DeliveredRow("a", "hash", "{}", None, None, is_removed=False)
    with world.ledger.transaction() as connection:
        delivered.write(connection, *OBJECT, "plan", [row], START)
        first = delivered.version(connection, *OBJECT)
        delivered.write(connection, *OBJECT, None, [row], START)
        assert delivered.version(connection, *OBJECT) == first > 0
        delivered.write(connection, *OBJECT, "plan", [row], START)
        assert delivered.version(connection, *OBJECT) > first
        assert delivered.version(connection, "google", SPEC.object) == 0


def test_rejections_become_due_once_for_one_destination_or_all(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [rejecting]
    world.sync(vendor, THREE)
    at = world.clock() + timedelta(seconds=1)
    with world.ledger.transaction() as connection:
        assert delivered.make_rejected_due(connection, at, "google") == 0
        assert delivered.make_rejected_due(connection, at, "meta") == 3
        assert delivered.make_rejected_due(connection, at) == 0
    assert {row["retry_at"] for row in world.rows(dead_letter)} == {at}


def test_the_pause_of_a_rejection_doubles_with_each_of_the_same_content(world: World) -> None:
    row = {"key": "a", "row_hash": "h", "reason": "r"}
    pauses = []
    with world.ledger.transaction() as connection:
        for _ in range(3):
            delivered.write_rejected(connection, *OBJECT, "plan", [row], START)
            kept = connection.execute(dead_letter.select()).one()
            pauses.append(kept.retry_at - START)
    assert pauses == [delivered.REJECTED_PAUSE * factor for factor in (1, 2, 4)]


def test_what_was_delivered_before_a_moment_is_in_doubt_by_then(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, THREE)
    last = max(row["delivered_at"] for row in world.rows(delivered_table))
    with world.ledger.read() as reader:
        kept = dict(
            (key, row_hash) for key, row_hash, _ in delivered.stream_hashes(reader, *OBJECT)
        )
        fresh, old = (
            [row_hash for _, row_hash, _ in delivered.stream_hashes(reader, *OBJECT, moment)]
            for moment in (last - timedelta(seconds=1), last)
        )
    assert set(kept) == set(THREE)
    assert None not in kept.values()
    assert set(fresh) == set(kept.values())
    assert old == [None, None, None]


def test_destinations_with_undecided_opt_outs_are_told_once_by_name(world: World) -> None:
    with world.ledger.transaction() as connection:
        outbox.fill(connection, [
            opt_out("meta", "one", "a"), opt_out("google", "two", "a"), opt_out("meta", "x", "b"),
        ])  # fmt: skip
        assert outbox.opt_out_destinations(connection) == ["google", "meta"]
        assert [(one.destination, one.object) for one in outbox.opt_out_objects(connection)] == [
            ("meta", "one"), ("google", "two"), ("meta", "x"),
        ]  # fmt: skip


def test_keys_on_their_way_out_are_streamed_for_their_object(world: World) -> None:
    with world.ledger.transaction() as connection:
        outbox.fill(connection, [opt_out(*OBJECT, "a"), opt_out("meta", "other", "b")])
        assert list(outbox.stream_opted_out(connection, *OBJECT)) == [("a",)]


