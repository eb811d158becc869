"""Seed to schedule to run: days of a brand with opt-outs, faults, deaths and wrong clocks.

What lives here: what may happen, how likely, and the end: faults stop and the work is finished.
What never does: judging what came of it (``invariants.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.simulation.control import Process
from tests.faults.simulation.people import SYNCS, VENDORS, Person, Sync
from tests.faults.simulation.world import World, world_of

ANSWERS: tuple[Mapping[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": "3"},
    {"kind": "lost_ack"},
    {"kind": "lost_ack"},
    {"kind": "drop"},
    {"kind": "bad_json"},
    {"kind": "html", "status": 502},
)
FATAL_ANSWERS: tuple[Mapping[str, Any], ...] = (
    {"kind": "status", "status": 401},
    {"kind": "redirect"},
    {"kind": "status", "status": 429, "retry_after": "7200"},
)
ROUNDS_TO_CONVERGE = 12
WAIT_SECONDS = 61.0
DAY_SECONDS = 86_400.0


Judge = Callable[[World, bool], None]


class NotConvergedError(AssertionError):
    """Faults stopped and the work was not finished in so many rounds."""


@dataclass(frozen=True)
class Operation:
    """One thing that happens; ``given`` says what a reader of a failing seed wants to know."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    seed: int
    syncs: tuple[Sync, ...]
    start_count: int
    operations: tuple[Operation, ...]


def draw(seed: int) -> Schedule:
    """The schedule of a seed; the same for ever."""
    chance = random.Random(seed)
    syncs = tuple(sync for sync in SYNCS if chance.random() < 0.4) or (chance.choice(SYNCS),)
    # A guard counts in tens of rows: few brands are large enough to meet it.
    start_count = 130 if chance.random() < 0.02 else chance.randint(1, 8)
    operations: list[Operation] = []
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        operations += _day(chance)
    return Schedule(seed, syncs, start_count, tuple(operations))


def _day(chance: random.Random) -> list[Operation]:
    def likely(ratio: float) -> bool:
        return chance.random() < ratio

    changes = {
        "adds": chance.randint(0, 3),
        "leaves": chance.randint(0, 2),
        "moves": chance.randint(0, 2),
        "bad": int(likely(0.15)),
        "mass": likely(0.1),
    }
    operations = [Operation("change", changes)]
    operations += [_opt_out(chance)] * likely(0.3)
    operations.append(
        Operation("build", {"forgets_opt_outs": likely(0.2), "is_empty": likely(0.05)})
    )
    operations += [Operation("jump", {"hours": chance.choice((-24, -1, 1, 24))})] * likely(0.15)
    operations.append(Operation("plan", _death(chance, 0.1, 40)))
    operations += [_opt_out(chance)] * likely(0.3)
    if likely(0.85):
        operations.append(Operation("approve", {"overrides": likely(0.3)}))
    operations += [Operation("jump", {"hours": chance.choice((-24, 0, 24, 30))})] * likely(0.15)
    for _ in range(chance.choice((1, 1, 2))):
        operations += [_opt_out(chance)] * likely(0.2)
        operations.append(Operation("deliver", _disturbance(chance)))
    operations += [Operation("restart")] * likely(0.15)
    return operations


def _death(chance: random.Random, ratio: float, steps: int) -> dict[str, Any]:
    return {"kill_at": chance.randint(1, steps)} if chance.random() < ratio else {}


def _opt_out(chance: random.Random) -> Operation:
    return Operation("opt_out", {"draw": chance.random(), **_choice(chance)})


def _choice(chance: random.Random) -> dict[str, Any]:
    return {
        "purposes": chance.choice((("marketing",), ("ads_sharing",), ("marketing", "ads_sharing"))),
        "subject_type": chance.choice(("customer_id", "email_sha256")),
        "is_fast": chance.random() < 0.5,
    }


def _disturbance(chance: random.Random) -> dict[str, Any]:
    given = _death(chance, 0.45, 120)
    if chance.random() < 0.5:
        given["ratio"] = chance.choice((0.07, 0.3, 0.6, 1.0))
        given["vendors"] = [name for name in VENDORS if chance.random() < 0.5]
        given["is_fatal"] = chance.random() < 0.1
    if chance.random() < 0.35:
        given["opt_out_at"] = (chance.randint(1, 80), chance.random(), _choice(chance))
    if chance.random() < 0.2:
        given["opt_out_before_wire"] = (chance.random(), _choice(chance))
    if chance.random() < 0.06:
        given["take_over_at"] = chance.randint(5, 60)
    if chance.random() < 0.06:
        given["rival_at"] = chance.randint(5, 60)
    return given


@dataclass(frozen=True)
class Played:
    """What one seed came to; ``failure`` is None where every invariant held."""

    seed: int
    failure: str | None
    intent_count: int
    write_count: int
    unneeded_write_count: int


def run(schedule: Schedule, judge: Judge) -> Played:
    """Play the schedule in a new world; ``judge`` looks before and after its end.

    Raises:
        AssertionError: an invariant does not hold, the work does not end, or a run after the end
            sends something.
    """
    with world_of(schedule.seed, schedule.syncs) as world:
        for number in range(schedule.start_count):
            world.people.put(Person(f"c{number:04}"))
        for operation in schedule.operations:
            _PLAY[operation.name](world, operation.given)
        judge(world, False)
        converge(world)
        judge(world, True)
        write_count = len(world.truth.writes())
        once_more(world)
        unneeded = len(world.truth.writes()) - write_count
        assert unneeded == 0, f"a run after the end made {unneeded} writes"
        intents = sum(len(one.rows) for one in world.approved)
        return Played(schedule.seed, None, intents, write_count, unneeded)


def once_more(world: World) -> None:
    """The same day again: build, plan, approve what there is, deliver."""
    world.build()
    world.plan()
    _approve(world, {"overrides": True})
    world.deliver()


def converge(world: World) -> None:
    """Faults stop, clocks are right, people approve: the work must end, and stay ended.

    Raises:
        NotConvergedError: it does not.
    """
    world.misbehave((), 0.0, ())
    world.jump(0)
    world.process = Process(world.process.number + 1)
    for number in range(ROUNDS_TO_CONVERGE):
        world.build()
        plans = world.plan()
        # An empty source halts a plan of profiles for ever, as nobody is ever removed from those.
        is_planned = bool(plans) and all(plan.seal.row_count == 0 for plan in plans)
        if is_planned and not world.waiting_count():
            return
        _approve(world, {"overrides": True})
        world.deliver()
        # A lease of a dead process ends by the clock, which may have been a day ahead.
        world.clock.pass_time(WAIT_SECONDS if number < 4 else DAY_SECONDS)
    states = [(plan.seal.object, plan.state, plan.reason) for plan in world.plan()]
    raise NotConvergedError(f"still to do: {states}; said: {world.said[-5:]}")


def _change(world: World, given: Mapping[str, Any]) -> None:
    people, chance = world.people, world.chance
    if given["mass"]:
        # Most leave at once: a guard must ask.
        for key in [key for key in people.people if chance.random() < 0.9]:
            del people.people[key]
    known = sorted(people.people)
    for key in chance.sample(known, min(given["leaves"], len(known))):
        del people.people[key]
    known = sorted(people.people)
    for key in chance.sample(known, min(given["moves"], len(known))):
        old = people.people[key]
        people.put(Person(key, old.version + 1, is_bad=False))
    fresh = 1 + max((int(key[1:]) for key in {p.key for p in people.known.values()}), default=0)
    for number in range(fresh, fresh + given["adds"]):
        people.put(Person(f"c{number:04}"))
    if given["bad"]:
        people.put(Person(f"c{fresh + given['adds']:04}", is_bad=True))


def _opt_out_now(world: World, draw_value: float, given: Mapping[str, Any]) -> None:
    keys = sorted(world.people.people)
    if not keys:
        return
    key = keys[int(draw_value * len(keys))]
    for purpose in given["purposes"]:
        world.opt_out(key, purpose, given["subject_type"], is_fast=given["is_fast"])


def _plan(world: World, given: Mapping[str, Any]) -> None:
    world.process = Process(world.process.number + 1, kill_at=given.get("kill_at", 0))
    world.plan()
    if world.process.is_dead:
        world.restart()


def _approve(world: World, given: Mapping[str, Any]) -> None:
    for plan in world.ledger.plans(("open", "halted")):
        if plan.state == "open":
            world.approve(plan.plan_hash)
        elif given["overrides"]:
            world.approve(plan.plan_hash, reason="they did leave")


def _deliver(world: World, given: Mapping[str, Any]) -> None:
    answers = FATAL_ANSWERS if given.get("is_fatal") else ANSWERS
    world.misbehave(given.get("vendors", ()), given.get("ratio", 0.0), answers)
    process = Process(world.process.number + 1, kill_at=given.get("kill_at", 0))
    if "opt_out_at" in given:
        step, value, choice = given["opt_out_at"]
        process.interruptions.append((step, lambda: _opt_out_now(world, value, choice)))
    if "take_over_at" in given:
        process.interruptions.append((given["take_over_at"], world.take_over))
    if "rival_at" in given:
        process.interruptions.append((given["rival_at"], world.rival))
    if "opt_out_before_wire" in given:
        value, choice = given["opt_out_before_wire"]
        world.between_gate_and_wire = lambda: _opt_out_now(world, value, choice)
    world.deliver(process)
    world.between_gate_and_wire = None
    world.misbehave((), 0.0, ())


_PLAY: Mapping[str, Callable[[World, Mapping[str, Any]], None]] = {
    "change": _change,
    "opt_out": lambda world, given: _opt_out_now(world, given["draw"], given),
    "build": lambda world, given: world.build(**given),
    "jump": lambda world, given: world.jump(given["hours"]),
    "plan": _plan,
    "approve": _approve,
    "deliver": _deliver,
    "restart": lambda world, given: world.restart(),
}
