"""Delivery: what was approved, once, with a receipt for every row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.activation.deliver import deliver
from orchestration.destinations.base import FatalError, Receipt, RetriableError, Row
from orchestration.ledger.tables import delivered, outbox, receipt
from tests.unit.activation.world import FOUR, SPEC, Vendor, World, hashes, sha


def test_every_row_gets_a_receipt_and_a_second_run_makes_no_call(
    world: World, vendor: Vendor
) -> None:
    report = world.sync(vendor, FOUR)
    assert report.is_complete
    assert report.deliveries[0].verdict_counts == {("add", "accepted"): 4}
    assert vendor.members == hashes(FOUR)
    calls = len(vendor.calls)
    again = world.sync(vendor, FOUR)
    assert again.deliveries == ()
    assert len(vendor.calls) == calls
    assert len(world.rows(receipt)) == 4


def test_a_report_tells_why_rows_were_not_taken(world: World, vendor: Vendor) -> None:
    reasons = {"customer-0": "too_old", "customer-1": "too_old", "customer-2": "invalid_entry"}
    vendor.script = [
        lambda row: Receipt(row.key, "rejected", reason=reasons[row.key])
        if row.key in reasons
        else Receipt(row.key, "accepted")
    ]
    (sent,) = world.sync(vendor, FOUR).deliveries
    assert list(sent.refusal_counts.items()) == [("too_old", 2), ("invalid_entry", 1)]


def test_leaving_removes_by_the_hash_that_was_sent(world: World, vendor: Vendor) -> None:
    world.sync(vendor, FOUR)
    staying = {key: FOUR[key] for key in ("customer-0", "customer-1", "customer-2")}
    world.sync(vendor, staying)
    name, rows = vendor.calls[-1]
    assert (name, rows) == (
        "remove", [Row("customer-3", {"email_sha256": sha(FOUR["customer-3"])})]
    )
    assert vendor.members == hashes(staying)


def test_a_changed_identifier_is_added_before_the_old_one_leaves(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, FOUR)
    changed = {**FOUR, "customer-0": "new@example.test"}
    report = world.sync(vendor, changed)
    assert [name for name, _ in vendor.calls[-2:]] == ["upsert", "remove"]
    assert vendor.calls[-1][1] == [Row("customer-0", {"email_sha256": sha(FOUR["customer-0"])})]
    assert vendor.members == hashes(changed)
    assert report.deliveries[0].verdict_counts == {("update", "accepted"): 1}


def test_an_unchanged_identifier_is_never_taken_out_by_an_update(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, FOUR)
    world.desire(FOUR, normaliser_version="2")
    world.approve(world.plan().plan_hash)
    world.deliver(vendor)
    assert vendor.calls[-1][0] == "upsert"
    assert vendor.members == hashes(FOUR)


def test_another_vendor_id_takes_the_old_record_out_by_its_id(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [lambda row: Receipt(row.key, "accepted", vendor_id="old-id")]
    world.sync(vendor, {"customer-0": "a@example.test"})
    vendor.script = [lambda row: Receipt(row.key, "accepted", vendor_id="new-id")]
    world.sync(vendor, {"customer-0": "b@example.test"})
    (_, sent), (name, pruned) = vendor.calls[-2:]
    assert sent[0].vendor_id is None, "another address may be another record: look it up"
    assert (name, pruned[0].vendor_id) == ("remove", "old-id")
    assert world.rows(delivered)[0]["vendor_id"] == "new-id"


def test_who_left_and_comes_back_with_another_address_is_looked_up(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [lambda row: Receipt(row.key, "accepted", vendor_id=f"id-{row.key}")]
    world.sync(vendor, FOUR)
    world.sync(vendor, {key: email for key, email in FOUR.items() if key != "customer-0"})
    (name, (gone,)) = vendor.calls[-1]
    assert (name, gone.vendor_id) == ("remove", "id-customer-0")
    world.sync(vendor, {**FOUR, "customer-0": "new@example.test"})
    (name, (back,)) = vendor.calls[-1]
    assert name == "upsert"
    assert back.vendor_id is None, "that record may hold the address that she opted out by"


def test_a_401_pauses_one_destination_and_the_others_go_on(world: World) -> None:
    other = replace(SPEC, destination="google", object="customer_match/vip", model="sync_google")
    second = replace(SPEC, object="custom_audience/loyal", model="sync_second")
    for spec in (SPEC, other, second):
        world.desire(FOUR, spec)
        world.approve(world.plan(spec).plan_hash)
    broken = Vendor(script=[FatalError("meta answered 401.", remedy="Renew the token.")])
    healthy = Vendor(name="google")
    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda name, *_: broken if name == "meta" else healthy,
        now=world.clock,
        sleep=world.clock.sleep,
    )
    states = {d.object: (d.state, d.reason) for d in report.deliveries}
    assert states["customer_match/vip"] == ("done", None)
    assert states["custom_audience/vip"] == ("partial", "meta answered 401.")
    assert states["custom_audience/loyal"][0] == "approved"
    assert "paused" in str(states["custom_audience/loyal"][1])
    assert not report.is_complete
    assert len(broken.calls) == 1
    assert {row["state"] for row in world.rows(outbox)} == {"pending"}
    assert world.deliver(broken).is_complete
    assert broken.members == hashes(FOUR)


def test_waiting_takes_what_the_vendor_asked_for_as_a_floor(world: World, vendor: Vendor) -> None:
    vendor.script = [RetriableError("429.", remedy="Wait.", retry_after_seconds=120)]
    report = world.sync(vendor, FOUR)
    assert report.is_complete
    assert world.clock.slept == pytest.approx(120.5)


def test_attempts_are_bounded_and_the_rest_stays(world: World, vendor: Vendor) -> None:
    vendor.script = [RetriableError("503.", remedy="Wait.") for _ in range(100)]
    report = world.sync(vendor, FOUR)
    assert len(vendor.calls) == 8
    assert (report.deliveries[0].state, report.deliveries[0].pending_count) == ("partial", 4)
    vendor.script = []
    assert world.deliver(vendor).is_complete
    assert len(world.rows(receipt)) == 4


def test_removals_wait_until_additions_are_in(world: World, vendor: Vendor) -> None:
    world.sync(vendor, FOUR)
    vendor.script = [RetriableError("503.", remedy="Wait.") for _ in range(100)]
    world.sync(vendor, {"customer-9": "nine@example.test", "customer-0": FOUR["customer-0"]})
    assert {name for name, _ in vendor.calls} == {"upsert"}


def test_rejected_content_is_not_sent_again_until_it_changes(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [
        lambda row: Receipt(row.key, "rejected" if row.key == "customer-0" else "accepted")
    ]
    report = world.sync(vendor, FOUR)
    assert report.deliveries[0].count("rejected") == 1
    assert report.is_complete
    made = world.plan()
    assert (made.state, made.seal.held_back_count) == ("nothing_to_do", 1)
    world.sync(vendor, {**FOUR, "customer-0": "repaired@example.test"})
    assert [row.key for row in vendor.calls[-1][1]] == ["customer-0"]
    assert world.plan().seal.held_back_count == 0


def test_a_mistake_in_a_plug_in_stops_its_account_without_its_words(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [KeyError("person0@example.test")]
    report = world.sync(vendor, FOUR)
    assert report.deliveries[0].state == "partial"
    assert "KeyError" in str(report.deliveries[0].reason)
    assert "@" not in str(report.deliveries[0].reason)
    assert world.deliver(vendor).is_complete


def test_a_profile_that_leaves_is_never_removed(world: World, vendor: Vendor) -> None:
    spec = replace(SPEC, kind="profile", object="profiles", model="sync_profiles")
    world.sync(vendor, FOUR, spec)
    world.sync(vendor, {"customer-0": "new@example.test"}, spec)
    assert {name for name, _ in vendor.calls} == {"upsert"}
    assert vendor.calls[-1][1][0].prior_payload == {"email_sha256": sha(FOUR["customer-0"])}
    assert len(world.rows(delivered)) == 4


def test_an_event_is_appended_once(world: World, vendor: Vendor) -> None:
    spec = replace(SPEC, kind="event", object="events", model="sync_events")
    world.sync(vendor, FOUR, spec)
    world.sync(vendor, {**FOUR, "customer-0": "changed@example.test", "e-5": "n@x.test"}, spec)
    assert [row.key for row in vendor.calls[-1][1]] == ["e-5"]


def test_no_transaction_writes_more_than_a_thousand_rows(world: World, vendor: Vendor) -> None:
    from sqlalchemy import event

    written, highest = [0], [0]
    engine = world.ledger._engine

    def count(_connection, cursor, statement, _parameters, _context, _many):  # type: ignore[no-untyped-def]
        # A server's driver counts the rows of an answer too.
        if not statement.lower().startswith("select"):
            written[0] += max(cursor.rowcount, 0)

    def end(_connection):  # type: ignore[no-untyped-def]
        highest[0], written[0] = max(highest[0], written[0]), 0

    event.listen(engine, "after_cursor_execute", count)
    event.listen(engine, "commit", end)
    many = {f"c{n:05}": f"p{n}@example.test" for n in range(1_500)}
    world.sync(vendor, many)
    world.sync(vendor, {key: f"new-{email}" for key, email in many.items()})
    assert 500 < highest[0] <= 1_000
