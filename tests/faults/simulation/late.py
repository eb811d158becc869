"""Vendors whose jobs do what they were asked to when they end, not when they are asked.

What lives here: additions that wait for their job.
What never does: removals that wait: a vendor that answered those has done them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from orchestration.sandbox.windows import TimedTruth

Pair = tuple[str, str]


@dataclass
class _Addition:
    vendor: str
    object_id: str
    members: list[Pair]
    moment: int


@dataclass
class _Job:
    ends_at: float
    additions: list[_Addition] = field(default_factory=list)


class LateTruth(TimedTruth):
    """An addition in the transaction of a job lands when the job ends. ``landed_late`` counts the
    pairs that did."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: list[_Addition] | None = None
        self._jobs: list[_Job] = []
        self._is_job = False
        self.landed_late = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See ``Truth.transaction``; what is due lands before it."""
        self.land_due()
        self._open, self._is_job = [], False
        try:
            with super().transaction():
                yield
                if not self._is_job:
                    self._land(self._open)
                    self._open = []
        finally:
            self._open = None

    def add_members(self, vendor: str, object_id: str, members: Iterable[Pair]) -> None:
        """Now, or with the job of this transaction."""
        if self._open is None or vendor not in ("klaviyo", "google"):
            super().add_members(vendor, object_id, members)
            return
        ((moment,),) = self.query("select moment from row_moment")
        self._open.append(_Addition(vendor, object_id, list(members), int(moment)))

    def save_job(self, vendor: str, job_id: str, body: Any) -> None:
        """See ``Truth.save_job``."""
        super().save_job(vendor, job_id, body)
        if self._open is not None and self._open:
            self._is_job = True
            self._jobs.append(_Job(self._ends[vendor, job_id], self._open))

    def poll_job(self, vendor: str, job_id: str) -> tuple[int, dict[str, Any]] | None:
        """See ``TimedTruth.poll_job``."""
        self.land_due()
        return super().poll_job(vendor, job_id)

    def land_due(self) -> None:
        """What jobs that have ended by now were asked to do is done."""
        due = [job for job in self._jobs if job.ends_at <= self._seconds()]
        self._jobs = [job for job in self._jobs if job.ends_at > self._seconds()]
        for job in due:
            self.landed_late += sum(len(one.members) for one in job.additions)
            self._land(job.additions)

    def _land(self, additions: list[_Addition]) -> None:
        if not additions:
            return
        ((now,),) = self.query("select moment from row_moment")
        for one in additions:
            # The moment of the request, not of the end of its job.
            self._stamp(one.moment)
            super().add_members(one.vendor, one.object_id, one.members)
        self._stamp(int(now))

    def _stamp(self, moment: int) -> None:
        self.query("update row_moment set moment = ? returning moment", moment)
