"""Guards between a plan and its approval: what makes a plan halt and ask a person for a reason.

What lives here: rules over a plan's counts and circumstances, as pure functions.
What never does: statements, clocks, sending. Opt-out removals never count against a limit, and
what a guard halts never holds them (``optouts.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

SHRINK_ROWS = 50
SHRINK_RATIO = 0.10
GROWTH_ROWS = 50
GROWTH_RATIO = 0.50
STALE_AFTER = timedelta(hours=48)


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
class EqualKeys:
    """Keys that stand more than once in a desired state: how many, some of them hashed."""

    count: int = 0
    digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Circumstances:
    """What counts alone do not say.

    ``ages``: how long ago each source that must be fresh landed, or the snapshot was published;
    a source of which nobody knows is absent. ``broken``: expectations at the border that do not
    hold. ``is_first_use``: nothing was ever delivered to the object, and it is not a sandbox.
    ``is_event``: rows are told once and leave the desired state again as they grow old.
    ``fewest``: so many people must be in the audience before anybody is added.
    """

    is_first_use: bool = False
    equal_keys: EqualKeys = EqualKeys()
    ages: Mapping[str, timedelta] = field(default_factory=dict)
    stale_after: timedelta = STALE_AFTER
    broken: tuple[str, ...] = ()
    is_event: bool = False
    fewest: int = 0


@dataclass(frozen=True)
class Judgement:
    """The state a plan is sealed in, why where that is not plain, and the guards that halted it."""

    state: str
    reason: str | None
    guards: tuple[str, ...] = ()


def judge(counts: PlanCounts, circumstances: Circumstances | None = None) -> Judgement:
    """Decide the state of a new plan: ``open``, ``halted`` or ``nothing_to_do``."""
    circumstances = circumstances or Circumstances()
    found = {
        name: reason
        for name, guard in _GUARDS.items()
        if (reason := guard(counts, circumstances)) is not None
    }
    if found:
        return Judgement("halted", "; ".join(found.values()), tuple(found))
    if counts.rows > 0:
        return Judgement("open", None)
    if counts.desired == 0:
        reason = "no events of late" if circumstances.is_event else "no reachable customers"
        return Judgement("nothing_to_do", reason)
    if counts.held_back:
        return Judgement(
            "nothing_to_do", f"already delivered; {counts.held_back} rejected rows are unchanged"
        )
    return Judgement("nothing_to_do", "already delivered")


def _empty_source(counts: PlanCounts, circumstances: Circumstances) -> str | None:
    # A week without an order is no loss of data: whatever was told stays told, and where orders
    # stopped landing `stale_source` says so as soon as there is something to send.
    if circumstances.is_event:
        return None
    if counts.desired == 0 and counts.delivered > 0:
        return f"the source is empty, {counts.delivered} rows are delivered"
    return None


def _shrink(counts: PlanCounts, _: Circumstances) -> str | None:
    leaving = counts.removed - counts.removed_by_choice
    # A limit in whole rows: counts of people are not divided.
    if leaving > SHRINK_ROWS and leaving > counts.delivered * SHRINK_RATIO:
        return f"{leaving} of {counts.delivered} delivered rows would leave"
    return None


def _growth(counts: PlanCounts, _: Circumstances) -> str | None:
    # A first use grows from nothing; a guard of its own asks there.
    if counts.delivered == 0 or counts.added <= GROWTH_ROWS:
        return None
    if counts.added > counts.delivered * GROWTH_RATIO:
        return f"{counts.added} rows would join the {counts.delivered} that are delivered"
    return None


def _equal_keys(_: PlanCounts, circumstances: Circumstances) -> str | None:
    equal = circumstances.equal_keys
    if equal.count == 0:
        return None
    named = ", ".join(equal.digests)
    return f"{equal.count} keys stand more than once (hashed: {named}) and are left as they are"


def _stale_source(counts: PlanCounts, circumstances: Circumstances) -> str | None:
    limit = circumstances.stale_after
    stale = [
        f"{source} for {age / timedelta(hours=1):.0f} h"
        for source, age in sorted(circumstances.ages.items())
        if age > limit
    ]
    if not stale or counts.rows == 0:
        return None
    hours = limit / timedelta(hours=1)
    return f"nothing new came from {', '.join(stale)} (limit {hours:g} h)"


def _first_use(counts: PlanCounts, circumstances: Circumstances) -> str | None:
    if circumstances.is_first_use and counts.rows > 0:
        return f"nothing was ever delivered here; {counts.added} rows would be the first"
    return None


def _few_people(counts: PlanCounts, circumstances: Circumstances) -> str | None:
    if counts.added == 0 or counts.desired >= circumstances.fewest:
        return None
    return (
        f"an audience of {counts.desired} is below {circumstances.fewest}: one person could be told"
        " apart"
    )


def _broken_border(_: PlanCounts, circumstances: Circumstances) -> str | None:
    if not circumstances.broken:
        return None
    return f"what leaves breaks its contract: {', '.join(circumstances.broken[:5])}"


_GUARDS: Mapping[str, Callable[[PlanCounts, Circumstances], str | None]] = {
    "empty_source": _empty_source,
    "shrink": _shrink,
    "growth": _growth,
    "equal_keys": _equal_keys,
    "stale_source": _stale_source,
    "first_use": _first_use,
    "few_people": _few_people,
    "border": _broken_border,
}
GUARDS = tuple(_GUARDS)
