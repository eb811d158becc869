"""Playing seeds, alone or many at once.

What lives here: one seed from schedule to verdict, and ranges of seeds over processes.
What never does: what a schedule holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.faults.simulation.judging import judge
from tests.faults.simulation.schedule import Played, draw, run

SEEDS_TOGETHER = 50


def play(seed: int) -> Played:
    """Play one seed.

    Raises:
        AssertionError: an invariant does not hold, or the work does not end; names the seed.
    """
    try:
        return run(draw(seed), judge)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error


def play_many(first: int, count: int, processes: int) -> Iterator[Played]:
    """Play a range of seeds; failures are results, not errors."""
    starts = range(first, first + count, SEEDS_TOGETHER)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for some in pool.map(
            _some, starts, [min(SEEDS_TOGETHER, first + count - start) for start in starts]
        ):
            yield from some


def _some(first: int, count: int) -> list[Played]:
    played = []
    for seed in range(first, first + count):
        try:
            played.append(play(seed))
        except Exception as error:
            played.append(Played(seed, f"{type(error).__name__}: {error}"[:500], 0, 0, 0))
    return played
