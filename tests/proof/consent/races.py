"""A million simulated operations: who says no is never sent again, and always leaves.

What lives here: the claim over many seeds, side by side.
What never does: schedules and judging (``tests/faults/simulation/races.py``).
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.faults.simulation.races import Race, play
from tests.proof.harness import Result, passed

SEEDS, QUICK_SEEDS = 200, 2
# How many in all; fewer where the machine is small: RACES=200000.
OPERATIONS = int(os.environ.get("RACES", "1000000"))
QUICK_OPERATIONS = 600
PROCESSES = os.cpu_count() or 1


def raced(quick: bool) -> Result:
    """Opt-outs at every moment of sending, under faults, deaths and rivals."""
    seeds = QUICK_SEEDS if quick else SEEDS
    operations = (QUICK_OPERATIONS if quick else OPERATIONS) // seeds
    if quick:
        races = [play(seed, operations) for seed in range(seeds)]
    else:
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            races = list(pool.map(partial(play, operations=operations), range(seeds)))
    failed = [one for one in races if one.failure is not None]
    return passed(
        not failed and sum(one.in_flight_count for one in races) > 0,
        f"{len(races) - len(failed)} of {len(races)} seeds hold: {_sum(races, 'operation_count')}"
        f" rows and opt-outs, of these {_sum(races, 'opt_out_count')} opt-outs;"
        f" {_sum(races, 'followed_count')} additions of people who said no later, each followed by"
        f" a removal, {_sum(races, 'in_flight_count')} of them in flight at the no;"
        f" {_sum(races, 'in_job_count')} in an unfinished job, each asked out at once,"
        f" {_sum(races, 'again_count')} also again, where the job had not ended by then;"
        f" {_sum(races, 'late_count')} pairs landed with their job's end"
        + (f"; seed {failed[0].seed}: {failed[0].failure}"[:300] if failed else ""),
        "all seeds: 0 sent after the fsync of a no, all followed, all asked out at once, all"
        " suppressed in the end",
    )


def _sum(races: list[Race], name: str) -> str:
    return f"{sum(getattr(one, name) for one in races):,}"
