from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.destinations.base import Limits, Receipt, RefusedError, RetriableError, Row
from orchestration.destinations.batches import (
    SEARCH_CALLS,
    Item,
    Record,
    Unfit,
    find_invalid,
    hash_problem,
    run,
    send_around_refusals,
    split,
    stay,
)
from tests.unit.destinations.fakes import sha


def items(count: int, size: int = 10) -> list[Item]:
    return [Item(n, Row(f"k{n}", {}), b"x" * size) for n in range(count)]


def as_is(row: Row) -> Mapping[str, Any]:
    return row.payload


class Recorder:
    def __init__(self) -> None:
        self.receipts: dict[int, Receipt] = {}

    def __call__(self, item: Item, receipt: Receipt) -> None:
        self.receipts[item.position] = receipt

    def places(self, verdict: str) -> list[int]:
        return sorted(n for n, receipt in self.receipts.items() if receipt.verdict == verdict)


def test_batches_keep_within_rows_and_bytes() -> None:
    by_rows = [len(batch) for batch in split(items(7), Limits(rows_per_request=3))]
    assert by_rows == [3, 3, 1]
    limits = Limits(rows_per_request=100, bytes_per_request=4096 + 25)
    assert [len(batch) for batch in split(items(5), limits)] == [2, 2, 1]
    assert list(split([], limits)) == []


def test_a_row_that_is_too_large_or_no_json_is_rejected_alone() -> None:
    rows = [Row("a", {"v": "x" * 50}), Row("b", {"v": float("nan")}), Row("c", {"v": 1})]

    def send(batch: Sequence[Item], record: Record) -> None:
        for item in batch:
            record(item, Receipt(item.row.key, "accepted"))

    receipts = run(rows, Limits(rows_per_request=10, bytes_per_row=30), as_is, send)
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("rejected", "row_too_large"),
        ("rejected", "not_json"),
        ("accepted", None),
    ]


def test_a_row_without_an_answer_is_in_doubt() -> None:
    receipts = run([Row("a", {})], Limits(10), as_is, lambda batch, record: None)
    assert [receipt.verdict for receipt in receipts] == ["ambiguous"]


def test_a_failure_keeps_what_was_decided_and_what_was_unfit() -> None:
    rows = [Row("a", {}), Row("bad", {}), Row("b", {})]

    def prepare(row: Row) -> Mapping[str, Any] | Unfit:
        return Unfit("no_identifier") if row.key == "bad" else {}

    def send(batch: Sequence[Item], record: Record) -> None:
        if batch[0].row.key == "b":
            raise RetriableError("Busy.", remedy="Wait.")
        record(batch[0], Receipt("a", "accepted"))

    with pytest.raises(RetriableError) as raised:
        run(rows, Limits(1), prepare, send)
    assert [receipt.key for receipt in raised.value.receipts] == ["a", "bad"]


class Refusing:
    """Refuses a request that holds a poisoned row; names it where ``is_naming``."""

    def __init__(self, poisoned: set[int], *, is_naming: bool) -> None:
        self.poisoned = poisoned
        self.is_naming = is_naming
        self.calls = 0

    def __call__(self, group: Sequence[Item]) -> list[Receipt]:
        self.calls += 1
        found = {i for i, item in enumerate(group) if item.position in self.poisoned}
        if found:
            named = frozenset(found) if self.is_naming else frozenset()
            raise RefusedError("No.", remedy="Look.", code="invalid", row_indexes=named)
        return [Receipt(item.row.key, "accepted") for item in group]


class TakingPart:
    """Takes the good rows of a request and says only that some were not."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.taken: set[int] = set()

    def __call__(self, group: Sequence[Item]) -> list[Receipt]:
        places = {item.position for item in group}
        self.taken |= places - self.bad
        if places & self.bad:
            raise RefusedError("Part.", remedy="Look.", code="partial", is_partial=True)
        return [Receipt(item.row.key, "accepted") for item in group]


@given(st.integers(1, 300), st.data())
def test_a_partial_success_never_marks_a_row_that_was_left_out(
    count: int, data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=count))
    vendor, recorder = TakingPart(bad), Recorder()
    send_around_refusals(items(count), vendor, recorder)
    assert set(recorder.places("accepted")) <= vendor.taken
    assert set(recorder.places("rejected")) <= bad
    verdicts = ("accepted", "rejected", "ambiguous")
    decided = sorted(place for verdict in verdicts for place in recorder.places(verdict))
    assert decided == list(range(count))


def test_rows_that_cannot_be_taken_back_are_answered_without_a_claim() -> None:
    assert stay([Row("a", {}), Row("b", {})]) == [
        Receipt(key, "rejected", reason="not_removable") for key in "ab"
    ]


def test_rows_that_the_vendor_names_cost_one_more_call() -> None:
    vendor, recorder = Refusing({3, 70}, is_naming=True), Recorder()
    send_around_refusals(items(100), vendor, recorder)
    assert recorder.places("rejected") == [3, 70]
    assert len(recorder.places("accepted")) == 98
    assert vendor.calls == 2


def test_one_poisoned_row_in_ten_thousand_is_found_within_the_bound() -> None:
    vendor, recorder = Refusing({7_777}, is_naming=False), Recorder()
    send_around_refusals(items(10_000), vendor, recorder)
    assert recorder.places("rejected") == [7_777]
    assert len(recorder.places("accepted")) == 9_999
    assert vendor.calls <= SEARCH_CALLS + 1


def test_beyond_the_bound_rows_are_rejected_with_those_they_stood_with() -> None:
    vendor, recorder = Refusing(set(range(0, 1000, 10)), is_naming=False), Recorder()
    send_around_refusals(items(1000), vendor, recorder)
    assert len(recorder.receipts) == 1000
    reasons = {receipt.reason for receipt in recorder.receipts.values()}
    assert "refused_with_others:invalid" in reasons
    assert recorder.places("ambiguous") == []


def test_a_request_that_is_wrong_in_itself_stops() -> None:
    with pytest.raises(RefusedError):
        send_around_refusals(items(1000), Refusing(set(range(1000)), is_naming=False), Recorder())


@given(st.integers(1, 300), st.data())
def test_counts_name_exactly_the_invalid_rows(count: int, data: st.DataObject) -> None:
    invalid = data.draw(st.sets(st.integers(0, count - 1), max_size=8))
    calls = 0

    def count_invalid(group: Sequence[Item]) -> int:
        nonlocal calls
        calls += 1
        return sum(item.position in invalid for item in group)

    decided = find_invalid(items(count), len(invalid), count_invalid, calls=100)
    assert sorted(item.position for item, _ in decided) == list(range(count))
    assert {item.position for item, verdict in decided if verdict == "rejected"} == invalid
    assert calls <= len(invalid) * 9


def test_counts_beyond_the_bound_or_in_contradiction_leave_doubt() -> None:
    def no_more(group: Sequence[Item]) -> int:
        raise AssertionError("beyond the bound")

    assert {v for _, v in find_invalid(items(4), 1, no_more, calls=0)} == {"ambiguous"}
    contradicting = find_invalid(items(4), 1, lambda group: 2)
    assert [v for item, v in contradicting if item.position >= 2] == ["ambiguous", "ambiguous"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, None),
        (sha("ann@example.com"), None),
        (sha(""), "hash_of_nothing:email_sha256"),
        ("0cc175b9c0f1b6a831c399e269772661", "not_sha256:email_sha256"),
        (sha("ann").upper(), "not_sha256:email_sha256"),
        ("ann@example.com", "not_sha256:email_sha256"),
        ("", "not_sha256:email_sha256"),
        (7, "not_sha256:email_sha256"),
    ],
)
def test_only_sha256_of_something_may_leave(value: object, problem: str | None) -> None:
    assert hash_problem({"email_sha256": value}, ["email_sha256"]) == problem
