"""Dagster's part of delivery: slow vendors delay nobody else, killed processes are recovered from.

What lives here: the claims, with Dagster's own daemon, queue and run workers.
What never does: starting and killing (``dagster_world.py``); a fake of Dagster.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from orchestration.ledger import SealedPlan
from tests.proof.delivery.dagster_world import DagsterWorld, dagster_world
from tests.proof.harness import Claim, Result, passed

BAR_SECONDS = 90.0
SLOW_SECONDS = 25.0
PEOPLE = 400
# Fewer than the guard on growth would ask about.
MORE_PEOPLE = 100
# Where the sandbox of the slow vendor takes people; the first request is the one that waits.
SLOW_VENDOR, SLOW_PATH, OTHER_VENDOR = "meta", "/users", "google"


def dagster_recovery() -> Claim:
    """A killed run worker, then a killed daemon with all its children, while rows are under way."""
    return Claim(
        "dagster_recovery",
        "A killed run worker, and a killed daemon, are recovered from: every row is delivered",
        _measure_recovery,
        quick=False,
    )


def dagster_side_by_side() -> Claim:
    """Two accounts, one of which takes its time."""
    return Claim(
        "dagster_side_by_side",
        "A slow destination delays no other: Dagster sends both at the same time",
        _measure_side_by_side,
        quick=False,
    )


def _measure_recovery(quick: bool) -> Result:
    with dagster_world([SLOW_VENDOR]) as world:
        world.start_daemon()
        worker = _seconds_after(world, _kill_worker, PEOPLE)
        daemon = _seconds_after(world, _kill_daemon, MORE_PEOPLE)
        members = len(world.members(SLOW_VENDOR))
    is_whole = members == PEOPLE + MORE_PEOPLE
    figure = (
        f"worker {worker:.0f} s, daemon {daemon:.0f} s after the kill; "
        f"{members} of {PEOPLE + MORE_PEOPLE} people there"
    )
    bar = f"each within {BAR_SECONDS:.0f} s, all there"
    return passed(is_whole and max(worker, daemon) <= BAR_SECONDS, figure, bar)


def _seconds_after(
    world: DagsterWorld, kill: Callable[[DagsterWorld], None], people: int
) -> float:
    """Approve, wait until rows are under way, kill; seconds until the plan is done."""
    plan = world.approve(people, SLOW_VENDOR)[SLOW_VENDOR]
    world.slow(SLOW_VENDOR, SLOW_PATH, SLOW_SECONDS, 1)
    world.wait_for("the plan is being sent", lambda: world.is_sending(plan))
    killed_at = time.time()
    kill(world)
    return _done(world, plan)[1] - killed_at


def _done(world: DagsterWorld, plan: SealedPlan) -> tuple[float, float]:
    """Start and end of the plan's delivery, waited for."""
    world.wait_for(f"{plan.destination} is done", lambda: world.times(plan)[1])
    started_at, finished_at = world.times(plan)
    assert started_at is not None
    assert finished_at is not None
    return started_at, finished_at


def _kill_worker(world: DagsterWorld) -> None:
    pid = world.worker_of(SLOW_VENDOR)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _kill_daemon(world: DagsterWorld) -> None:
    world.kill_daemon()
    # What a supervisor does; its own delay is not ours.
    world.start_daemon()


def _measure_side_by_side(quick: bool) -> Result:
    with dagster_world([SLOW_VENDOR, OTHER_VENDOR]) as world:
        world.slow(SLOW_VENDOR, SLOW_PATH, SLOW_SECONDS, 1)
        world.start_daemon()
        plans = world.approve(PEOPLE, SLOW_VENDOR, OTHER_VENDOR)
        slow_started, slow_finished = _done(world, plans[SLOW_VENDOR])
        other_started, other_finished = _done(world, plans[OTHER_VENDOR])
    overlap = min(slow_finished, other_finished) - max(slow_started, other_started)
    figure = (
        f"slow {slow_finished - slow_started:.0f} s, other {other_finished - other_started:.0f} s, "
        f"both under way for {overlap:.1f} s"
    )
    # Were they sent one after another, in either order, they would share no moment.
    return passed(overlap > 0, figure, "under way at the same time")
