from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.landing import land_ledger
from tests.unit.landing.world import MOMENT, digests, fetch, settings_at


class Facts:
    """A ledger of lists."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = tables

    def rows_since(self, table: str, sequence: int, limit: int) -> Sequence[Mapping[str, Any]]:
        rows = [row for row in self.tables.get(table, []) if row["sequence"] > sequence]
        return sorted(rows, key=lambda row: int(row["sequence"]))[: min(limit, 2)]


def registered(sequence: int, customer_id: str, row: str = "1") -> dict[str, Any]:
    return {
        "sequence": sequence,
        "customer_id": customer_id,
        "source_relation": "shop",
        "source_table": "shopify.customer",
        "source_row_id": row,
        "registered_at": MOMENT,
        "first_ordered_at": None,
        "first_seen_at": MOMENT,
        "as_of_at": MOMENT,
        "note_of_a_later_version": "ignored",
    }


def test_facts_are_copied_once_by_watermark(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    facts = Facts(customer_id_register=[registered(n, f"cus_{n}") for n in range(1, 6)])
    report = land_ledger(settings, facts)
    assert report.table("ledger.customer_id_register").landed == 5
    before = digests(settings)
    assert land_ledger(settings, facts).landed == 0
    assert digests(settings) == before
    facts.tables["customer_id_register"].append(registered(6, "cus_6"))
    assert land_ledger(settings, facts).landed == 1
    assert fetch(
        settings, "select max(sequence), max(registered_at) from raw_ledger.customer_id_register"
    ) == [(6, MOMENT.replace(tzinfo=None))]


def test_a_fact_whose_sequence_moved_replaces_itself(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    facts = Facts(customer_id_register=[registered(1, "cus_a"), registered(2, "cus_b")])
    land_ledger(settings, facts)
    facts.tables["customer_id_register"].append(registered(3, "cus_a", row="9"))
    land_ledger(settings, facts)
    assert fetch(
        settings,
        "select customer_id, sequence, source_row_id from raw_ledger.customer_id_register"
        " order by customer_id",
    ) == [("cus_a", 3, "9"), ("cus_b", 2, "1")]


def test_an_empty_ledger_leaves_every_table_empty_and_there(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    assert land_ledger(settings, Facts()).landed == 0
    assert fetch(settings, "select count(*) from raw_ledger.suppression") == [(0,)]
    assert fetch(settings, 'select count(*) from raw_shopify."order"') == [(0,)]
