"""Pairs of records that are probably one person, scored without labels.

What lives here: the run of the matching model, its guards as facts, the words of the evidence.
What never does: a verdict: whether a pair links or goes to a person is decided by
``models/identity/int_identity_matches.sql``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from orchestration.fits.blocks import with_blocks
from orchestration.fits.model import WORDS, pairs_at_home, predict, require_splink, train
from orchestration.fits.relatives import person_odds_at_home, person_probability
from orchestration.fits.traits import SAME, DistinctTraits, Traits, distinct_traits

# Scores below this are nobody's question, whatever the settings say.
PROBABILITY_MIN = 0.5
# Fewer records than this tell nothing of how rare a name is.
RECORDS_MIN = 20
DIGITS = 6
PAIR = ["left_node_key", "right_node_key"]
FACTS = [
    "match_probability",
    "match_weight",
    "person_probability",
    "evidence",
]
STEPS = ("read", "train", "score")

Progress = Callable[[str, int, int], None]


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class MatchFit:
    """Scored pairs of records: the rows of ``raw_fits.identity_match``."""

    pairs: pd.DataFrame
    as_of_at: datetime
    input_digest: str
    record_count: int

    @property
    def table(self) -> pa.Table:
        return pa.Table.from_pandas(self.pairs, preserve_index=False)


def fit_matches(traits: Traits, progress: Progress = no_progress) -> MatchFit:
    """Score the records; equal records in any order give equal pairs.

    Pairs that show the same e-mail are left out: the rule of e-mails ties them, its age included.

    Raises:
        FitError: Splink is not installed.
    """
    pairs = score_records(traits, progress)
    apart = pairs[~pairs["has_same_email"]].reset_index(drop=True)[[*PAIR, *FACTS]]
    return MatchFit(apart, traits.as_of_at, traits.digest, traits.table.num_rows)


def score_records(traits: Traits, progress: Progress = no_progress) -> pd.DataFrame:
    """Every pair of records that share a block and reach ``PROBABILITY_MIN``, ordered by keys.

    Raises:
        FitError: Splink is not installed.
    """
    require_splink()
    progress("match records", 0, len(STEPS))
    distinct = distinct_traits(traits)
    if len(distinct.rows) < RECORDS_MIN:
        return pd.DataFrame(columns=[*PAIR, *FACTS, "has_same_email"]).astype(
            {"has_same_email": bool}
        )
    rows = with_blocks(distinct.rows)
    progress("match records", 1, len(STEPS))
    model = train(distinct.rows)
    progress("match records", 2, len(STEPS))
    scored = predict(_with_seconds(rows, distinct), model, PROBABILITY_MIN)
    odds = person_odds_at_home(_gammas(pairs_at_home(rows, model)), model)
    pairs = _with_further(_described(scored, model, odds), distinct)
    progress("match records", 3, len(STEPS))
    return pairs.sort_values(PAIR, ignore_index=True)


def _with_seconds(rows: pd.DataFrame, distinct: DistinctTraits) -> pd.DataFrame:
    """Beside each row that several records share, a second one that meets only the first."""
    seconds = distinct.seconds.copy()
    firsts = rows.assign(**{SAME: rows["node_key"].where(rows["node_key"].isin(seconds[SAME]))})
    both = pd.concat([firsts, seconds.reindex(columns=firsts.columns)])
    return both.astype(object).where(both.notna(), None).sort_values("node_key", ignore_index=True)


def _gammas(scored: pd.DataFrame) -> dict[str, pd.Series[int]]:
    unknown = pd.Series(-1, index=scored.index)
    return {name: scored.get(f"gamma_{name}", unknown) for name in WORDS}


def _described(scored: pd.DataFrame, model: dict[str, Any], odds_at_home: float) -> pd.DataFrame:
    gammas = _gammas(scored)
    return pd.DataFrame(
        {
            "left_node_key": scored["node_key_l"],
            "right_node_key": scored["node_key_r"],
            "match_probability": scored["match_probability"].round(DIGITS),
            "match_weight": scored["match_weight"].round(DIGITS),
            "person_probability": person_probability(gammas, model, odds_at_home).round(DIGITS),
            "has_same_email": gammas["email"] == len(WORDS["email"].levels) - 1,
            "evidence": _evidence(gammas, scored.index),
        }
    )


def _evidence(gammas: dict[str, pd.Series[int]], index: pd.Index[int]) -> pd.Series[str]:
    """``first name same; e-mail near``: levels, never values; nothing of what is unknown."""
    text = pd.Series("", index=index)
    for name, words in WORDS.items():
        told = {level: f"; {words.name} {word}" for level, word in enumerate(words.levels)}
        text = text + gammas[name].map(told).fillna("")
    return text.str.removeprefix("; ")


def _with_further(pairs: pd.DataFrame, distinct: DistinctTraits) -> pd.DataFrame:
    """Third and further records of equal traits share the score of the second."""
    copies = distinct.further.merge(
        pairs, left_on=[SAME, "second"], right_on=PAIR, validate="many_to_one"
    )
    copies["right_node_key"] = copies["node_key"]
    return pd.concat([pairs, copies[pairs.columns]], ignore_index=True)
