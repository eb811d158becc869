"""The traits that records are matched on, as they stand in the warehouse.

What lives here: reading ``identity.int_identity_traits``, its digest, equal records made one row.
What never does: cleaning of values (the model does it), or any score.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import duckdb
import pandas as pd
import pyarrow as pa

from orchestration.fits.errors import FitError
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

TRAITS = (
    "first_name", "last_name", "street", "city", "region", "zip", "country_code", "email", "phone",
    "birth_date",
)  # fmt: skip
COLUMNS = ("node_key", *TRAITS)
SAME = "block_same"
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Traits:
    """Records with what is known of the person: one row per ``node_key``, all columns text."""

    table: pa.Table
    as_of_at: datetime

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows in the order of their keys, however they came."""
        digest = hashlib.sha256()
        rows = self.table.select(COLUMNS).sort_by("node_key").combine_chunks()
        for batch in rows.to_batches(max_chunksize=50_000):
            digest.update(json.dumps(batch.to_pydict(), ensure_ascii=False).encode())
        return digest.hexdigest()


def read_traits(settings: Settings) -> Traits:
    """Read the traits of the build that stands in the warehouse.

    Raises:
        FitError: the model was never built.
        WarehouseBusyError: another process holds the warehouse.
    """
    try:
        with warehouse_connection(settings, "fit identity", read_only=True) as connection:
            table = connection.table("identity.int_identity_traits")
            as_of = connection.table("intermediate.int_as_of").fetchone()
            records = table.select(*map(duckdb.ColumnExpression, COLUMNS)).to_arrow_table()
    except (duckdb.CatalogException, duckdb.IOException) as error:
        raise FitError(
            "The warehouse holds no traits of records.",
            remedy="Land data first (`tributary land DIR`), then run `tributary fit identity`.",
        ) from error
    if as_of is None or as_of[0] is None:
        raise FitError(
            "The warehouse does not know its as_of.", remedy="Land data first: tributary land DIR."
        )
    return Traits(records, as_of[0])


@dataclass(frozen=True)
class DistinctTraits:
    """Records grouped by equal traits: one row each, named by the smallest key.

    ``seconds`` holds one more record of each group that has one, because what their sameness is
    worth is for the model to say; ``further`` the keys of all others, which share that score.
    Both carry the smallest key of their group as ``SAME``.
    """

    rows: pd.DataFrame
    seconds: pd.DataFrame
    further: pd.DataFrame


def distinct_traits(traits: Traits) -> DistinctTraits:
    """Group records by equal traits; equal records in any order give equal groups."""
    frame = traits.table.select(COLUMNS).to_pandas().astype(object)
    frame = frame.where(frame.notna(), None).sort_values("node_key", ignore_index=True)
    texts = frame[list(TRAITS)].fillna("")
    same = texts[TRAITS[0]]
    for trait in TRAITS[1:]:
        same = same + _SEPARATOR + texts[trait]
    place = frame.groupby(same).cumcount()
    frame[SAME] = frame["node_key"].groupby(same).transform("first")
    seconds = frame[place == 1]
    further = frame.loc[place > 1, [SAME, "node_key"]]
    second_of = seconds.set_index(SAME)["node_key"]
    return DistinctTraits(
        frame.loc[place == 0, list(COLUMNS)].reset_index(drop=True),
        seconds.reset_index(drop=True),
        further.assign(second=further[SAME].map(second_of)).reset_index(drop=True),
    )
