"""Somebody says no while a vendor's job with her has not ended: she is asked out at once, and again
when the job has ended, for it may do what it was asked to at any time until then."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta

from orchestration.activation import optouts
from orchestration.activation.connected import connected_destinations
from orchestration.destinations.base import Receipt, Row
from orchestration.ledger.facts import Objection
from orchestration.ledger.tables import delivered, outbox, receipt
from tests.unit.activation.test_whole_opt_outs import (
    ADS,
    EMAILS,
    EVERYBODY,
    known,
    mail,
    opt_out,
)
from tests.unit.activation.world import Vendor, World, sha


class Late(Vendor):
    """Adds people when its job ends, which is at the fifth question; meanwhile something happens.

    ``seen`` tells what was asked of it: the operations by key, and when the job ended.
    """

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.asked = 0
        self.seen: list[str] = []

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        self.seen += [f"add {row.key}" for row in rows]
        return [Receipt(row.key, "accepted_unverified", job_id="job-1") for row in rows]

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        self.seen += [f"remove {row.key}" for row in rows]
        return super().remove(rows)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        self.asked += 1
        if self.asked == 1:
            self.meanwhile()
        if self.asked < 5:
            return None
        self.seen.append("job ends")
        self.members.update(row.payload["email_sha256"] for row in rows)
        return [Receipt(row.key, "accepted", job_id=job_id) for row in rows]


def say_no(world: World, *addresses: str) -> int:
    with world.ledger.transaction() as connection:
        subjects = frozenset(mail(address) for address in addresses)
        said = Objection(subjects, ADS, "shop|1", world.clock())
        connected = connected_destinations(world.settings)
        return optouts.opt_out(connection, connected, EVERYBODY, [said], world.clock()).row_count


def test_whoever_is_in_an_unfinished_job_is_asked_out_at_once_and_again(world: World) -> None:
    vendor = Late(lambda: say_no(world, EMAILS["c"]))
    report = world.sync(vendor, EMAILS)
    assert vendor.seen == ["add a", "add b", "add c", "remove c", "job ends", "remove c"]
    assert vendor.members == {sha(EMAILS["a"])}
    assert report.is_complete
    assert world.rows(outbox) == []
    removals = [row for row in world.rows(receipt) if row["operation"] == "remove"]
    assert [(row["key"], row["plan_hash"], row["verdict"]) for row in removals] == [
        ("c", None, "accepted"),
    ] * 2
    (left,) = [row for row in world.rows(delivered) if row["key"] == "c"]
    assert left["is_removed"]


def test_an_address_binds_everybody_in_the_job(world: World) -> None:
    vendor = Late(lambda: say_no(world, EMAILS["a"]))
    world.sync(vendor, EMAILS)
    assert vendor.seen[3:] == ["remove a", "remove b", "job ends", "remove a", "remove b"]
    assert vendor.members == {sha(EMAILS["c"])}


def test_whoever_stands_is_asked_out_with_what_stands(world: World, vendor: Vendor) -> None:
    """What stands leaves at once, and what the job brings leaves when it has brought it."""
    world.sync(vendor, EMAILS)
    late = Late(lambda: say_no(world, EMAILS["c"]))
    late.members = vendor.members
    world.sync(late, {**EMAILS, "c": "new@example.test"})
    assert late.seen[0] == "add c"
    assert late.seen.index("remove c") < late.seen.index("job ends")
    assert late.seen[-1] == "remove c"
    assert late.members == {sha(EMAILS["a"])}


def test_an_address_that_lands_while_its_person_says_no_leaves_as_the_old_one_does(
    world: World, vendor: Vendor
) -> None:
    """Her removal is put out with what stands; what lands before it goes is what it must name."""
    world.sync(vendor, EMAILS)

    def says_no(row: Row) -> Receipt:
        assert say_no(world, EMAILS["c"]) == 1
        return Receipt(row.key, "accepted")

    vendor.script = [says_no]
    report = world.sync(vendor, {**EMAILS, "c": "new@example.test"})
    left = [row.payload["email_sha256"] for name, rows in vendor.calls[2:] for row in rows]
    assert left == [sha("new@example.test"), sha(EMAILS["c"])]
    assert vendor.members == {sha(EMAILS["a"])}
    assert report.is_complete


def test_people_in_jobs_are_found_by_an_index(world: World) -> None:
    world.desire(EMAILS)
    connection = sqlite3.connect(world.settings.home / "ledger.sqlite")
    (step,) = connection.execute(
        "explain query plan select * from outbox where key in ('a') and state = 'submitted'"
    ).fetchall()
    connection.close()
    assert "outbox_in_jobs" in step[3]


def test_an_old_address_that_leaves_by_a_job_leaves_once_more_with_its_person(
    world: World, vendor: Vendor
) -> None:
    """The job that takes the old address out ends after her removal has taken it out as well."""
    world.sync(vendor, EMAILS)

    class Queueing(Late):
        def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
            return Vendor.upsert(self, rows)

        def remove(self, rows: Sequence[Row]) -> list[Receipt]:
            receipts = super().remove(rows)
            if len(self.seen) > 1:
                return receipts
            self.members.update(row.payload["email_sha256"] for row in rows)
            return [Receipt(row.key, "accepted_unverified", job_id="job-1") for row in rows]

        def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
            receipts = super().poll(job_id, rows)
            if receipts is not None:
                self.members.difference_update(row.payload["email_sha256"] for row in rows)
            return receipts

    late = Queueing(lambda: say_no(world, EMAILS["c"]))
    late.members = vendor.members
    report = world.sync(late, {**EMAILS, "c": "new@example.test"})
    assert late.seen == ["remove c"] * 3 + ["job ends"], "old by the plan; new and old by her no"
    assert late.members == {sha(EMAILS["a"])}
    assert report.is_complete
    (left,) = [row for row in world.rows(delivered) if row["key"] == "c"]
    assert (left["is_removed"], left["stale_payloads_json"]) == (True, None)


class LeavingByJobs(Vendor):
    """Every removal is a job that has ended by the second question; more people say no meanwhile:
    one while the first leaves, another at the first question."""

    def __init__(
        self, saying_no: Sequence[Callable[[], object]], answer: Callable[[], None]
    ) -> None:
        super().__init__()
        self.answer = answer
        self.saying_no = list(saying_no)
        self.seen: list[str] = []
        self.jobs: dict[str, int] = {}

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        (row,) = rows
        self.seen.append(f"remove {row.key}")
        if len(self.jobs) == 0:
            self.saying_no.pop(0)()
        self.jobs[f"job of {row.key}"] = 0
        return [Receipt(row.key, "accepted_unverified", job_id=f"job of {row.key}")]

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        self.seen.append(f"ask {job_id}")
        self.answer()
        if self.saying_no:
            self.saying_no.pop(0)()
        self.jobs[job_id] += 1
        if self.jobs[job_id] < 2:
            return None
        self.members.difference_update(row.payload["email_sha256"] for row in rows)
        return [Receipt(row.key, "accepted", job_id=job_id) for row in rows]


def test_opt_outs_go_before_questions_about_jobs(world: World) -> None:
    emails = {key: f"{key}@example.test" for key in "abc"}
    owners = known(**{key: [address] for key, address in emails.items()})

    def no_of(key: str) -> Callable[[], object]:
        return lambda: opt_out(world, owners, mail(emails[key]), source_event=f"shop|{key}")

    vendor = LeavingByJobs([no_of("b"), no_of("c")], lambda: world.clock.sleep(0.5))
    world.sync(vendor, emails)
    no_of("a")()
    begun = world.clock()
    report = world.deliver(vendor)
    assert vendor.seen[:5] == ["remove a", "remove b", "ask job of a", "remove c", "ask job of b"]
    assert world.clock() - begun < timedelta(seconds=6)
    assert vendor.members == set()
    assert report.is_complete
