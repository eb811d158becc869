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
        for batch in self.table.select(COLUMNS).sort_by("node_key").to_batches(max_chunksize=50_000):
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


def distinct_traits(traits: Traits) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """One row per combination of traits, named by its smallest key, and who else has it.

    Records that show the same e-mail are tied by that already. Of those without one, two stay, so
    that the model says what their sameness is worth; all others of the row share that score.
    Returns (rows by key, smallest key → third and further keys in order).
    """
    frame = traits.table.select(COLUMNS).to_pandas().astype(object)
    frame = frame.sort_values("node_key", ignore_index=True)
    texts = frame[list(TRAITS)].fillna("")
    same = texts[TRAITS[0]]
    for trait in TRAITS[1:]:
        same = same + _SEPARATOR + texts[trait]
    place = frame.groupby(same).cumcount()
    first = frame["node_key"].groupby(same).transform("first")
    stays = (place == 0) | ((place == 1) & frame["email"].isna())
    further = (place > 1) & frame["email"].isna()
    others = frame.loc[further, "node_key"].groupby(first[further]).agg(list).to_dict()
    return frame[stays].reset_index(drop=True), others
