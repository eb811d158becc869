"""Claims on the probabilistic matcher, on persons that nobody in this project made.

What lives here: our matcher beside Splink's own examples and recordlinkage, on the same blocks.
What never does: a choice by the truth: thresholds are those of ``dbt_project.yml``.

Links are closed to clusters by union-find, so that all are counted alike; in the warehouse the
component rounds do that, under guards that these sets have no accounts for.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import yaml

from orchestration.fits.matches import score_records
from tests.proof.harness import ROOT, Result, passed
from tests.proof.identity.linkage_oracles import recordlinkage_links, splink_pairs
from tests.proof.identity.person_sets import PersonSet, Score, person_sets, score
from tests.support import SHARED_DATA

BEHIND_MAX = 0.02
# Where Splink's examples cut their clusters.
SPLINK_EXAMPLE = 0.95


@dataclass(frozen=True)
class Line:
    """One set: the same model at the same threshold, the example's, and what we really link."""

    name: str
    ours: Score
    splink: Score
    splink_example: Score
    linked: Score
    reviewed_count: int
    withheld: dict[str, int]
    recordlinkage: dict[str, Score]

    @property
    def is_within(self) -> bool:
        return self.ours.f1 >= self.splink.f1 - BEHIND_MAX

    def __str__(self) -> str:
        others = ", ".join(f"{name} {one.f1:.4f}" for name, one in self.recordlinkage.items())
        waits = " and ".join(f"{reason}: {count}" for reason, count in self.withheld.items())
        return (
            f"{self.name}: ours {self.ours}, Splink {self.splink}; at its example's"
            f" {SPLINK_EXAMPLE:g} Splink {self.splink_example.f1:.4f}; recordlinkage {others};"
            f" linked without a person {self.linked}, {self.reviewed_count} pairs to review;"
            f" pairs above the threshold that wait because {waits}"
        )


def against_libraries(quick: bool) -> Result:
    """Pairwise F1 of the matcher at match_link_probability, at most 0.02 below Splink's there.

    What is linked without a person is less: a pair whose birth date is not known or differs, or
    whose first names differ, waits for a person whatever its score.
    """
    limit = thresholds()
    bar = f"F1 at p ≥ {limit['match_link_probability']} at most {BEHIND_MAX} below Splink"
    if not SHARED_DATA.is_dir():
        return Result(f"no third-party data in {SHARED_DATA.name}/", bar, "OPEN")
    lines = [measure(persons, limit) for persons in person_sets(SHARED_DATA, quick)]
    return passed(all(line.is_within for line in lines), " · ".join(map(str, lines)), bar)


def over_merges(quick: bool) -> Result:
    """What is linked without a person is right: precision of linked pairs on every set."""
    bar = "precision of linked pairs at least 0.995"
    if not SHARED_DATA.is_dir():
        return Result(f"no third-party data in {SHARED_DATA.name}/", bar, "OPEN")
    limit, figures = thresholds(), {}
    for persons in person_sets(SHARED_DATA, quick):
        figures[persons.name] = _linked(score_records(persons.traits), persons, limit).precision
    return passed(
        min(figures.values()) >= 0.995,
        ", ".join(f"{name} {precision:.4f}" for name, precision in figures.items()),
        bar,
    )


def thresholds() -> dict[str, float]:
    """The two limits as the project sets them."""
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    names = ("match_link_probability", "match_review_probability")
    return {name: float(variables[name]) for name in names}


def measure(persons: PersonSet, limit: dict[str, float]) -> Line:
    """Run all three on one set."""
    pairs, theirs = score_records(persons.traits), splink_pairs(persons)
    link_at = limit["match_link_probability"]
    verdicts = is_linked(pairs, limit)
    reviewed = (pairs["match_probability"] >= limit["match_review_probability"]) & ~verdicts
    reviewed &= pairs["has_birth_date_or_phone_agreement"] | ~pairs["has_first_name_conflict"]
    sure = pairs["match_probability"] >= link_at
    return Line(
        name=persons.name,
        ours=_at(pairs, "left_node_key", "right_node_key", link_at, persons),
        splink=_at(theirs, "node_key_l", "node_key_r", link_at, persons),
        splink_example=_at(theirs, "node_key_l", "node_key_r", SPLINK_EXAMPLE, persons),
        linked=_linked(pairs, persons, limit),
        reviewed_count=int(reviewed.sum()),
        withheld={
            "first names differ": int((sure & pairs["has_first_name_conflict"]).sum()),
            "no birth date or phone agrees": int(
                (sure & ~pairs["has_birth_date_or_phone_agreement"]).sum()
            ),
        },
        recordlinkage={
            name: score(links, persons.person_of)
            for name, links in recordlinkage_links(persons).items()
        },
    )


def is_linked(pairs: pd.DataFrame, limit: dict[str, float]) -> pd.Series:
    """The verdict ``link`` of int_identity_matches."""
    return (
        (pairs["match_probability"] >= limit["match_link_probability"])
        & pairs["has_birth_date_or_phone_agreement"]
        & ~pairs["has_first_name_conflict"]
    )


def _linked(pairs: pd.DataFrame, persons: PersonSet, limit: dict[str, float]) -> Score:
    linked = pairs[is_linked(pairs, limit)]
    return score(
        zip(linked["left_node_key"], linked["right_node_key"], strict=True), persons.person_of
    )


def _at(
    pairs: pd.DataFrame, left: str, right: str, threshold: float, persons: PersonSet
) -> Score:
    kept = pairs[pairs["match_probability"] >= threshold]
    return score(zip(kept[left], kept[right], strict=True), persons.person_of)
