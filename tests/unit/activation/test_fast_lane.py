"""Opt-outs: before everything else, without a plan, and behind whatever is already under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestration.activation import asking, fast_lane, gate
from orchestration.activation.account import GLANCE_SECONDS
from orchestration.activation.deliver import deliver
from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.pacing import GATED_SECONDS
from orchestration.destinations.base import (
    FatalError,
    GateAgainError,
    Limits,
    Receipt,
    RetriableError,
    Row,
)
from orchestration.destinations.pace import Rate
from orchestration.errors import UnknownNameError
from orchestration.ledger.tables import delivered, outbox, receipt
from tests.unit.activation.world import SPEC, Vendor, World, sha

THREE = {"a": "a@example.test", "b": "b@example.test", "c": "c@example.test"}


def opt_out(world: World, key: str, object_name: str = SPEC.object) -> int:
    payload = f'{{"email_sha256": "{sha(THREE[key])}"}}'
    row = OptOut(SPEC.destination, object_name, key, "remove", payload)
    with world.ledger.transaction() as connection:
        return fast_lane.enqueue(connection, [row], world.clock())


def test_an_opt_out_goes_without_plan_or_approval(world: World, vendor: Vendor) -> None:
    world.sync(vendor, THREE)
    assert opt_out(world, "b") == 1
    assert opt_out(world, "b") == 0, "once is enough"
    report = world.deliver(vendor)
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    assert [(sent.destination, sent.pending_count) for sent in report.opt_outs] == [("meta", 0)]
    (last,) = [row for row in world.rows(receipt) if row["operation"] == "remove"]
    assert (last["key"], last["plan_hash"], last["verdict"]) == ("b", None, "accepted")
    assert world.rows(outbox) == []


def test_it_goes_although_a_plan_waits_for_approval(world: World, vendor: Vendor) -> None:
    world.sync(vendor, THREE)
    world.desire({**THREE, "d": "d@example.test"})
    world.plan()
    opt_out(world, "b")
    with pytest.raises(NotDeliverableError):
        world.deliver(vendor)
    assert sha("b@example.test") not in vendor.members
    assert sha("d@example.test") not in vendor.members


def test_it_goes_before_the_rows_of_a_plan_and_between_its_requests(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, THREE)
    vendor.limits = Limits(rows_per_request=1)
    world.desire({**THREE, "d": "d@example.test", "e": "e@example.test"})
    world.approve(world.plan().plan_hash)
    opt_out(world, "b")

    def and_another_opts_out(row: Row) -> Receipt:
        opt_out(world, "c")
        return Receipt(row.key, "accepted")

    vendor.script = [None, and_another_opts_out]
    world.deliver(vendor)
    calls = [(name, rows[0].key) for name, rows in vendor.calls[1:]]
    assert calls == [("remove", "b"), ("upsert", "d"), ("remove", "c"), ("upsert", "e")]


def test_one_that_comes_while_the_others_job_is_awaited_is_no_trouble(world: World) -> None:
    """It goes in the same round: an account in a storm is not taken for one that is not well."""

    class Queueing(Vendor):
        def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt]:
            opt_out(world, "c")
            return [Receipt(row.key, "accepted") for row in rows]

    vendor = Queueing()
    world.sync(vendor, THREE)
    opt_out(world, "b")
    vendor.script = [lambda row: Receipt(row.key, "accepted_unverified", job_id="job-1")]
    report = world.deliver(vendor)
    assert [(sent.pending_count, sent.reason) for sent in report.opt_outs] == [(0, None)]
    assert vendor.members == {sha("a@example.test")}


def test_a_job_that_takes_its_time_holds_up_no_later_opt_out(world: World) -> None:
    """The vendor's minutes are the vendor's; the next person's removal is on the wire meanwhile."""
    asked: list[str] = []

    class Slow(Vendor):
        def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
            asked.append(job_id)
            if len(asked) == 2:
                opt_out(world, "c")
            done = len(self.calls) == 3 and len(asked) > 6
            return [Receipt(row.key, "accepted") for row in rows] if done else None

    vendor = Slow()
    world.sync(vendor, THREE)
    opt_out(world, "b")
    vendor.script = [
        lambda row: Receipt(row.key, "accepted_unverified", job_id="job-1"),
        lambda row: Receipt(row.key, "accepted_unverified", job_id="job-2"),
    ]
    report = world.deliver(vendor)
    sent = [rows[0].key for _, rows in vendor.calls[1:]]
    assert sent == ["b", "c"]
    assert asked.count("job-2") > 0, "both jobs are asked to their end"
    assert [(one.pending_count, one.reason) for one in report.opt_outs] == [(0, None)]
    assert world.rows(outbox) == []


def test_a_job_that_never_ends_stops_the_account(world: World) -> None:
    class Endless(Vendor):
        def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
            return None

    vendor = Endless()
    world.sync(vendor, THREE)
    opt_out(world, "b")
    vendor.script = [lambda row: Receipt(row.key, "accepted_unverified", job_id="job-1")]
    begun = world.clock()
    report = world.deliver(vendor)
    assert [(one.pending_count, one.reason) for one in report.opt_outs] == [
        (1, "the vendor's job is not finished")
    ]
    waited = (world.clock() - begun).total_seconds()
    assert asking.PATIENCE_SECONDS <= waited < asking.PATIENCE_SECONDS * 1.1
    assert [row["state"] for row in world.rows(outbox)] == ["submitted"]


def test_an_addition_that_waits_is_overtaken(world: World, vendor: Vendor) -> None:
    vendor.script = [RetriableError("503.", remedy="Wait.")] * 20
    world.sync(vendor, THREE)
    assert {row["state"] for row in world.rows(outbox)} == {"pending"}
    opt_out(world, "b")
    vendor.script = []
    world.deliver(vendor)
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    said = {(r["key"], r["operation"], r["verdict"], r["reason"]) for r in world.rows(receipt)}
    assert ("b", "add", "superseded", "opted_out") in said
    assert ("b", "remove", "accepted", None) in said


def suppress_and_opt_out(world: World) -> Callable[[Row], Receipt]:
    def answer(row: Row) -> Receipt:
        if row.key == "b":
            world.suppress("customer_id", "b")
        return Receipt(row.key, "accepted")

    return answer


def test_an_addition_under_way_is_followed_by_its_removal(world: World, vendor: Vendor) -> None:
    vendor.script = [suppress_and_opt_out(world)]
    world.sync(vendor, THREE)
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    assert [name for name, _ in vendor.calls] == ["upsert", "remove"]
    held = {row["key"]: row["is_removed"] for row in world.rows(delivered)}
    assert held == {"a": False, "b": True, "c": False}


def test_a_lost_answer_and_an_opt_out_end_in_a_removal(world: World, vendor: Vendor) -> None:
    """The addition may stand there: what was under way is in doubt, the opt-out follows."""
    vendor.effect_before_error = True

    class LosesTheAnswer(RetriableError):
        @property
        def retry_after_seconds(self) -> float | None:
            opt_out(world, "b")
            return None

        @retry_after_seconds.setter
        def retry_after_seconds(self, _: float | None) -> None:
            return None

    vendor.script = [LosesTheAnswer("reset.", remedy="Wait.")]
    world.sync(vendor, THREE)
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}


def test_an_opt_out_does_not_wait_while_a_plan_waits_for_its_vendor(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, THREE)
    world.desire({**THREE, "d": "d@example.test"})
    world.approve(world.plan().plan_hash)
    vendor.script = [RetriableError("503.", remedy="Wait.")] * 6
    begin, seen = world.clock(), []
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        if not seen and world.clock() > begin + timedelta(seconds=10):
            seen.append(world.clock())
            vendor.script = []
            opt_out(world, "b")
        elif seen and len(seen) == 1 and sha("b@example.test") not in vendor.members:
            seen.append(world.clock())

    deliver(
        world.settings,
        world.ledger,
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=sleep,
        jitter=lambda: 0.9,
    )
    assert seen[1] - seen[0] <= timedelta(seconds=2 * GLANCE_SECONDS)
    assert sha("d@example.test") in vendor.members


def test_rows_pass_the_gate_again_after_a_wait_for_their_turn(
    world: World, vendor: Vendor
) -> None:
    class Paced(Vendor):
        def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
            pacer.wait(Rate("imports", burst_per_second=10))
            receipts = super().upsert(rows)
            pacer.answered(Rate("imports", burst_per_second=10))
            return receipts

    paced = Paced()
    world.desire(THREE)
    world.approve(world.plan().plan_hash)
    asleep = world.clock.sleep

    def sleep(seconds: float) -> None:
        asleep(seconds)
        world.suppress("customer_id", "b")

    def open_destination(*given: Any) -> Vendor:
        nonlocal pacer
        pacer = given[3]
        pacer.block(60)
        return paced

    pacer: Any = None
    report = deliver(
        world.settings,
        world.ledger,
        open_destination=open_destination,
        now=world.clock,
        sleep=sleep,
    )
    assert report.deliveries[0].verdict_counts == {
        ("add", "accepted"): 2,
        ("add", "superseded"): 1,
    }
    assert len(paced.calls) == 1
    assert "b" not in {row["key"] for row in world.rows(delivered)}, "never in doubt"


def test_whoever_opts_out_again_while_a_batch_is_taken_is_sent_once(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync(vendor, THREE)
    opt_out(world, "b")
    take = between_takes(monkeypatch, lambda: opt_out(world, "b"))
    world.deliver(vendor)
    assert [row.key for name, rows in vendor.calls if name == "remove" for row in rows] == ["b"]
    assert [r["verdict"] for r in world.rows(receipt) if r["operation"] == "remove"] == [
        "superseded", "accepted",
    ]  # fmt: skip
    assert (world.rows(outbox), take) == ([], [2])


def test_a_process_that_dies_with_an_opt_out_taken_twice_stops_nobody(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync(vendor, THREE)
    opt_out(world, "b")

    def dies() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        between_takes(patched, lambda: opt_out(world, "b"), dies)
        with pytest.raises(KeyboardInterrupt):
            world.deliver(vendor)
    assert [row["state"] for row in world.rows(outbox)] == ["sending", "sending"]
    world.deliver(vendor)
    assert vendor.members == {sha("a@example.test"), sha("c@example.test")}
    assert world.rows(outbox) == []


def between_takes(
    monkeypatch: pytest.MonkeyPatch, *works: Callable[[], object]
) -> list[int]:
    """Do a work after each time that rows were taken for good; how often they were."""
    original, count, left = gate.take, [0], list(works)

    class Looked(gate.Taken):
        @property
        def is_empty(self) -> bool:
            if self.rows:
                count[0] += 1
                if left:
                    left.pop(0)()
            return super().is_empty

    def take(*given: Any) -> gate.Taken:
        taken = original(*given)
        return Looked(taken.rows, taken.dropped_count)

    monkeypatch.setattr(gate, "take", take)
    return count


def test_whoever_stood_still_before_sending_asks_again_who_opted_out(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands_still() -> None:
        world.clock.sleep(GATED_SECONDS + 1)
        world.suppress("customer_id", "b")

    between_takes(monkeypatch, stands_still)
    world.sync(vendor, THREE)
    assert [row.key for _, rows in vendor.calls for row in rows] == ["a", "c"]
    assert "b" not in {row["key"] for row in world.rows(delivered)}, "never in doubt"


def test_rows_that_go_one_by_one_pass_the_gate_one_by_one(world: World) -> None:
    class OneByOne(Vendor):
        def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
            receipts = super().upsert(rows[:1])
            if len(rows) == 1:
                return receipts
            world.suppress("customer_id", "b")
            error = GateAgainError("meta")
            error.receipts = tuple(receipts)
            raise error

    vendor = OneByOne()
    report = world.sync(vendor, {**THREE, "d": "d@example.test"})
    assert [row.key for _, rows in vendor.calls for row in rows] == ["a", "c", "d"]
    assert "b" not in {row["key"] for row in world.rows(delivered)}, "never in doubt"
    assert report.is_complete


def test_an_object_that_the_vendor_lost_stops_no_other(world: World, vendor: Vendor) -> None:
    world.sync(vendor, THREE)
    gone = Vendor(script=[FatalError("404.", remedy="Look.", status=404)] * 3)
    opt_out(world, "a", "custom_audience/gone")
    opt_out(world, "b")
    report = deliver(
        world.settings,
        world.ledger,
        open_destination=lambda _, name, *__: vendor if name == SPEC.object else gone,
        now=world.clock,
        sleep=world.clock.sleep,
    )
    assert sha("b@example.test") not in vendor.members
    assert report.opt_outs[0].pending_count == 1
    assert not report.is_complete


def test_a_plan_that_finds_an_opt_out_waiting_leaves_the_key_alone(
    world: World, vendor: Vendor
) -> None:
    vendor.limits = replace(vendor.limits, rows_per_request=1)
    world.sync(vendor, THREE)
    world.desire({"a": "a@example.test"})
    world.approve(world.plan().plan_hash)
    opt_out(world, "b")
    vendor.script = [FatalError("401.", remedy="Renew.", status=401)]
    first = world.deliver(vendor)
    assert "paused" in str(first.deliveries[0].reason)
    world.deliver(vendor)
    assert vendor.members == {sha("a@example.test")}
    assert world.rows(outbox) == []


def test_nothing_but_an_opt_out_can_use_the_fast_lane(world: World) -> None:
    row = OptOut("meta", SPEC.object, "a", "add", "{}")
    with pytest.raises(UnknownNameError), world.ledger.transaction() as connection:
        fast_lane.enqueue(connection, [row], world.clock())


def test_opt_outs_that_never_cease_leave_the_other_objects_theirs(world: World) -> None:
    """As in a storm: each time one leaves a list the next person says no to it."""

    class Storm(Vendor):
        def remove(self, rows: Sequence[Row]) -> list[Receipt]:
            if rows[0].key.startswith("vip") and len(self.calls) < 6:
                put_out("custom_audience/vip", f"vip-{len(self.calls) + 1}")
            return super().remove(rows)

    def put_out(where: str, key: str) -> None:
        row = OptOut("meta", where, key, "remove", f'{{"email_sha256": "{sha(key)}"}}')
        with world.ledger.transaction() as connection:
            fast_lane.enqueue(connection, [row], world.clock())

    vendor = Storm()
    put_out("custom_audience/vip", "vip-0")
    put_out("custom_audience/xyz", "xyz-0")
    report = world.deliver(vendor)
    assert [rows[0].key for _, rows in vendor.calls[:3]] == ["vip-0", "xyz-0", "vip-1"]
    assert len(vendor.calls) == 7
    assert report.is_complete
