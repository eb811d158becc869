"""One simulated process: its clock, its steps, and where it dies.

What lives here: the virtual clock, the counter of steps, death and interruption at a step.
What never does: what an engine or a vendor does.

A step is any moment at which a real process could be killed and it would make a difference: around
each transaction, each request, each named kill point, each sleep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


class KilledError(BaseException):
    """The process is gone: nothing catches this, and everything later in it fails as well."""


@dataclass
class Clock:
    """True seconds that only rise, and a wall clock that a test may set wrong."""

    seconds: float = 0.0
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        """What this machine believes."""
        return START + timedelta(seconds=self.seconds) + self.skew

    def monotonic(self) -> float:
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Process:
    """``interruptions`` are (step, work): the work runs at that step or soon after it, as soon as
    no transaction is open; ``kill_at`` is the step at which the process dies, 0 for never.
    ``gate_tick`` is when the first row of the coming batch passed the gate, ``batch_tick`` when
    the batch under way was started."""

    number: int
    kill_at: int = 0
    interruptions: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    step_count: int = 0
    is_dead: bool = False
    open_transactions: int = 0
    gate_tick: int = 0
    gate_seconds: float = 0.0
    batch_tick: int = 0

    def step(self) -> None:
        """Reach the next step.

        Raises:
            KilledError: here or earlier the process died.
        """
        if self.is_dead:
            raise KilledError
        self.step_count += 1
        if not self.open_transactions:
            self._interrupt()
        if self.step_count == self.kill_at:
            self.is_dead = True
            raise KilledError

    def _interrupt(self) -> None:
        due = [work for step, work in self.interruptions if step <= self.step_count]
        self.interruptions = [one for one in self.interruptions if one[0] > self.step_count]
        for work in due:
            work()
