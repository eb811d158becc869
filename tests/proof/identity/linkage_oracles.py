"""Two libraries of record linkage, run live with what their own documentation recommends.

What lives here: Splink's settings of its febrl3 example and its tutorial on fake_1000,
recordlinkage's recipe of its guide on deduplication; both on the blocks that our matcher uses.
What never does: our model, or a look at the truth.
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from orchestration.fits.blocks import BLOCKS, with_blocks
from tests.proof.identity.person_sets import FAKE, Link, PersonSet

# Least similarity of two texts in recordlinkage's guide.
SIMILAR = 0.85
# The guide calls a pair a match where more than three of six features agree.
AGREEING_MIN = 3


def splink_pairs(persons: PersonSet) -> pd.DataFrame:
    """Pairs with their probability by Splink's example for such data, without soc_sec_id.

    The febrl example compares the house number and not the street; so does this.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    rows = with_blocks(persons.records)
    rows["street_number"] = rows["street"].astype("string").str.partition(" ")[0]
    texts = pa.table({name: pa.array(rows[name], pa.string()) for name in rows.columns})
    comparisons, sure, recall, sessions = _fake() if persons.name == FAKE else _febrl()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="node_key",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(name) for name in BLOCKS],
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set enable_progress_bar = false")
        linker = Linker(DuckDBAPI(connection).register(texts), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=2)
        for columns in sessions:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
        return linker.inference.predict(threshold_match_probability=0.2).as_pandas_dataframe()


def _febrl() -> tuple[list[Any], list[Any], float, list[tuple[str, ...]]]:
    import splink.comparison_library as cl
    from splink import block_on

    comparisons = [
        cl.NameComparison("first_name"),
        cl.NameComparison("last_name"),
        cl.DateOfBirthComparison("birth_date", input_is_string=True, datetime_format="%Y-%m-%d"),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
    ]
    swapped = (
        "l.first_name = r.last_name and l.last_name = r.first_name and l.birth_date = r.birth_date"
    )
    sure = [block_on("first_name", "last_name", "birth_date"), swapped]
    return comparisons, sure, 0.9, [("birth_date",), ("zip",)]


def _fake() -> tuple[list[Any], list[Any], float, list[tuple[str, ...]]]:
    import splink.comparison_library as cl
    from splink import block_on

    comparisons = [
        cl.NameComparison("first_name"),
        cl.NameComparison("last_name"),
        cl.LevenshteinAtThresholds("birth_date", 1),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
    ]
    sure = [
        block_on("first_name", "birth_date"),
        "l.first_name = r.first_name and levenshtein(r.last_name, l.last_name) <= 2",
        block_on("email"),
    ]
    return comparisons, sure, 0.7, [("first_name", "last_name"), ("birth_date",)]


def recordlinkage_links(persons: PersonSet) -> dict[str, list[Link]]:
    """Links by the guide's rule (more than three features agree) and by its ECM classifier.

    recordlinkage 0.14 calls a function that today's jellyfish has renamed; its documented hook for
    own comparisons takes the new name.
    """
    import recordlinkage
    from recordlinkage.index import Block

    rows = with_blocks(persons.records).set_index("node_key")
    index = recordlinkage.Index()
    for name in BLOCKS:
        if rows[name].notna().any():
            index.add(Block(name))
    compare = recordlinkage.Compare()
    for name in ("first_name", "birth_date", "city", "region"):
        if rows[name].notna().any():
            compare.exact(name, name, label=name)
    for name in ("last_name", "street", "email"):
        if rows[name].notna().any():
            compare.compare_vectorized(_alike, name, name, label=name)
    features = compare.compute(index.index(rows), rows)
    classifier = recordlinkage.ECMClassifier(binarize=SIMILAR)
    return {
        "rule": list(features[features.sum(axis=1) > AGREEING_MIN].index),
        "ECM": list(classifier.fit_predict(features)),
    }


def _alike(left: pd.Series, right: pd.Series) -> pd.Series:
    import jellyfish

    return pd.Series(
        [
            float(
                isinstance(one, str)
                and isinstance(other, str)
                and jellyfish.jaro_winkler_similarity(one, other) >= SIMILAR
            )
            for one, other in zip(left, right, strict=True)
        ],
        index=left.index,
    )
