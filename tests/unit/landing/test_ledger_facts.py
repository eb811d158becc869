from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.landing import land_ledger
from orchestration.ledger import consent_events, open_ledger, tombstones
from orchestration.ledger.consent_events import ERASE, ConsentEvent, PrivacyRequest
from tests.unit.landing.world import MOMENT, digests, fetch, now, settings_at


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


def statement(sequence: int, *subjects: tuple[str, str]) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "source": "shopify",
        "scope": "one.example",
        "topic": "customers/update",
        "event_id": f"e{sequence}",
        "subjects_json": json.dumps(sorted(subjects)),
        "purpose": "marketing",
        "channel": "email",
        "state": "opted_out",
        "consented_at": MOMENT,
        "received_at": MOMENT,
        "proof": None,
    }


def test_what_people_said_lands_with_one_row_for_each_digest_that_names_them(
    tmp_path: Path,
) -> None:
    settings = settings_at(tmp_path)
    facts = Facts(
        consent_event=[
            statement(1, ("email_sha256", "e" * 64), ("phone_sha256", "f" * 64)),
            statement(2),
            statement(3, ("email_sha256", "e" * 64)),
        ]
    )
    report = land_ledger(settings, facts)
    assert report.table("ledger.consent_event").landed == 3
    subjects = "select sequence, subject_type from raw_ledger.consent_event_subject order by all"
    landed = [(1, "email_sha256"), (1, "phone_sha256"), (3, "email_sha256")]
    assert fetch(settings, subjects) == landed
    assert land_ledger(settings, facts).landed == 0
    facts.tables["consent_event"].append(statement(4, ("customer_id", "cus_1")))
    land_ledger(settings, facts)
    assert fetch(settings, subjects) == [*landed, (4, "customer_id")]


def test_everything_that_the_contract_lands_is_known_to_the_ledger(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    with open_ledger(settings, now=now) as ledger:
        report = land_ledger(settings, ledger)
    assert {"ledger.consent_event", "ledger.privacy_request_subject", "ledger.suppression_lift"} < {
        table.source_table for table in report.tables
    }


def test_facts_about_somebody_erased_do_not_come_again(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    with open_ledger(settings) as ledger:
        with ledger.transaction() as connection:
            key = tombstones.key_of(connection)
            tombstones.bury(connection, key, [("customer_id", "a")], MOMENT)
            for number, who in enumerate("ab"):
                subjects = frozenset({("customer_id", who), ("email_sha256", who)})
                said = ConsentEvent(
                    "s", "shop", "t", str(number), subjects, "marketing", "email", "opted_out",
                    MOMENT, MOMENT,
                )  # fmt: skip
                asked = PrivacyRequest(
                    "by_hand", "", ERASE, str(number), ERASE, subjects, {}, MOMENT, MOMENT
                )
                consent_events.record(connection, [said], MOMENT)
                consent_events.record_requests(connection, [asked], MOMENT)
        land_ledger(settings, ledger)
    for table, count in (("consent_event", 1), ("consent_event_subject", 2),
                         ("privacy_request", 2), ("privacy_request_subject", 2)):  # fmt: skip
        assert fetch(settings, f"select count(*) from raw_ledger.{table}") == [(count,)], table
