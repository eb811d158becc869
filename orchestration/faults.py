"""Named points at which a test may kill this process, to prove that the next run finishes the work.

What lives here: ``kill_point``. Unless TRIBUTARY_KILL_AT names a point, it does nothing.
What never does: anything a test could not also do from outside.

Points: after_plan, after_approve, before_send, mid_batch, after_send_before_ack,
after_ack_before_commit, after_commit, and those that landing and publish name themselves.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import lru_cache
from itertools import count

from orchestration.settings import read_kill_at


@lru_cache(maxsize=1)
def _armed() -> tuple[str, int, Iterator[int]] | None:
    armed = read_kill_at()
    return None if armed is None else (*armed, count(1))


def kill_point(name: str) -> None:
    """Kill this process (SIGKILL, no clean-up) at the n-th passage of the armed point."""
    armed = _armed()
    if armed is None or armed[0] != name:
        return
    _, wanted, passages = armed
    if next(passages) == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
