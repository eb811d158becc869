"""Ids, anchors and changes: what the ledger heard first stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger, LedgerError, open_ledger
from tests.unit.activation.world import START, settings_in

LATER = START + timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(settings_in(tmp_path)) as opened:
        yield opened


def seed(number: int, **given: object) -> dict[str, object]:
    row: dict[str, object] = {
        "customer_id": f"customer-{number}",
        "source_relation": "shop",
        "source_table": "customer",
        "source_row_id": str(number),
    }
    return {**row, **given}


def anchor(number: int, **given: object) -> dict[str, object]:
    return seed(number, **{"anchor_number": 1, "as_of_at": START, **given})


def merge(old: str, new: str | None, **given: object) -> dict[str, object]:
    row: dict[str, object] = {
        "old_customer_id": old,
        "customer_id": new,
        "kind": "split" if new is None else "merge",
        "reason": "email",
        "changed_at": START,
    }
    return {**row, **given}


def test_a_known_id_keeps_what_was_known_when_it_was_registered(ledger: Ledger) -> None:
    first = seed(1, first_ordered_at=START, first_seen_at=START, as_of_at=LATER)
    assert ledger.register_customer_ids([first, seed(2)]) == 2
    changed = seed(1, first_ordered_at=LATER, first_seen_at=LATER, source_row_id="9")
    assert ledger.register_customer_ids([changed, seed(2, as_of_at=LATER)]) == 0
    one, two = ledger.rows_since("customer_id_register", 0, 10)
    assert (one["first_ordered_at"], one["first_seen_at"], one["as_of_at"]) == (START, START, LATER)
    assert (one["source_row_id"], two["first_seen_at"], two["as_of_at"]) == ("1", None, None)


def test_a_source_row_anchors_the_id_it_was_first_registered_for(ledger: Ledger) -> None:
    assert ledger.register_customer_anchors([anchor(1), anchor(1, customer_id="other")]) == 1
    more = [anchor(1, customer_id="other"), anchor(2, customer_id="customer-1", anchor_number=2)]
    assert ledger.register_customer_anchors(more) == 1
    assert ledger.register_customer_anchors(more) == 0
    rows = ledger.rows_since("customer_id_anchor", 0, 10)
    assert [(row["customer_id"], row["source_row_id"], row["anchor_number"]) for row in rows] == [
        ("customer-1", "1", 1),
        ("customer-1", "2", 2),
    ]
    assert rows[0]["as_of_at"] == START


def test_a_change_is_recorded_once_per_old_id_and_time(ledger: Ledger) -> None:
    east = START.astimezone(timezone(timedelta(hours=9)))
    assert ledger.record_customer_id_changes([merge("a", "b"), merge("c", "b")]) == 2
    again = [merge("a", "d", changed_at=east), merge("a", None, changed_at=LATER)]
    assert ledger.record_customer_id_changes(again) == 1
    assert ledger.record_customer_id_changes(again) == 0
    rows = ledger.rows_since("customer_id_change", 0, 10)
    assert [(row["old_customer_id"], row["kind"], row["customer_id"]) for row in rows] == [
        ("a", "merge", "b"),
        ("c", "merge", "b"),
        ("a", "split", None),
    ]


def test_many_rows_go_in_small_transactions(ledger: Ledger) -> None:
    assert ledger.register_customer_anchors(anchor(n) for n in range(2_500)) == 2_500
    assert ledger.record_customer_id_changes(merge(f"a{n}", "b") for n in range(2_500)) == 2_500
    sequences = [row["sequence"] for row in ledger.rows_since("customer_id_change", 0, 10_000)]
    assert sequences == list(range(1, 2_501))


@pytest.mark.parametrize(
    "wrong", [merge("a", None, kind="merge"), merge("a", "b", kind="split"), merge("a", "a")]
)
def test_a_change_that_says_nothing_is_refused(ledger: Ledger, wrong: dict[str, object]) -> None:
    with pytest.raises(LedgerError, match="wrong customer id"):
        ledger.record_customer_id_changes([merge("x", "y"), wrong])
    assert ledger.rows_since("customer_id_change", 0, 10) == []


def test_an_unknown_kind_of_change_answers_with_the_known_ones(ledger: Ledger) -> None:
    with pytest.raises(UnknownNameError, match="merge, split"):
        ledger.record_customer_id_changes([merge("a", "b", kind="rename")])
