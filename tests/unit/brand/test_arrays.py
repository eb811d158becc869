"""Columns from numbers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from orchestration.brand import arrays as a


def test_money_is_exact_below_zero_and_where_null() -> None:
    column = a.money(np.array([1, -1, -12_345, 99]), np.array([False, False, False, True]))
    assert column.to_pylist() == [Decimal("0.01"), Decimal("-0.01"), Decimal("-123.45"), None]
    assert a.ratio(np.array([109_123_456])).to_pylist() == [Decimal("1.09123456")]


def test_index_minus_one_is_null_in_every_text_column() -> None:
    index = np.array([1, -1, 0])
    assert a.pick(["x", "y"], index).to_pylist() == ["y", None, "x"]
    assert a.take(["x", "x"], index).to_pylist() == ["x", None, "x"]
    assert a.join("<", a.pick(["x", "y"], index), ">").to_pylist() == ["<y>", None, "<x>"]
    assert a.filled(a.take(["x", "y"], index), "-").to_pylist() == ["y", "-", "x"]


def test_tokens_are_distinct_of_the_asked_width_and_differ_by_salt() -> None:
    values = np.arange(5_000)
    tokens = a.hexes(values, 1, 24).to_pylist()
    assert len(set(tokens)) == 5_000
    assert {len(token) for token in tokens} == {24}
    assert tokens != a.hexes(values, 2, 24).to_pylist()
    assert a.hexes(np.zeros(0, np.int64), 1, 32).to_pylist() == []


def test_repeats_marks_a_row_like_the_one_before() -> None:
    assert a.repeats(np.array([4, 4, 5, 4])).tolist() == [False, True, False, False]
    assert a.repeats(np.zeros(0, np.int64)).tolist() == []


def test_digits_are_padded_and_conditions_choose() -> None:
    assert a.padded(np.array([7, 123]), 3).to_pylist() == ["007", "123"]
    both = np.array([True, False])
    assert a.either(both, a.const("x", 2), "other").to_pylist() == ["x", "other"]
    assert a.where(both, a.const("x", 2)).to_pylist() == ["x", None]
