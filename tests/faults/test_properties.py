"""Any order of builds, opt-outs, plans, approvals, deaths and wrong clocks, with a model beside it.

The model is two dictionaries: who is there with which address, and what each vendor must hold when
the work is finished.
"""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.invariants import held_by
from tests.faults.simulation.control import Process
from tests.faults.simulation.judging import evidence, judge
from tests.faults.simulation.people import SYNCS, Person
from tests.faults.simulation.schedule import ANSWERS, converge, once_more
from tests.faults.simulation.world import World, world_of

KEYS = st.integers(0, 5).map("c{:04}".format)
SYNC = SYNCS[0]


class Brand(RuleBasedStateMachine):
    """``model`` maps a customer to the version of her address, ``out`` whom nobody may add."""

    @initialize(seed=st.integers(0, 9))
    def begin(self, seed: int) -> None:
        self.stack = ExitStack()
        self.world: World = self.stack.enter_context(world_of(seed, [SYNC]))
        self.model: dict[str, int] = {}
        self.out: dict[str, bool] = {}
        self.newest: dict[str, int] = {}

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.stack:
            converge(self.world)
            judge(self.world, True)
            wanted = {key for key in self.model if key not in self.out}
            held = {key for key, _ in held_by(evidence(self.world, is_finished=True), SYNC)}
            assert held == wanted
            writes = len(self.world.truth.writes())
            once_more(self.world)
            assert len(self.world.truth.writes()) == writes, "a finished day sent something"

    @rule(key=KEYS)
    def upsert(self, key: str) -> None:
        version = self.newest[key] = self.newest.get(key, 0) + 1
        self.model[key] = version
        self.world.people.put(Person(key, version))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        del self.model[key], self.world.people.people[key]

    @precondition(lambda self: self.model)
    @rule(data=st.data(), is_fast=st.booleans())
    def opt_out(self, data: st.DataObject, is_fast: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        self.out[key] = True
        self.world.opt_out(key, "ads_sharing", "customer_id", is_fast=is_fast)

    @rule(forgets=st.booleans())
    def build(self, forgets: bool) -> None:
        self.world.build(forgets_opt_outs=forgets)

    @rule()
    def plan(self) -> None:
        self.world.plan()

    @rule()
    def approve(self) -> None:
        for plan in self.world.ledger.plans(("open",)):
            self.world.approve(plan.plan_hash)

    @rule(kill_at=st.integers(0, 90), ratio=st.sampled_from((0.0, 0.0, 0.4, 1.0)))
    def deliver(self, kill_at: int, ratio: float) -> None:
        self.world.misbehave(["meta"] if ratio else [], ratio, ANSWERS)
        self.world.deliver(Process(self.world.process.number + 1, kill_at=kill_at))
        self.world.misbehave([], 0.0, [])

    @rule(hours=st.sampled_from((-24.0, 0.0, 24.0)))
    def set_clock(self, hours: float) -> None:
        self.world.jump(hours)

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            judge(self.world, False)


def test_no_order_of_events_breaks_an_invariant() -> None:
    run_state_machine_as_test(
        Brand,
        settings=settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
