"""What publications and people tell the ledger comes back to the warehouse by the next landing."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing import land_ledger
from orchestration.ledger import open_ledger
from tests.unit.activation.world import START
from tests.unit.landing.world import fetch, settings_at
from tests.unit.test_publish import build, published

PAIR = {"left_node_key": "shop|customer|0", "right_node_key": "shop|customer|1"}


def test_published_identity_and_decisions_are_landed_once(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    build(settings, customers=3)
    with open_ledger(settings, now=lambda: START) as ledger:
        published(settings, ledger)
        ledger.record_identity_instruction("unlink", **PAIR, reason="family", actor="someone")
        first = land_ledger(settings, ledger)
        assert {table.source_table: table.landed for table in first.tables if table.landed} == {
            "ledger.customer_id_anchor": 3,
            "ledger.customer_id_change": 3,
            "ledger.customer_id_register": 3,
            "ledger.identity_instruction": 1,
            # Two people, each with two addresses.
            "ledger.suppression": 6,
        }
        published(settings, ledger)
        assert land_ledger(settings, ledger).landed == 0
        build(settings, customers=4)
        published(settings, ledger)
        assert land_ledger(settings, ledger).landed == 3, "one id, its anchor, its merge"
    day = "cast(as_of_at as date)::varchar"
    assert fetch(
        settings,
        f"select customer_id, cast(first_ordered_at as date)::varchar, {day}"
        " from raw_ledger.customer_id_register order by sequence",
    ) == [
        ("c0", None, "2026-03-01"),
        ("c1", "2026-01-02", "2026-03-01"),
        ("c2", "2026-01-02", "2026-03-01"),
        ("c3", "2026-01-02", "2026-03-01"),
    ]
    assert fetch(
        settings,
        f"select customer_id, source_row_id, anchor_number, {day}"
        " from raw_ledger.customer_id_anchor order by sequence",
    ) == [(f"c{n}", str(n), 1, "2026-03-01") for n in range(4)]
    assert fetch(
        settings,
        "select old_customer_id, customer_id, kind, reason, changed_at::varchar"
        " from raw_ledger.customer_id_change order by sequence",
    ) == [(f"old{n}", f"c{n}", "merge", "email", "2026-02-01 00:00:00") for n in range(4)]
    assert fetch(
        settings,
        "select kind, left_node_key, right_node_key, identifier_value, actor"
        " from raw_ledger.identity_instruction",
    ) == [("unlink", *PAIR.values(), None, "someone")]


def test_a_warehouse_of_before_gains_the_new_columns(tmp_path: Path) -> None:
    """The raw table that an older version made lacks them; rows that it copied stay."""
    settings = settings_at(tmp_path)
    with open_ledger(settings, now=lambda: START) as ledger:
        land_ledger(settings, ledger)
        with duckdb.connect(str(settings.warehouse)) as connection:
            for column in ("first_ordered_at", "first_seen_at", "as_of_at"):
                connection.execute(
                    f"alter table raw_ledger.customer_id_register drop column {column}"
                )
            connection.execute(
                "insert into raw_ledger.customer_id_register"
                " values ('old', 0, 'shop', 'customer', '9', timestamp '2026-01-01')"
            )
        build(settings, customers=1)
        published(settings, ledger)
        land_ledger(settings, ledger)
    assert fetch(
        settings,
        "select customer_id, first_seen_at::varchar from raw_ledger.customer_id_register"
        " order by sequence",
    ) == [("old", None), ("c0", "2026-01-01 00:00:00")]
