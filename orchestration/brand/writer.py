"""Parquet files, equal bytes for equal rows.

What lives here: one writer per table, opened at the first rows and closed at the end.
What never does: content; clocks, host names or paths inside a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.brand.arrays import Column, time

ROWS_PER_GROUP = 250_000
TRUTH = "truth"


class BrandWriter:
    """Appends rows to ``directory/<source>/<table>.parquet``."""

    def __init__(self, directory: Path, synced_at: int) -> None:
        """``synced_at`` (UTC seconds) becomes ``_fivetran_synced`` of every raw row."""
        self._directory = directory
        self._synced_at = synced_at
        self._writers: dict[tuple[str, str], Any] = {}
        self.row_counts: dict[str, int] = {}

    def write(self, source: str, table: str, columns: Mapping[str, Column]) -> None:
        """Append rows; every call for a table brings the same columns in the same order."""
        arrays = dict(columns)
        count = len(next(iter(arrays.values())))
        if source != TRUTH:
            arrays["_fivetran_synced"] = time(np.full(count, self._synced_at, np.int64))
        rows = pa.table(arrays)
        writer = self._writers.get((source, table))
        if writer is None:
            writer = self._writers[(source, table)] = self._open(source, table, rows.schema)
        writer.write_table(rows, row_group_size=ROWS_PER_GROUP)
        name = f"{source}.{table}"
        self.row_counts[name] = self.row_counts.get(name, 0) + count

    def _open(self, source: str, table: str, schema: Any) -> Any:
        folder = self._directory / source
        folder.mkdir(parents=True, exist_ok=True)
        coded = [
            field.name
            for field in schema
            if pa.types.is_dictionary(field.type) or field.name == "_fivetran_synced"
        ]
        return pq.ParquetWriter(
            folder / f"{table}.parquet",
            schema,
            version="2.6",
            compression="zstd",
            use_dictionary=coded,
            store_schema=False,
            store_decimal_as_integer=True,
        )

    def __enter__(self) -> BrandWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
