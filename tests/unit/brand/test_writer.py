"""Files with equal bytes, whatever wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from orchestration.brand import arrays as a
from orchestration.brand.writer import BrandWriter


def test_rows_are_appended_and_stamped_and_counted(tmp_path: Path) -> None:
    with BrandWriter(tmp_path, synced_at=86_399) as writer:
        for start in (0, 2):
            writer.write("shop", "thing", {"id": a.integer(np.arange(start, start + 2))})
        writer.write("truth", "thing", {"id": a.integer(np.arange(1))})
        assert writer.row_counts == {"shop.thing": 4, "truth.thing": 1}
    rows = pq.read_table(tmp_path / "shop" / "thing.parquet")
    assert rows["id"].to_pylist() == [0, 1, 2, 3]
    assert {str(value) for value in rows["_fivetran_synced"].to_pylist()} == {"1970-01-01 23:59:59"}
    assert pq.read_schema(tmp_path / "truth" / "thing.parquet").names == ["id"]


def test_coded_text_reads_back_as_plain_text(tmp_path: Path) -> None:
    with BrandWriter(tmp_path, synced_at=0) as writer:
        writer.write("truth", "word", {"word": a.pick(["x", "y"], np.array([1, -1, 0]))})
    table = pq.read_table(tmp_path / "truth" / "word.parquet")
    assert str(table.schema.field("word").type) == "string"
    assert table["word"].to_pylist() == ["y", None, "x"]
