"""The matching model: what each agreement of two records is worth.

What lives here: the words of its levels, training without labels, scores.
What never does: thresholds (``dbt_project.yml``), reading or writing a warehouse.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa

from orchestration.fits.blocks import BLOCKS, HOME, block_pair_count, pair_count
from orchestration.fits.comparisons import comparison_of
from orchestration.fits.errors import FitError
from orchestration.fits.short_names import FORMAL_NAMES
from orchestration.fits.traits import SAME

if TYPE_CHECKING:
    from splink import Linker

SEED = 20_260_101
# Pairs that are compared at a time: what bounds the memory.
CHUNK_PAIRS = 1_000_000
# What a level is worth that training never met: rare among one person's records, and by chance.
UNSEEN_M, UNSEEN_U = 1e-3, 1e-5
U_PAIRS_MAX = 2_000_000
TRAINING_PAIRS_MAX = 1_000_000
# A comparison with fewer values, or a session with fewer pairs, is not trained.
FILLED_MIN = 20
TRAINING_PAIRS_MIN = 30
# Share of the true pairs that the sure rules find: an assumption; it moves every score a little.
SURE_RULES_RECALL = 0.8

_SURE = (
    ("email",), ("phone", "first_name"), ("first_name", "last_name", "birth_date"),
    ("first_name", "last_name", "street"),
)  # fmt: skip
# Each session says nothing of what it joins on, so that every trait is trained by another. None
# joins on what a household shares (street, phone): first names would look as if they meant little.
_SESSIONS = (("first_name", "last_name"), ("email",), ("birth_date",))


@dataclass(frozen=True)
class Words:
    """What people read of a comparison: its name, and its levels from the least upwards."""

    name: str
    levels: tuple[str, ...]


WORDS = {
    "first_name": Words("first name", ("different", "distant", "near", "near", "swapped", "same")),
    "last_name": Words("last name", ("different", "distant", "near", "near", "same")),
    "street": Words("street", ("different", "near", "near", "same")),
    "place": Words("place", ("different", "same city", "near", "same")),
    "email": Words("e-mail", ("different", "near", "slip", "same")),
    "phone": Words("phone", ("different", "slip", "same")),
    "birth_date": Words("birth date", ("different", "distant", "slip", "same")),
}


def require_splink() -> None:
    """
    Raises:
        FitError: the extra is not installed.
    """
    try:
        import splink  # noqa: F401
    except ImportError as error:
        raise FitError(
            "Probabilistic matching needs Splink, which is not installed.",
            remedy="Run pip install -e '.[probabilistic]' -c constraints.txt, or set "
            "probabilistic_identity: false in dbt_project.yml.",
        ) from error


def train(rows: pd.DataFrame) -> dict[str, Any]:
    """Splink's settings with all parameters estimated on rows of distinct traits."""
    from splink import SettingsCreator, block_on

    filled = [name for name in WORDS if rows[_columns(name)].count().max() >= FILLED_MIN]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node_key",
        comparisons=[comparison_of(name) for name in filled],
    )
    sure = [block_on(*columns) for columns in _SURE if pair_count(rows, columns)]
    # One thread: a parallel sum of doubles, and a sample, differ from run to run.
    with _linker(rows, settings, threads=1) as linker:
        if sure:
            linker.training.estimate_probability_two_random_records_match(sure, SURE_RULES_RECALL)
        linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS_MAX, seed=SEED)
        for columns in _SESSIONS:
            if pair_count(rows, columns) >= TRAINING_PAIRS_MIN:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*columns), max_pairs=TRAINING_PAIRS_MAX, record_sample_proportion=1.0
                )
        return _completed(linker.misc.save_model_to_json())


def _completed(model: dict[str, Any]) -> dict[str, Any]:
    """Levels that training never met get a value; a comparison without any says nothing."""
    trained = [
        comparison
        for comparison in model["comparisons"]
        if any(level.get("m_probability") for level in comparison["comparison_levels"])
    ]
    for comparison in trained:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level["m_probability"] = level.get("m_probability") or UNSEEN_M
                level["u_probability"] = level.get("u_probability") or UNSEEN_U
    return {**model, "comparisons": trained}


def predict(rows: pd.DataFrame, model: dict[str, Any], probability_min: float) -> pd.DataFrame:
    """Pairs of rows that share a block: ``gamma_`` per comparison, weight and probability."""
    return _scored(rows, model, (*BLOCKS, SAME), probability_min)


def pairs_at_home(rows: pd.DataFrame, model: dict[str, Any]) -> pd.DataFrame:
    """Pairs of rows of one last name and street, however little else agrees: as ``predict``."""
    return _scored(rows, model, (HOME,), None)


def _scored(
    rows: pd.DataFrame,
    model: dict[str, Any],
    blocks: Sequence[str],
    probability_min: float | None,
) -> pd.DataFrame:
    from splink import block_on

    rules = [block_on(name) for name in blocks]
    settings = {**model, "blocking_rules_to_generate_predictions": rules}
    chunks = block_pair_count(rows, blocks) // CHUNK_PAIRS + 1
    with _linker(rows, settings, threads=2) as linker:
        pairs = linker.inference.predict(
            threshold_match_probability=probability_min,
            num_chunks_left=1,
            num_chunks_right=chunks,
            warning_mode="never",
        ).as_duckdbpyrelation()
        wanted = [
            name
            for name in pairs.columns
            if name.startswith(("gamma_", "match_", "node_key_")) and name != "match_key"
        ]
        frame: pd.DataFrame = pairs.select(*map(duckdb.ColumnExpression, wanted)).df()
        return frame


@contextmanager
def _linker(rows: pd.DataFrame, settings: Any, threads: int) -> Iterator[Linker]:
    """A linker in a database of its own: Splink keeps tables by name."""
    from splink import DuckDBAPI, Linker

    # A second name, or the sessions that join on it would train nothing that looks at it.
    formal = rows["first_name"].map(FORMAL_NAMES).fillna(rows["first_name"])
    named = rows.assign(family_name=rows["last_name"], formal_name=formal)
    # As text: a column that nobody fills would become one of numbers.
    texts = pa.table({name: pa.array(named[name], pa.string()) for name in named.columns})
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("set enable_progress_bar = false")
        yield Linker(DuckDBAPI(connection).register(texts), settings, log_level=logging.ERROR)


def _columns(comparison: str) -> list[str]:
    return ["zip", "city"] if comparison == "place" else [comparison]
