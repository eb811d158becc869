"""Delivery: answers that are lost, late or bad leave no row in doubt for good."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.destinations.base import Limits, Receipt, RetriableError, Row, Verdict
from orchestration.ledger.tables import delivered, receipt
from tests.unit.activation.world import FOUR, Vendor, World, hashes, sha, world_in


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
