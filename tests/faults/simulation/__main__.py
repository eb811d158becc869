"""Replay seeds: ``python -m tests.faults.simulation SEED [COUNT]``.

What lives here: the command that a failing seed is replayed with.
What never does: the world, the schedule.
"""

from __future__ import annotations

import sys
import traceback

from tests.faults.simulation.runs import play
from tests.faults.simulation.schedule import draw


def main(first: int, count: int) -> int:
    """Play ``count`` seeds from ``first`` on; the number of seeds that failed."""
    failed = []
    for seed in range(first, first + count):
        try:
            play(seed)
        except AssertionError:
            failed.append(seed)
            print(f"seed {seed}: {draw(seed)}")  # noqa: T201
            traceback.print_exc()
    print(f"{count - len(failed)} of {count} seeds hold; failed: {failed}")  # noqa: T201
    return len(failed)


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
