"""What lifetime fits read: purchase histories and the parameters in force, as last published.

What lives here: reading two Parquet files of the published snapshot, and the digest of the input.
What never does: what counts as a purchase (models decide), the warehouse, a likelihood.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.fits.errors import FitError

HISTORIES = "marketing.fct_purchase_histories"
PARAMETERS = "marketing.fct_lifetime_parameters"
COLUMNS = (
    "customer_id", "history_window", "repeat_day_count", "recency_weeks", "age_weeks",
    "average_repeat_amount",
)  # fmt: skip
# Window and model → parameter → value.
InForce = Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Histories:
    """One row per customer and window, and what the build that published them scored with."""

    table: pa.Table
    as_of_at: datetime
    in_force: InForce

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rows in the order of their keys, however they came."""
        digest = hashlib.sha256()
        keys = [("history_window", "ascending"), ("customer_id", "ascending")]
        rows = self.table.select(COLUMNS).sort_by(keys).combine_chunks()
        for batch in rows.to_batches(max_chunksize=50_000):
            digest.update(json.dumps(batch.to_pydict(), default=str).encode())
        return digest.hexdigest()


def read_histories(snapshot: Path) -> Histories:
    """Read the histories of the snapshot in this folder.

    Raises:
        FitError: nothing was published, or nobody has bought.
    """
    try:
        table = pq.read_table(snapshot / f"{HISTORIES}.parquet", columns=[*COLUMNS, "as_of_at"])
        parameters = pq.read_table(snapshot / f"{PARAMETERS}.parquet")
    except FileNotFoundError as error:
        raise FitError(
            "The published snapshot holds no purchase histories.",
            remedy="Build and publish first: tributary run DIR, or tributary build and publish.",
        ) from error
    if table.num_rows == 0:
        raise FitError(
            "Nobody has bought yet.", remedy="Land orders first: tributary land DIR."
        )
    as_of_at = table.column("as_of_at")[0].as_py().replace(tzinfo=UTC)
    return Histories(table.select(COLUMNS), as_of_at, _in_force(parameters))


def _in_force(parameters: pa.Table) -> InForce:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in parameters.to_pylist():
        key = (str(row["history_window"]), str(row["model_name"]))
        found.setdefault(key, {})[str(row["parameter_name"])] = float(row["estimate"])
    return found
