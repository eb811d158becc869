"""The table of guard cases: forty situations, each a sentence, and what must become of the plan.

What lives here: the cases, and how one is judged; the unit test runs them, the proof prints them.
What never does: assertions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from orchestration.activation.guards import Circumstances, EqualKeys, Judgement, PlanCounts, judge

_QUIET = PlanCounts(10_000, 10_000, 0, 0, 0, 0, 0)
_DAILY = replace(_QUIET, added=20)
_FIRST = PlanCounts(500, 0, 500, 0, 0, 0, 0)
_ONE_KEY_TWICE = Circumstances(equal_keys=EqualKeys(1, ("0a1b2c3d4e5f",)))
_NONE = Circumstances()
_FIFTY = Circumstances(fewest=50)


@dataclass(frozen=True)
class GuardCase:
    """``guards`` are those that must halt it, in order; empty: it is not halted."""

    sentence: str
    counts: PlanCounts
    circumstances: Circumstances
    state: str
    guards: tuple[str, ...] = ()

    @property
    def judgement(self) -> Judgement:
        return judge(self.counts, self.circumstances)

    @property
    def holds(self) -> bool:
        return (self.judgement.state, self.judgement.guards) == (self.state, self.guards)


def _aged(hours: float, source: str = "shop", limit: float = 48) -> Circumstances:
    return Circumstances(ages={source: timedelta(hours=hours)}, stale_after=timedelta(hours=limit))


def _leaving(delivered: int, removed: int, by_choice: int = 0, added: int = 0) -> PlanCounts:
    return PlanCounts(delivered - removed + added, delivered, added, 0, removed, by_choice, 0)


def _joining(delivered: int, added: int) -> PlanCounts:
    return PlanCounts(delivered + added, delivered, added, 0, 0, 0, 0)


def _open(sentence: str, counts: PlanCounts, circumstances: Circumstances = _NONE) -> GuardCase:
    return GuardCase(sentence, counts, circumstances, "open")


def _quiet(sentence: str, counts: PlanCounts, circumstances: Circumstances = _NONE) -> GuardCase:
    return GuardCase(sentence, counts, circumstances, "nothing_to_do")


def _halts(
    sentence: str,
    counts: PlanCounts,
    *guards: str,
    circumstances: Circumstances = _NONE,
) -> GuardCase:
    return GuardCase(sentence, counts, circumstances, "halted", guards)


CASES: tuple[GuardCase, ...] = (
    _open("An ordinary day of twenty additions waits for approval", _DAILY),
    _quiet("An unchanged audience has nothing to do", _QUIET),
    _quiet("Nobody desired and nobody delivered is nothing to do", PlanCounts(*[0] * 7)),
    _quiet("Rows that the vendor refused unchanged are nothing to do",
           replace(_QUIET, desired=10_003, held_back=3)),
    _open("Only updates, however many, wait for approval", replace(_QUIET, updated=10_000)),
    # The source is empty.
    _halts("An empty source halts before every row leaves", _leaving(1_000, 1_000),
           "empty_source", "shrink"),
    _halts("An empty source halts a list of one as well", _leaving(1, 1), "empty_source"),
    _halts("An empty source halts even where all who would leave opted out",
           _leaving(3, 3, by_choice=3), "empty_source"),
    _halts("An empty source halts where a channel never removes, as with profiles",
           replace(_QUIET, desired=0), "empty_source"),
    _quiet("No event of late is an ordinary week, however many were told before",
           replace(_QUIET, desired=0), Circumstances(is_event=True)),
    # The audience shrinks.
    _open("Fifty leaving a hundred is no mass removal", _leaving(100, 50)),
    _halts("Fifty-one leaving a hundred halts", _leaving(100, 51), "shrink"),
    _open("Fifty-one leaving 510 is a tenth and goes", _leaving(510, 51)),
    _halts("Fifty-one leaving 509 is above a tenth and halts", _leaving(509, 51), "shrink"),
    _open("A thousand leaving ten thousand is exactly a tenth and goes", _leaving(10_000, 1_000)),
    _halts("A thousand and one leaving ten thousand halts", _leaving(10_000, 1_001), "shrink"),
    _halts("A shrink of twelve in a hundred halts", _leaving(10_000, 1_200), "shrink"),
    _halts("As many additions do not hide a shrink", _leaving(10_000, 1_001, added=1_001),
           "shrink"),
    # Opt-outs never count.
    _open("One opt-out among fifty-one brings it under the limit", _leaving(100, 51, 1)),
    _open("A thousand opt-outs among two thousand removals leave a tenth",
          _leaving(10_000, 2_000, 1_000)),
    _halts("One removal more than that is not by choice and halts",
           _leaving(10_000, 2_001, 1_000), "shrink"),
    _open("A wave of nothing but opt-outs never halts", _leaving(10_000, 9_999, 9_999)),
    # The audience grows.
    _open("Growth by half of what is delivered goes", _joining(1_000, 500)),
    _halts("Growth by one row more than half halts", _joining(1_000, 501), "growth"),
    _halts("A join that fans out fivefold halts", _joining(10_000, 40_000), "growth"),
    _open("A small list may double by fifty rows", _joining(50, 50)),
    _halts("A small list that more than doubles by fifty-one halts", _joining(50, 51), "growth"),
    _open("A sandbox's first use grows from nothing and goes", _FIRST),
    _halts("Replacing everybody halts for both directions", _leaving(1_000, 1_000, added=1_000),
           "shrink", "growth"),
    # Keys stand more than once.
    _halts("One key that stands twice halts and is named hashed", _DAILY, "equal_keys",
           circumstances=_ONE_KEY_TWICE),
    _halts("It halts also where nothing else would be sent", _QUIET, "equal_keys",
           circumstances=_ONE_KEY_TWICE),
    # The source is old.
    _open("A source that landed an hour ago is fresh", _DAILY, _aged(1)),
    _open("At exactly the limit a source is fresh", _DAILY, _aged(48)),
    _halts("A minute past the limit it is stale and named", _DAILY, "stale_source",
           circumstances=_aged(48 + 1 / 60)),
    _halts("A shorter limit halts sooner", _DAILY, "stale_source",
           circumstances=_aged(7, limit=6)),
    _halts("A snapshot that nobody renewed halts", _DAILY, "stale_source",
           circumstances=_aged(72, "the published snapshot")),
    _quiet("A stale source with nothing to send asks nobody", _QUIET, _aged(500)),
    # The destination is new.
    _halts("The first delivery to a real account asks a person", _FIRST, "first_use",
           circumstances=Circumstances(is_first_use=True)),
    _quiet("A new destination that nobody is desired for asks nobody", PlanCounts(*[0] * 7),
           Circumstances(is_first_use=True)),
    # One person could be told apart.
    _halts("An ad audience of forty-nine halts before anybody joins",
           PlanCounts(49, 0, 49, 0, 0, 0, 0), "few_people", circumstances=_FIFTY),
    _open("An ad audience of fifty goes", PlanCounts(50, 0, 50, 0, 0, 0, 0), _FIFTY),
    _open("Whoever leaves a small audience leaves without a question",
          _leaving(40, 10), _FIFTY),
    # What leaves breaks its contract.
    _halts("A clear address among hashes halts and the expectation is named", _DAILY, "border",
           circumstances=Circumstances(
               broken=("expect_column_values_to_match_regex(email_sha256)",))),
    _halts("Every guard that finds something says so", _leaving(1_000, 600, added=600),
           "shrink", "growth", "equal_keys", "stale_source",
           circumstances=replace(_ONE_KEY_TWICE, ages={"shop": timedelta(days=9)})),
)  # fmt: skip
