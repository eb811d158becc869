"""Claims on probable links where the truth is known and families live together.

What lives here: generated families, and simulated brands with the setting on; seeds nothing was
tuned on.
What never does: persons of third parties (linkage), or a threshold.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pandas as pd

from orchestration.fits.matches import score_records
from orchestration.fitting import fit_identity
from orchestration.scores.identity import IdentityScore, score_identity
from tests.proof.harness import Result, passed
from tests.proof.identity.accuracy import OVER_MERGE_MAX, PRECISION_MIN
from tests.proof.identity.families import HELD_OUT, WORLDS, FamilySet, family_set
from tests.proof.identity.linkage import ends, is_linked, limits
from tests.proof.identity.person_sets import PersonSet, score
from tests.proof.identity.world import Home, brand

FAMILY_SEEDS = tuple(range(HELD_OUT + 1, HELD_OUT + 7))
WORLD_SEEDS = FAMILY_SEEDS[:2]
RELATIONS = ("twins", "namesakes", "other relatives")
BRAND_SEEDS, QUICK_SEEDS = (411, 412), (413,)
PERSONS, QUICK_PERSONS = 10_000, 2_000


def in_families(quick: bool) -> Result:
    """Twins, namesakes and couples at one address stay apart, in families nothing was tuned on."""
    limit, right, told = limits(), Counter[bool](), Counter[bool]()
    scores = []
    for persons in [family_set(seed) for seed in FAMILY_SEEDS[: 1 if quick else None]]:
        pairs = score_records(persons.traits)
        sure = pairs[pairs["match_probability"] >= limit["match_link_probability"]]
        told.update(_is_right(sure, persons))
        links = pairs[is_linked(pairs, limit)]
        right.update(_is_right(links, persons))
        scores.append(score(ends(links), persons.person_of))
    precision = right[True] / right.total()
    return passed(
        precision >= PRECISION_MIN,
        f"{precision:.4f} of {right.total():,} linked pairs ({right[False]} wrong); customers have"
        f" precision {min(one.precision for one in scores):.4f} to"
        f" {max(one.precision for one in scores):.4f}, recall"
        f" {min(one.recall for one in scores):.4f} to {max(one.recall for one in scores):.4f};"
        f" the score alone: {told[True] / told.total():.4f} of {told.total():,}",
        f"at least {PRECISION_MIN} of linked pairs",
    )


def in_worlds(quick: bool) -> Result:
    """Relatives stay apart where families are few, and persons write many names."""
    limit, figures, worst = limits(), [], 1.0
    for world in (WORLDS[-1],) if quick else WORLDS:
        right, tied, all_pairs = Counter[bool](), Counter[str](), Counter[str]()
        for seed in WORLD_SEEDS[: 1 if quick else None]:
            persons = family_set(seed, world)
            pairs = score_records(persons.traits)
            links = pairs[is_linked(pairs, limit) & ~pairs["has_same_email"]]
            right.update(_is_right(links, persons))
            tied.update(_relations_tied(links, persons))
            all_pairs.update(persons.relatives)
        precision = right[True] / right.total() if right else 0.0
        worst = min(worst, precision)
        kinds = ", ".join(f"{name} {tied[name]} of {all_pairs[name]:,}" for name in RELATIONS)
        figures.append(f"{world.name}: {precision:.4f} of {right.total():,}; tied: {kinds}")
    return passed(
        worst >= PRECISION_MIN,
        " · ".join(figures),
        f"at least {PRECISION_MIN} of linked pairs in every world",
    )


def _relations_tied(links: pd.DataFrame, persons: FamilySet) -> Counter[str]:
    """Pairs of persons that a wrong link ties, by what they are to each other."""
    wrong = {
        frozenset((persons.person_of[left], persons.person_of[right])): (left, right)
        for left, right in ends(links)
        if persons.person_of[left] != persons.person_of[right]
    }
    return Counter(persons.relation(*nodes) for nodes in wrong.values())


def in_brands(quick: bool) -> Result:
    """A brand keeps its precision with probable edges on."""
    off, on, links = [], [], 0
    for seed in QUICK_SEEDS if quick else BRAND_SEEDS:
        one, other, count = _brand(seed, QUICK_PERSONS if quick else PERSONS)
        off, on, links = [*off, one], [*on, other], links + count
    ok = all(
        (one.precision or 0) >= PRECISION_MIN and (one.over_merge_rate or 0) <= OVER_MERGE_MAX
        for one in on
    )
    figures = [
        f"{word} {_all(name, on)} (off {_all(name, off)})"
        for name, word in (
            ("precision", "precision"), ("recall", "recall"), ("over_merge_rate", "over-merge"),
        )
    ]  # fmt: skip
    return passed(
        ok and links > 0,
        f"{', '.join(figures)}; {links:,} probable edges in all",
        f"precision at least {PRECISION_MIN}, over-merge at most {OVER_MERGE_MAX}, with edges",
    )


def _brand(seed: int, persons: int) -> tuple[IdentityScore, IdentityScore, int]:
    files = brand(persons, 18, seed)
    home = Home(f"probable-{seed}")
    home.land(files)
    home.build()
    off = score_identity(home.settings, files / "truth")
    fit_identity(home.settings, home.project, now=lambda: datetime.now(UTC))
    home.build(vars={"probabilistic_identity": True})
    edges = "select count(*) from identity.int_identity_edges where rule = 'probabilistic'"
    return off, score_identity(home.settings, files / "truth"), int(home.rows(edges)[0][0])


def _all(name: str, scores: list[IdentityScore]) -> str:
    return ", ".join(f"{getattr(one, name) or 0:.4f}" for one in scores)


def _is_right(pairs: pd.DataFrame, persons: PersonSet) -> list[bool]:
    return [persons.person_of[left] == persons.person_of[right] for left, right in ends(pairs)]
