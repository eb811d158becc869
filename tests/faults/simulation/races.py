"""Schedules full of opt-outs: while rows are at the gate, on the wire, in jobs, after deaths.

What lives here: those schedules, and their judge, which reads the vendors' own record.
What never does: the other invariants (``invariants.py``).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from orchestration.activation.unanswered import BUSY_SECONDS
from orchestration.ledger import outbox as ledger_outbox
from orchestration.ledger.safety_tables import unanswered
from orchestration.ledger.tables import outbox, receipt, suppression
from orchestration.sandbox.row_log import LoggedRow
from orchestration.sandbox.windows import TimedTruth
from tests.faults.simulation.control import Process
from tests.faults.simulation.late import LateTruth
from tests.faults.simulation.people import SYNCS, VENDORS, Person, Sync
from tests.faults.simulation.schedule import ANSWERS, converge
from tests.faults.simulation.world import World, world_of

MEMBERSHIPS = tuple(sync for sync in SYNCS if sync.spec.kind == "membership")
PURPOSES = (("marketing",), ("ads_sharing",), ("marketing", "ads_sharing"))
ROUNDS_MAX = 60
LATE_SECONDS = 3.0 * 86_400
LOOKS_MAX = 20


@dataclass(frozen=True)
class InJob:
    """Somebody who opted out in the fast lane while a job with her was unfinished."""

    where: tuple[str, str]
    key: str


@dataclass
class Race:
    """What one seed came to. An operation is a row in the vendors' record, or an opt-out."""

    seed: int
    failure: str | None = None
    operation_count: int = 0
    opt_out_count: int = 0
    followed_count: int = 0
    in_flight_count: int = 0
    in_job_count: int = 0
    again_count: int = 0
    late_count: int = 0
    jobs: list[InJob] = field(default_factory=list)
    # (purpose, key) -> the last row of the vendors' record when she said no.
    said: dict[tuple[str, str], int] = field(default_factory=dict)


def play(seed: int, operations: int) -> Race:
    """Play at least so many operations with the chances of a seed, finish the work, judge it."""
    race, chance = Race(seed), random.Random(seed)
    is_late = seed % 2 == 0
    syncs = tuple(sorted(chance.sample(SYNCS, chance.choice((2, 3, 3))), key=SYNCS.index))
    if not any(sync.spec.destination in ("klaviyo", "google") for sync in syncs):
        syncs = (SYNCS[1], *syncs)
    with world_of(seed, syncs, LateTruth if is_late else TimedTruth) as world:
        _limit(world, chance.choice((20, 100, 300)))
        try:
            _run(world, race, chance, operations)
            converge(world)
            _land_all(world)
            converge(world)
            _judge(world, race)
        except AssertionError as error:
            race.failure = f"{type(error).__name__}: {error}"[:500]
        if isinstance(world.truth, LateTruth):
            race.late_count = world.truth.landed_late
    race.jobs.clear()
    race.said.clear()
    return race


def _run(world: World, race: Race, chance: random.Random, operations: int) -> None:
    for number in range(chance.randint(250, 500)):
        world.people.put(Person(f"c{number:05}"))
    for _ in range(ROUNDS_MAX):
        _opt_outs(world, race, chance, chance.randint(0, 5))
        world.build(forgets_opt_outs=chance.random() < 0.3)
        world.plan()
        _opt_outs(world, race, chance, chance.randint(0, 5))
        for plan in world.ledger.plans(("open", "halted")):
            reason = None if plan.state == "open" else "they did leave"
            world.approve(plan.plan_hash, reason=reason)
        for _ in range(chance.choice((1, 2))):
            _deliver(world, race, chance, ANSWERS)
        if _count(world) >= operations:
            return
        _change(world, chance)
        world.clock.pass_time(chance.choice((1.0, 60.0, 3_600.0)))


def _count(world: World) -> int:
    ((rows,),) = world.truth.query("select count(*) from row_log")
    return int(rows) + len(world.people.opt_outs)


def _change(world: World, chance: random.Random) -> None:
    """A third has another address, some are new, few leave."""
    people = world.people
    for key in sorted(people.people):
        if chance.random() < 0.35:
            people.put(Person(key, people.people[key].version + 1))
        elif chance.random() < 0.02:
            del people.people[key]
    fresh = 1 + max(int(person.key[1:]) for person in people.known.values())
    for number in range(fresh, fresh + chance.randint(20, 45)):
        people.put(Person(f"c{number:05}"))


def _deliver(world: World, race: Race, chance: random.Random, answers: Any) -> None:
    vendors = [name for name in VENDORS if chance.random() < 0.5] if chance.random() < 0.5 else []
    world.misbehave(vendors, chance.choice((0.03, 0.1, 0.3)), answers)
    kill_at = chance.randint(1, 300) if chance.random() < 0.3 else 0
    process = Process(world.process.number + 1, kill_at=kill_at)
    for _ in range(chance.randint(5, 30)):
        step = chance.randint(1, 400)
        process.interruptions.append((step, lambda: _opt_outs(world, race, chance, 1)))
    if chance.random() < 0.1:
        process.interruptions.append((chance.randint(5, 100), world.take_over))
    if chance.random() < 0.1:
        process.interruptions.append((chance.randint(5, 100), world.rival))
    if chance.random() < 0.5:
        world.between_gate_and_wire = lambda: _opt_outs(world, race, chance, 2)
    world.deliver(process)
    world.between_gate_and_wire = None
    world.misbehave((), 0.0, ())


def _opt_outs(world: World, race: Race, chance: random.Random, count: int) -> None:
    """Somebody says no, by preference somebody who is on the wire just now."""
    for _ in range(count):
        purposes, with_address = chance.choice(PURPOSES), chance.random() < 0.5
        keys = [key for key in _under_way(world) if key in world.people.people]
        if not keys or chance.random() < 0.4:
            keys = sorted(world.people.people)
        if not keys:
            return
        key = chance.choice(keys)
        is_fast = chance.random() < 0.7
        for purpose in purposes:
            in_jobs: list[InJob] = []
            if not world.people.is_out(world.people.people[key], purpose):
                race.said[purpose, key] = _last(world)
                in_jobs = list(_in_jobs(world, key, purpose)) if is_fast else []
            # As an opt-out of a known person binds: her, and her address as well.
            world.opt_out(key, purpose, "customer_id", is_fast=is_fast)
            _check_asked_at_once(world, in_jobs)
            race.jobs += in_jobs
            if with_address:
                world.opt_out(key, purpose, "email_sha256")


def _under_way(world: World) -> list[str]:
    with world.ledger.read() as reader:
        states = ("sending", "submitted")
        found = reader.execute(select(outbox.c.key).where(outbox.c.state.in_(states)))
        return sorted({str(key) for key in found.scalars()})


def _in_jobs(world: World, key: str, purpose: str) -> Iterator[InJob]:
    with world.ledger.read() as reader:
        rows = reader.execute(
            select(outbox).where(
                outbox.c.key == key,
                outbox.c.state == "submitted",
                outbox.c.operation.in_(("add", "update")),
            )
        ).all()
    found = {(row.destination, row.object) for row in rows}
    for sync in world.syncs:
        if sync.where in found and (sync.spec.kind, sync.spec.purpose) == ("membership", purpose):
            yield InJob(sync.where, key)


def _check_asked_at_once(world: World, in_jobs: Sequence[InJob]) -> None:
    """Her removal waits for nothing but the account: no job, no build, no plan."""
    with world.ledger.read() as reader:
        for one in in_jobs:
            waiting = ledger_outbox.pending_of_keys(reader, *one.where, [one.key])
            assert [(row.operation, row.plan_hash) for row in waiting] == [("remove", None)], (
                f"not asked out at once: {one}"
            )


def _last(world: World) -> int:
    ((last,),) = world.truth.query("select coalesce(max(sequence), 0) from row_log")
    return int(last)


def _limit(world: World, rows: int) -> None:
    """Requests of few rows: more moments at which something can come between."""
    original = world.open

    def limited(*given: Any) -> Any:
        destination = original(*given)
        limits = replace(destination.limits, rows_per_request=rows)
        object.__setattr__(destination, "limits", limits)
        return destination

    object.__setattr__(world, "open", limited)


def _land_all(world: World) -> None:
    # Longer than any request can have an effect.
    world.clock.pass_time(LATE_SECONDS)
    if isinstance(world.truth, LateTruth):
        world.truth.land_due()
    # As schedules do it, whether or not there is a plan.
    for _ in range(LOOKS_MAX):
        world.deliver()
        world.clock.pass_time(2 * BUSY_SECONDS)
        with world.ledger.read() as reader:
            if reader.execute(unanswered.select()).first() is None:
                return
    raise AssertionError("requests without an answer are never decided")


# -- judging ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """A row of the record, whom it speaks of, and where."""

    row: LoggedRow
    person: Person
    sync: Sync


def _judge(world: World, race: Race) -> None:
    rows = list(_read(world))
    race.opt_out_count = len(world.people.opt_outs)
    race.operation_count = _count(world)
    for seen in rows:
        if seen.row.change != "remove":
            purpose = seen.sync.spec.purpose
            assert not world.people.is_out(seen.person, purpose, seen.row.moment), (
                f"sent after its no was on disk: {seen.row}"
            )
    _judge_end(world)
    _judge_followed(world, race, rows)
    _judge_jobs(world, race)


def _read(world: World) -> Iterator[_Seen]:
    """The record with its people; a list holds the profile, with the address that it had then."""
    owners = {
        profile_id: str(external_id) for profile_id, external_id, _, _ in world.log.profiles()
    }
    by_where = {(sync.spec.destination, sync.object_id): sync for sync in world.syncs}
    address: dict[str, str] = {}
    for row in world.log.rows():
        if row.change == "save":
            address[row.member] = str(row.identifier)
        sync = by_where.get((row.vendor, row.object_id))
        texts = (row.identifier or "", row.member, address.get(owners.get(row.member, ""), ""))
        people = (world.people.known.get(text.rpartition(":")[2]) for text in texts)
        person = next((one for one in people if one is not None), None)
        if sync is not None and person is not None:
            yield _Seen(row, person, sync)


def _judge_end(world: World) -> None:
    """Whoever said no is suppressed in the ledger, and stands in no list."""
    with world.ledger.read() as reader:
        held = {
            (row.purpose, row.subject_type, row.subject_value)
            for row in reader.execute(suppression.select())
        }
        assert not reader.execute(outbox.select()).all(), "something waits still"
    for one in world.people.opt_outs:
        key = (one.purpose, one.subject_type, one.subject_value)
        assert key in held, f"the ledger lost {one}"
    standing: dict[tuple[tuple[str, str], str, str], _Seen] = {}
    for seen in _read(world):
        if seen.sync.spec.kind == "membership":
            place = (seen.sync.where, seen.row.member, seen.row.identifier or "")
            if seen.row.change == "add":
                standing[place] = seen
            else:
                standing.pop(place, None)
    for seen in standing.values():
        purpose = seen.sync.spec.purpose
        assert not world.people.is_out(seen.person, purpose), f"stands there still: {seen.row}"


def _judge_followed(world: World, race: Race, rows: list[_Seen]) -> None:
    """An addition that stood, or was on its way, when the no came is followed by a removal."""
    removed: dict[tuple[tuple[str, str], str], int] = {}
    for seen in rows:
        if seen.row.change == "remove":
            removed[seen.sync.where, seen.row.member] = seen.row.sequence
    for seen in rows:
        purpose = seen.sync.spec.purpose
        if seen.row.change == "add" and world.people.is_out(seen.person, purpose):
            race.followed_count += 1
            landed_after = seen.row.sequence > race.said[purpose, seen.person.key]
            race.in_flight_count += landed_after
            last = removed.get((seen.sync.where, seen.row.member), 0)
            assert last > seen.row.sequence, f"nothing followed {seen.row}"


def _judge_jobs(world: World, race: Race) -> None:
    """Somebody in an unfinished job: what was sent at once cannot have been the last where the job
    added her afterwards (``_judge_followed``); here is counted how often it was sent twice."""
    with world.ledger.read() as reader:
        rows = reader.execute(receipt.select().where(receipt.c.operation == "remove")).all()
    sent = Counter(((row.destination, row.object), row.key) for row in rows)
    for one in race.jobs:
        race.in_job_count += 1
        race.again_count += sent[one.where, one.key] > 1
        assert sent[one.where, one.key], f"never asked to leave: {one}"
