"""When a vendor's job is asked again, and when asking ends.

What lives here: the pauses between two questions about one job.
What never does: the question, its answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.activation.errors import StoppedError

FIRST_SECONDS = 0.1
CAP_SECONDS = 30.0
PATIENCE_SECONDS = 1_800.0
# How long an opt-out may wait to be seen while jobs of earlier ones are waited for.
GLANCE_SECONDS = 0.5


@dataclass
class Jobs:
    """When each job of opt-outs is asked again: (at, seconds of the last pause, of all pauses)."""

    failures: int = 0
    asked: dict[str, tuple[datetime, float, float]] = field(default_factory=dict)

    def due(self, job_ids: Iterable[str], now: datetime) -> list[str]:
        """Those to ask now, who waits longest first. A new one not at once: a vendor that works in
        jobs is not done yet, and a question takes a turn from an opt-out."""
        first = now + timedelta(seconds=GLANCE_SECONDS)
        dues = {job_id: self.asked.setdefault(job_id, (first, 0.0, 0.0))[0] for job_id in job_ids}
        # A clock that was set back makes nobody wait longer.
        return sorted(
            (one for one, at in dues.items() if not 0 < (at - now).total_seconds() <= CAP_SECONDS),
            key=lambda one: dues[one],
        )

    def put_off(self, job_id: str, now: datetime) -> None:
        """
        Raises:
            StoppedError: it was asked long enough.
        """
        _, before, waited = self.asked.get(job_id, (now, 0.0, 0.0))
        if waited >= PATIENCE_SECONDS:
            raise unfinished()
        pause = min(before * 2 or FIRST_SECONDS, CAP_SECONDS)
        self.asked[job_id] = (now + timedelta(seconds=pause), pause, waited + pause)

    def pause_seconds(self, now: datetime) -> float:
        """Until the next job is due, but no longer than a new opt-out may wait to be seen."""
        soonest = min((at for at, _, _ in self.asked.values()), default=now)
        left = (soonest - now).total_seconds()
        return min(max(left, FIRST_SECONDS), GLANCE_SECONDS)


def unfinished() -> StoppedError:
    """The error where the vendor's job does not end."""
    return StoppedError("the vendor's job is not finished", is_fatal=False)
