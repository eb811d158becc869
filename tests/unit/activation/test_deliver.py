"""Delivery: what was approved, once, with a receipt for every row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.activation.approval import demo_approve
from orchestration.activation.deliver import deliver
from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.plan_file import plan_path
from orchestration.activation.starting import start_plan
from orchestration.destinations.base import (
    FatalError,
    Limits,
    Receipt,
    RetriableError,
    Row,
    Verdict,
)
from orchestration.ledger import leases
from orchestration.ledger.tables import delivered, outbox, receipt
from tests.unit.activation.world import SPEC, Vendor, World, sha, world_in

FOUR = {f"customer-{n}": f"person{n}@example.test" for n in range(4)}


def hashes(emails: dict[str, str]) -> set[str]:
    return {sha(email) for email in emails.values()}


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


def test_a_delivery_waits_for_a_round_of_opt_outs_to_end(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    with world.ledger.transaction() as connection:
        held = leases.acquire(connection, "meta", "account-1", "another process", world.clock())
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        with world.ledger.transaction() as connection:
            leases.release(connection, held, world.clock())

    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=sleep,
    )
    assert report.is_complete
    assert vendor.members == hashes(FOUR)


def test_a_plan_that_a_rival_ended_meanwhile_is_reported_as_it_ended(
    world: World, vendor: Vendor
) -> None:
    world.desire(FOUR)
    made = world.plan()
    world.approve(made.plan_hash)
    with world.ledger.transaction() as connection:
        held = leases.acquire(connection, "meta", "account-1", "another process", world.clock())
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        with world.ledger.transaction() as connection:
            leases.release(connection, held, world.clock())
        world.deliver(vendor)

    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=sleep,
    )
    (delivery,) = report.deliveries
    assert (delivery.state, delivery.reason) == ("done", None)
    assert report.is_complete
    assert len(vendor.calls) == 1
    with world.ledger.transaction() as connection:
        lease = leases.acquire(connection, "meta", "account-1", "a late one", world.clock())
    late = replace(world.ledger.plan(made.plan_hash), state="approved")
    with pytest.raises(NotDeliverableError, match="is done"):
        start_plan(world.settings, world.ledger, lease, late, world.clock())


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


def test_an_old_identifier_whose_removal_is_in_doubt_is_taken_out_by_the_next_plan(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, FOUR)
    changed = {**FOUR, "customer-0": "new@example.test"}
    vendor.script = [None, lambda row: Receipt(row.key, "ambiguous")]
    world.sync(vendor, changed)
    assert sha(FOUR["customer-0"]) in vendor.members
    world.sync(vendor, changed)
    assert vendor.members == hashes(changed)
    calls = len(vendor.calls)
    world.sync(vendor, changed)
    assert len(vendor.calls) == calls


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


def test_without_approval_nothing_is_sent(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    made = world.plan()
    for chosen in (None, [made.plan_hash]):
        with pytest.raises(NotDeliverableError, match=f"approve {made.plan_hash[:12]}"):
            world.deliver(vendor, plan_hashes=chosen)
    assert vendor.calls == []


def test_an_expired_approval_starts_nothing(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    world.clock.sleep(24 * 3600)
    report = world.deliver(vendor)
    assert not report.is_complete
    assert "expired" in str(report.deliveries[0].reason)
    assert vendor.calls == []


def test_rows_not_sent_when_the_approval_expires_come_back_in_the_next_plan(
    world: World, vendor: Vendor
) -> None:
    vendor.limits = Limits(rows_per_request=1)
    vendor.script = [None, FatalError("401.", remedy="Renew.")]
    first = world.sync(vendor, FOUR)
    assert (first.deliveries[0].state, first.deliveries[0].pending_count) == ("partial", 3)
    world.clock.sleep(24 * 3600)
    late = world.deliver(vendor).deliveries[0]
    assert late.state == "done"
    assert late.verdict_counts == {("add", "accepted"): 1, ("add", "superseded"): 3}
    assert len(vendor.calls) == 2
    assert world.sync(vendor, FOUR).is_complete
    assert vendor.members == hashes(FOUR)


def test_changed_rows_are_refused(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    made = world.plan()
    world.approve(made.plan_hash)
    file = plan_path(world.settings, made.plan_hash)
    file.write_bytes(file.read_bytes() + b" ")
    report = world.deliver(vendor)
    assert "changed after it was sealed" in str(report.deliveries[0].reason)
    assert vendor.calls == []


def test_changed_settings_refuse_an_approved_plan(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    account = replace(world.settings.destinations["meta"], account_id="account-2")
    world.settings = replace(
        world.settings, destinations={**world.settings.destinations, "meta": account}
    )
    report = world.deliver(vendor)
    assert "settings changed" in str(report.deliveries[0].reason)
    assert report.deliveries[0].state == "superseded"
    assert vendor.calls == []


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


def test_a_lost_answer_is_sent_again_and_ends_the_same(world: World, vendor: Vendor) -> None:
    vendor.effect_before_error = True
    vendor.script = [RetriableError("time-out.", remedy="Wait.")]
    assert world.sync(vendor, FOUR).is_complete
    assert vendor.members == hashes(FOUR)
    assert len(world.rows(receipt)) == 4


def test_receipts_that_came_before_a_failure_count(world: World, vendor: Vendor) -> None:
    error = RetriableError("503.", remedy="Wait.")
    error.receipts = (Receipt("customer-0", "accepted"),)
    vendor.script = [error]
    world.sync(vendor, FOUR)
    assert [row.key for row in vendor.calls[1][1]] == ["customer-1", "customer-2", "customer-3"]


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


def test_a_row_without_an_answer_is_in_doubt_and_planned_again(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [lambda row: Receipt("nobody", "accepted")]
    report = world.sync(vendor, FOUR)
    assert report.deliveries[0].count("ambiguous") == 4
    again = world.plan()
    assert (again.state, again.seal.update_count) == ("open", 4)


def test_a_person_in_doubt_who_leaves_is_removed(world: World, vendor: Vendor) -> None:
    vendor.script = [lambda row: Receipt(row.key, "ambiguous")]
    world.sync(vendor, {"customer-0": "a@example.test", "customer-1": "b@example.test"})
    vendor.members = {sha("a@example.test")}
    world.sync(vendor, {"customer-1": "b@example.test"})
    assert vendor.members == {sha("b@example.test")}


def test_every_identifier_in_doubt_leaves_with_the_person(world: World, vendor: Vendor) -> None:
    world.sync(vendor, {"customer-0": "a@example.test", "customer-1": "z@example.test"})
    vendor.script = [lambda row: Receipt(row.key, "ambiguous")]
    world.sync(vendor, {"customer-0": "b@example.test", "customer-1": "z@example.test"})
    vendor.members.add(sha("b@example.test"))
    assert world.sync(vendor, {"customer-1": "z@example.test"}).is_complete
    assert vendor.members == {sha("z@example.test")}
    gone = next(row for row in world.rows(delivered) if row["key"] == "customer-0")
    assert (gone["is_removed"], gone["payload_json"], gone["stale_payloads_json"]) == (
        True,
        None,
        None,
    )


def test_identifiers_that_could_not_be_taken_out_leave_with_the_person(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, {"customer-0": "a@example.test", "customer-1": "z@example.test"})
    vendor.script = [None, lambda row: Receipt(row.key, "rejected")]
    world.sync(vendor, {"customer-0": "b@example.test", "customer-1": "z@example.test"})
    assert sha("a@example.test") in vendor.members
    world.sync(vendor, {"customer-1": "z@example.test"})
    assert vendor.members == {sha("z@example.test")}


class QueueingVendor(Vendor):
    """Queues every request and is done with it at the third question."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, int] = {}
        self.verdict: Verdict = "accepted"
        self.rounds = 3

    def _call(self, name, rows, change):  # type: ignore[no-untyped-def]
        super()._call(name, rows, change)
        job = f"job-{len(self.calls)}"
        self.asked[job] = 0
        return [Receipt(row.key, "accepted_unverified", job_id=job) for row in rows]

    def poll(self, job_id: str, rows: list[Row]) -> list[Receipt] | None:
        self.asked[job_id] += 1
        if self.asked[job_id] < self.rounds:
            return None
        return [Receipt(row.key, self.verdict, job_id=job_id) for row in rows]


def test_a_job_is_stored_and_asked_until_its_verdict(world: World) -> None:
    queueing = QueueingVendor()
    queueing.limits = Limits(rows_per_request=3)
    report = world.sync(queueing, FOUR)
    assert report.is_complete
    assert queueing.asked == {"job-1": 3, "job-2": 3}
    assert sorted(row["job_id"] for row in world.rows(receipt)) == ["job-1"] * 3 + ["job-2"]


def test_a_job_without_end_is_asked_again_by_the_next_run(world: World) -> None:
    queueing = QueueingVendor()
    queueing.rounds = 10_000
    report = world.sync(queueing, FOUR)
    assert report.deliveries[0].state == "partial"
    assert "not finished" in str(report.deliveries[0].reason)
    queueing.rounds = 0
    assert world.deliver(queueing).is_complete
    assert len(queueing.calls) == 1


def test_a_job_that_rejects_leaves_nothing_delivered(world: World) -> None:
    queueing = QueueingVendor()
    queueing.verdict = "rejected"
    world.sync(queueing, FOUR)
    assert world.rows(delivered) == []


def test_an_unverified_answer_without_a_job_stays_unverified(
    world: World, vendor: Vendor
) -> None:
    vendor.script = [lambda row: Receipt(row.key, "accepted_unverified")]
    report = world.sync(vendor, FOUR)
    assert report.deliveries[0].count("accepted_unverified") == 4
    assert len(world.rows(delivered)) == 4


def test_only_one_process_sends_for_an_account(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)
    with world.ledger.transaction() as connection:
        leases.acquire(connection, "meta", "account-1", "elsewhere|1|1", world.clock())
    report = world.deliver(vendor)
    assert "Another process" in str(report.deliveries[0].reason)
    assert vendor.calls == []
    assert not report.is_complete
    assert not report.has_failed, "what another process does is no failure of this one"
    world.clock.sleep(leases.LEASE_SECONDS)
    assert world.deliver(vendor).is_complete


def test_a_holder_that_lost_its_lease_writes_nothing(world: World, vendor: Vendor) -> None:
    world.desire(FOUR)
    world.approve(world.plan().plan_hash)

    def steal(row: Row) -> Receipt:
        moment = world.clock() + timedelta(seconds=61)
        with world.ledger.transaction() as connection:
            leases.acquire(connection, "meta", "account-1", "elsewhere|1|1", moment)
        return Receipt(row.key, "accepted")

    vendor.script = [steal]
    vendor.limits = Limits(rows_per_request=1)
    report = world.deliver(vendor)
    assert "taken over" in str(report.deliveries[0].reason)
    assert world.rows(receipt) == []
    assert len(vendor.calls) == 1, "and takes no further row"


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


@pytest.mark.parametrize(("may_have_effect", "calls"), [(True, 1), (False, 2)])
def test_what_cannot_be_sent_twice_is_in_doubt_where_it_may_have_arrived(
    world: World, may_have_effect: bool, calls: int
) -> None:
    @dataclass
    class Once(Vendor):
        idempotent: str = "none"

    vendor = Once()
    lost = RetriableError("time-out.", remedy="Wait.", may_have_effect=may_have_effect)
    vendor.script = [lost]
    report = world.sync(vendor, FOUR)
    assert len(vendor.calls) == calls
    verdict = "ambiguous" if may_have_effect else "accepted"
    assert report.deliveries[0].verdict_counts == {("add", verdict): 4}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    days=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("uvw"), min_size=1), max_size=4
    ),
    faults=st.lists(
        st.sampled_from(["ok", "retry", "lost", "ambiguous", "unexpected"]), max_size=6
    ),
    rows_per_request=st.integers(1, 3),
)
def test_whatever_fails_the_vendor_ends_with_what_is_desired(
    tmp_path_factory: pytest.TempPathFactory,
    days: list[dict[str, str]],
    faults: list[str],
    rows_per_request: int,
) -> None:
    with world_in(tmp_path_factory.mktemp("world")) as world:
        vendor = Vendor(limits=Limits(rows_per_request=rows_per_request))
        vendor.members = {"a member of others"}
        for day in days:
            vendor.script = [_fault(fault) for fault in faults]
            vendor.effect_before_error = "lost" in faults
            world.sync(vendor, {key: f"{key}-{name}@example.test" for key, name in day.items()})
        vendor.script = []
        while world.ledger.plans(("approved", "started", "partial")):
            world.deliver(vendor)
        last = {f"{key}-{name}@example.test" for key, name in days[-1].items()} if days else set()
        emails = {email.partition("-")[0]: email for email in last}
        if emails:
            world.sync(vendor, emails)
        assert vendor.members == {sha(email) for email in last} | {"a member of others"}
        calls = len(vendor.calls)
        if emails:
            world.sync(vendor, emails)
        assert len(vendor.calls) == calls
        assert world.ledger.verify() > 0


def _fault(fault: str):  # type: ignore[no-untyped-def]
    return {
        "ok": None,
        "retry": RetriableError("503.", remedy="Wait."),
        "lost": RetriableError("time-out.", remedy="Wait."),
        "ambiguous": lambda row: Receipt(row.key, "ambiguous"),
        "unexpected": RuntimeError("broken"),
    }[fault]


def test_a_plan_in_the_making_waits_for_one_being_sent(world: World, vendor: Vendor) -> None:
    vendor.script = [FatalError("401.", remedy="Renew.")]
    world.sync(vendor, FOUR)
    world.desire({"customer-9": "nine@example.test"})
    waiting = world.plan()
    assert waiting.state == "partial"
    with pytest.raises(Exception, match="is being delivered"):
        demo_approve(world.ledger, world.settings, waiting.plan_hash, now=world.clock)
