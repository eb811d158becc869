"""Pairs of records that are probably one person, scored without labels.

What lives here: the run of the matching model, its guards as facts, the words of the evidence.
What never does: a verdict: whether a pair links or goes to a person is decided by
``models/identity/int_identity_matches.sql``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from orchestration.fits.model import WORDS, require_splink, trained_linker, with_blocks
from orchestration.fits.traits import Traits, distinct_traits

# Scores below this are nobody's question: the least probability that any setting could ask for.
PROBABILITY_MIN = 0.5
DIGITS = 6


@dataclass(frozen=True)
class MatchFit:
    """Scored pairs: columns of ``raw_fits.identity_match`` but those of the fit itself."""

    pairs: pd.DataFrame
    as_of_at: datetime
    input_digest: str
    record_count: int


def fit_matches(traits: Traits) -> MatchFit:
    """Train on the records and score them; equal records in any order give equal pairs.

    Raises:
        FitError: Splink is not installed.
    """
    require_splink()
    rows, others = distinct_traits(traits)
    pairs = score_pairs(rows)
    return MatchFit(
        _with_others(pairs, others), traits.as_of_at, traits.digest, traits.table.num_rows
    )


def score_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Every pair of rows that share a block and reach ``PROBABILITY_MIN``, ordered by keys."""
    # One thread: a parallel sum of doubles, and a sample, differ from run to run.
    with duckdb.connect(config={"threads": 1}) as connection:
        linker = trained_linker(with_blocks(rows), connection)
        predicted = linker.inference.predict(threshold_match_probability=PROBABILITY_MIN)
        scored = predicted.as_pandas_dataframe()
    return _described(scored)


def _described(scored: pd.DataFrame) -> pd.DataFrame:
    empty = pd.Series(-1, index=scored.index)
    gammas = {name: scored.get(f"gamma_{name}", empty) for name in WORDS}
    birth_date, phone = gammas["birth_date"], gammas["phone"]
    # One slip of a digit is no other person: father and son do not share day and month. A phone
    # that a family shares says nothing where birth dates differ.
    agrees = (birth_date >= 2) | ((phone == 2) & (birth_date < 0))
    pairs = pd.DataFrame({
        "left_node_key": scored["node_key_l"],
        "right_node_key": scored["node_key_r"],
        "match_probability": scored["match_probability"].round(DIGITS),
        "match_weight": scored["match_weight"].round(DIGITS),
        "has_birth_date_or_phone_agreement": agrees,
        "has_first_name_conflict": gammas["first_name"] == 0,
        "evidence": _evidence(gammas, scored.index),
    })
    return pairs.sort_values(["left_node_key", "right_node_key"], ignore_index=True)


def _evidence(gammas: dict[str, pd.Series[int]], index: pd.Index[int]) -> pd.Series[str]:
    """``first name same; e-mail near; …``: levels, never values; nothing of what is unknown."""
    text = pd.Series("", index=index)
    for name, words in WORDS.items():
        told = {
            level: f"{words.comparison} {words.of(level)}; " for level in range(len(words.levels))
        }
        text = text + gammas[name].map(told).fillna("")
    return text.str.removesuffix("; ")


def _with_others(pairs: pd.DataFrame, others: dict[str, list[str]]) -> pd.DataFrame:
    """Third and further records of one row get the score of its second."""
    return pairs
