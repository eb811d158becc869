"""What stands in quarantine is counted by table and reason; nothing where nothing was landed."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.quarantine import QuarantineCount, quarantine_counts
from orchestration.landing.tables import create_raw_tables
from tests.unit.landing.world import CONTRACT, settings_at


def test_rows_are_counted_by_table_and_reason_most_first(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    assert quarantine_counts(settings) == ()
    settings.home.mkdir(exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table bare (id int)")
    assert quarantine_counts(settings) == ()
    with duckdb.connect(str(settings.warehouse)) as connection:
        create_raw_tables(connection, CONTRACT)
        connection.execute(
            "insert into raw_landing.quarantine by name"
            " select table_name as source_table, 'd' as file_digest, reason from (values"
            " ('shopify.refund', 'id is empty'), ('shopify.order', 'id is empty'),"
            " ('shopify.refund', 'id is empty')) as rows (table_name, reason)"
        )
    counts = quarantine_counts(settings)
    assert counts == (
        QuarantineCount("shopify.refund", "id is empty", 2),
        QuarantineCount("shopify.order", "id is empty", 1),
    )
    assert counts[0].text == "shopify.refund: 2 rows, id is empty"
