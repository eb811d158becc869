"""Whether two like records are one person, or two of one household.

What lives here: what relatives share, as assumptions; how many there are, as the homes of a shop
show it; the odds of the person against a relative.
What never does: a threshold (``dbt_project.yml``), or a comparison of two records.

The score asks "one person, or two at random?". Names, streets and phones answer that, and relatives
share them. So a second question is asked of what is a person's own: first name, birth date, e-mail
and, less so, phone. Its odds are the same trained levels, against relatives instead of strangers,
times the odds at home (ADR 63).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pandas as pd

from orchestration.fits.model import WORDS

# Of pairs of relatives, the share at a level beyond what chance gives two strangers: namesakes and
# like names, twins, one phone for several. Assumptions, set
# by argument and on generated families, and not blind to the sets that the proof measures (ADR 23).
SHARED: Mapping[str, Mapping[str, float]] = {
    "first_name": {"same": 0.02, "swapped": 0.002, "near": 0.01, "distant": 0.05},
    "birth_date": {"same": 0.005},
    "phone": {"same": 0.1},
    "email": {"near": 0.02, "slip": 0.02},
}
# A likeness never speaks against the person, however seldom training met it.
_LIKE = ("near", "slip", "swapped", "same")
# However noisy the first names of a shop are, one that differs speaks against the person; an equal
# birth date (at most 200, by the share of twins) does not make it good.
_OTHER_NAME_MAX = 0.25
# Least level of the first name at which these speak for the person: one phone serves a family, and
# relatives of like names choose like addresses.
_DISTANT, _NEAR = map(WORDS["first_name"].levels.index, ("distant", "near"))
_DATE_PART = WORDS["birth_date"].levels.index("distant")
# None seen among n may still be three of them: the rule of three (Hanley and Lippman-Hand 1983).
UNSEEN = 3.0
UPPER_SIGMAS = 1.645
ROUNDS = 200


def person_odds_at_home(gammas: Mapping[str, pd.Series[int]], model: Mapping[str, Any]) -> float:
    """How many pairs of records at one home are one person's for each that is two relatives'.

    The share of a mixture whose two parts are known, by expectation and maximisation (Dempster,
    Laird and Rubin 1977), on pairs that show both first names and both birth dates: without a birth
    date nobody sees a father and a son of one name. Relatives are counted with an upper bound of
    95 %; where no pair tells, odds are even.
    """
    tells = (gammas["first_name"] >= 0) & (gammas["birth_date"] >= 0)
    # In order: a sum of doubles depends on it.
    ratios = _ratios(gammas, model)[tells].sort_values()
    persons = relatives = 0.0
    for _ in range(ROUNDS):
        odds = (persons + UNSEEN) / (relatives + UNSEEN)
        persons = float((odds * ratios / (1 + odds * ratios)).sum())
        relatives = len(ratios) - persons
    return (persons + UNSEEN) / (relatives + UPPER_SIGMAS * sqrt(relatives) + UNSEEN)


def person_probability(
    gammas: Mapping[str, pd.Series[int]], model: Mapping[str, Any], odds_at_home: float
) -> pd.Series[float]:
    """Per pair: probability of one person where the other answer is two relatives.

    ``odds_at_home`` to begin with; a trait that is unknown or untrained says nothing. Where a trait
    of one's own is another's, at most even odds: a crowd of few families has its twins too.
    """
    begin = pd.Series(odds_at_home, index=gammas["first_name"].index)
    odds = begin.mask(_is_another(gammas), min(odds_at_home, 1.0)) * _ratios(gammas, model)
    return odds / (1 + odds)


def _is_another(gammas: Mapping[str, pd.Series[int]]) -> pd.Series[bool]:
    """Whether a trait of one's own is there on both sides, and no slip or likeness of the other."""
    return (
        gammas["first_name"].between(0, _DISTANT)
        | gammas["birth_date"].between(0, _DATE_PART)
        | (gammas["email"] == 0)
        | (gammas["phone"] == 0)
    )


def _ratios(gammas: Mapping[str, pd.Series[int]], model: Mapping[str, Any]) -> pd.Series[float]:
    """Per pair: how much likelier its levels are of one person than of two relatives."""
    first_name = gammas["first_name"]
    is_other = first_name.between(0, _DISTANT)
    # Where a trait speaks for the person at most so much.
    bounds = {
        "first_name": (is_other, _OTHER_NAME_MAX),
        "email": (is_other, 1.0),
        "phone": ((first_name < _NEAR) | gammas["birth_date"].between(0, _DATE_PART), 1.0),
    }
    odds = pd.Series(1.0, index=first_name.index)
    for comparison in model["comparisons"]:
        name = comparison["output_column_name"]
        if name in SHARED:
            factor = gammas[name].map(_factors(name, comparison)).fillna(1.0).astype(float)
            if name in bounds:
                where, most = bounds[name]
                factor = factor.mask(where, factor.clip(upper=most))
            odds = odds * factor
    return odds


def _factors(name: str, comparison: Mapping[str, Any]) -> dict[int, float]:
    """Level → how much likelier it is of one person than of two relatives."""
    levels = [one for one in comparison["comparison_levels"] if not one.get("is_null_level")]
    words, shared = WORDS[name].levels, SHARED[name]
    strangers = 1 - sum(shared.get(word, 0.0) for word in words)
    factors = {}
    for number, (word, level) in enumerate(zip(words, reversed(levels), strict=True)):
        among_relatives = strangers * level["u_probability"] + shared.get(word, 0.0)
        factor = level["m_probability"] / among_relatives
        factors[number] = max(factor, 1.0) if word in _LIKE else factor
    return factors
