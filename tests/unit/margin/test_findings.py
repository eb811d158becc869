"""Counts of findings come from the snapshot's file, and none from a snapshot without it."""

from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.margin.findings import FindingCount, finding_counts


def test_findings_are_counted_by_kind_with_the_size_of_what_is_at_stake(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select * from (values ('refund_above_line', 11.0000, 'More.'),"
            " ('negative_quantity', -20.0000, 'No refund.'), ('negative_quantity', 5.5000, 'Odd.'),"
            " ('overlapping_rate', null, 'Two.')) as rows (finding, amount, reason))"
            f" to '{tmp_path}/margin.margin_findings.parquet'"
        )
    assert finding_counts(tmp_path) == (
        FindingCount("negative_quantity", 2, Decimal("25.5000"), "No refund."),
        FindingCount("overlapping_rate", 1, None, "Two."),
        FindingCount("refund_above_line", 1, Decimal("11.0000"), "More."),
    )


def test_a_snapshot_without_findings_has_none(tmp_path: Path) -> None:
    assert finding_counts(tmp_path) == ()
