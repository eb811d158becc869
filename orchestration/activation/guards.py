"""Guards between a plan and its approval: what makes a plan halt and ask.

What lives here: rules over a plan's counts, as pure functions.
What never does: statements, sending. Opt-out removals never count against a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

SHRINK_ROWS = 50
SHRINK_RATIO = 0.10


@dataclass(frozen=True)
class PlanCounts:
    """Rows of one diff. ``removed_by_choice`` are removals of suppressed people."""

    desired: int
    delivered: int
    added: int
    updated: int
    removed: int
    removed_by_choice: int
    held_back: int

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.removed


@dataclass(frozen=True)
class Judgement:
    """The state a plan is sealed in, and why where that is not plain."""

    state: str
    reason: str | None


def judge(counts: PlanCounts) -> Judgement:
    """Decide the state of a new plan: ``open``, ``halted`` or ``nothing_to_do``."""
    if counts.desired == 0 and counts.delivered > 0:
        return Judgement("halted", f"the source is empty, {counts.delivered} rows are delivered")
    shrink = counts.removed - counts.removed_by_choice
    # A limit in whole rows: counts of people are not divided.
    if shrink > SHRINK_ROWS and shrink > counts.delivered * SHRINK_RATIO:
        return Judgement("halted", f"{shrink} of {counts.delivered} delivered rows would leave")
    if counts.rows > 0:
        return Judgement("open", None)
    if counts.desired == 0:
        return Judgement("nothing_to_do", "no reachable customers")
    if counts.held_back:
        return Judgement(
            "nothing_to_do", f"already delivered; {counts.held_back} rejected rows are unchanged"
        )
    return Judgement("nothing_to_do", "already delivered")
