"""The matching model: how two records are compared, and which are compared at all.

What lives here: Splink's settings for our traits, blocking keys with a cap, training.
What never does: thresholds (``dbt_project.yml``), reading or writing a warehouse.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.fits.errors import FitError

if TYPE_CHECKING:
    from splink import Linker

SEED = 20_260_101
# A block of n rows makes n² / 2 pairs. Keys that more rows share say little about a person.
BLOCK_ROWS_MAX = 60
U_PAIRS_MAX = 5_000_000
TRAINING_PAIRS_MAX = 1_000_000
TRAINING_PAIRS_MIN = 30
# Below this share of pairs that rules find surely, what they miss is overestimated.
SURE_RULES_RECALL = 0.8

# Blocking key → columns it joins; ``column:n`` takes the first n characters, ``email:@`` the
# mailbox.
BLOCKS = {
    "block_email": ("email",),
    "block_mailbox": ("email:@",),
    "block_phone": ("phone",),
    "block_name": ("first_name", "last_name"),
    "block_last_name_zip": ("last_name", "zip"),
    "block_first_name_zip": ("first_name", "zip"),
    "block_street": ("street", "city:3"),
    "block_birth_date_last": ("birth_date", "last_name:1"),
    "block_birth_date_first": ("birth_date", "first_name:1"),
}
_TRAINING = (
    ("first_name", "last_name"), ("email",), ("phone",), ("birth_date",), ("street",),
)  # fmt: skip
_SURE = (
    ("email",), ("phone", "first_name"), ("first_name", "last_name", "birth_date"),
    ("first_name", "last_name", "street"),
)  # fmt: skip
# A comparison without enough values cannot be trained and says nothing.
_FILLED_MIN = 20


@dataclass(frozen=True)
class Words:
    """What the levels of a comparison are called, from ``gamma`` 0 upwards."""

    comparison: str
    levels: tuple[str, ...]

    def of(self, gamma: int) -> str:
        return self.levels[gamma]


_NAME = ("different", "distant", "near", "near", "same")
WORDS = {
    "first_name": Words("first name", ("different", "distant", "near", "near", "swapped", "same")),
    "last_name": Words("last name", _NAME),
    "street": Words("street", ("different", "near", "near", "same")),
    "place": Words("place", ("different", "same city", "near", "same")),
    "email": Words("e-mail", ("different", "distant", "near", "same mailbox", "same")),
    "phone": Words("phone", ("different", "near", "same")),
    "birth_date": Words("birth date", ("different", "distant", "near", "same")),
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
            remedy="pip install 'tributary-cdp[probabilistic]' -c constraints.txt, or set "
            "probabilistic_identity: false in dbt_project.yml.",
        ) from error


def with_blocks(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their blocking keys; null where more rows share one than the cap allows."""
    blocked = rows.copy()
    for name, parts in BLOCKS.items():
        key = _part(rows, parts[0])
        for part in parts[1:]:
            key = key + "|" + _part(rows, part)
        sizes = key.map(key.value_counts())
        blocked[name] = key.where(sizes.between(2, BLOCK_ROWS_MAX), None).astype(object)
    return blocked


def _part(rows: pd.DataFrame, part: str) -> pd.Series[Any]:
    column, _, cut = part.partition(":")
    values = rows[column]
    if cut == "@":
        return values.str.partition("@")[0]
    return values.str[: int(cut)] if cut else values


def trained_linker(rows: pd.DataFrame, connection: Any) -> Linker:
    """A linker over the rows (``node_key``, traits, blocks), trained without labels."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    filled = {name for name in WORDS if rows[_column(name)].count() >= _FILLED_MIN}
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node_key",
        comparisons=[_comparison(name) for name in WORDS if name in filled],
        blocking_rules_to_generate_predictions=[block_on(name) for name in BLOCKS],
        retain_matching_columns=True,
        retain_intermediate_calculation_columns=False,
    )
    table = DuckDBAPI(connection).register(rows)
    linker = Linker(table, settings, log_level=logging.ERROR)
    sure = [block_on(*columns) for columns in _SURE if _pairs(rows, columns)]
    if sure:
        linker.training.estimate_probability_two_random_records_match(sure, SURE_RULES_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS_MAX, seed=SEED)
    for columns in _TRAINING:
        if _pairs(rows, columns) >= TRAINING_PAIRS_MIN:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*columns), max_pairs=TRAINING_PAIRS_MAX, record_sample_proportion=1.0
            )
    return linker


def _column(name: str) -> str:
    return "zip" if name == "place" else name


def _pairs(rows: pd.DataFrame, columns: tuple[str, ...]) -> int:
    """Pairs of rows that share these columns."""
    sizes = rows.dropna(subset=list(columns)).groupby(list(columns)).size()
    return int((sizes * (sizes - 1) // 2).sum())


def _comparison(name: str) -> Any:
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    if name == "first_name":
        return comparisons.CustomComparison(
            output_column_name="first_name",
            comparison_levels=[
                levels.NullLevel("first_name"),
                levels.ExactMatchLevel("first_name", term_frequency_adjustments=True),
                levels.ColumnsReversedLevel("first_name", "last_name", symmetrical=True),
                levels.JaroWinklerLevel("first_name", 0.92),
                levels.JaroWinklerLevel("first_name", 0.88),
                levels.JaroWinklerLevel("first_name", 0.7),
                levels.ElseLevel(),
            ],
        )
    if name == "place":
        nothing = "(zip_l is null or zip_r is null) and (city_l is null or city_r is null)"
        return comparisons.CustomComparison(
            output_column_name="place",
            comparison_levels=[
                levels.CustomLevel(nothing, "place is null").configure(is_null_level=True),
                levels.ExactMatchLevel("zip", term_frequency_adjustments=True),
                levels.DamerauLevenshteinLevel("zip", 1),
                levels.ExactMatchLevel("city"),
                levels.ElseLevel(),
            ],
        )
    return {
        "last_name": comparisons.NameComparison("last_name").configure(
            term_frequency_adjustments=True
        ),
        "street": comparisons.JaroWinklerAtThresholds("street", [0.95, 0.88]).configure(
            term_frequency_adjustments=True
        ),
        "email": comparisons.EmailComparison("email"),
        "phone": comparisons.DamerauLevenshteinAtThresholds("phone", [1]),
        "birth_date": comparisons.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
    }[name]
