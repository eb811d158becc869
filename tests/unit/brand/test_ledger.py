"""The margin rules, by the worked example and by their laws."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orchestration.brand.arrays import Ints
from orchestration.brand.ledger import (
    allocate,
    converted,
    group_starts,
    group_sum,
    marketplace_fee,
    payment_fee,
    pick_pack_cost,
    refund_admin_fee,
    round_div,
    without_tax,
)

US, EU = np.array([0]), np.array([1])


def _split(total: int, weights: list[int]) -> list[int]:
    rows = np.array(weights)
    parts = allocate(np.array([total]), rows, np.zeros(len(rows), np.int64), np.ones_like(rows))
    return [int(part) for part in parts]


def test_the_worked_example_of_two_lines_to_the_cent() -> None:
    """2 x 40.00 at cost 9.50 and 300 g, 1 x 30.00 at 12.00 and 400 g, 10 % off, 5.95 shipping."""
    discount = _split(1_100, [8_000, 3_000])
    net = [8_000 - discount[0], 3_000 - discount[1]]
    assert net == [7_200, 2_700]
    cm1 = [net[0] - 2 * 950, net[1] - 1_200]
    assert cm1 == [5_300, 1_500]
    fee = int(payment_fee(np.array([11_386]), US)[0])
    packing = int(pick_pack_cost(np.array([3]))[0])
    assert (fee, packing) == (360, 330)
    shipping, fees = _split(595, net), _split(-fee, net)
    label, packed, boxed = _split(-780, [600, 400]), _split(-packing, [2, 1]), _split(-85, [2, 1])
    assert (shipping, label, packed) == ([433, 162], [-468, -312], [-220, -110])
    assert (boxed, fees) == ([-57, -28], [-262, -98])
    cm2 = [sum(parts) for parts in zip(cm1, shipping, label, packed, boxed, fees, strict=True)]
    assert cm2 == [4_726, 1_114]
    returned = -net[1] + 1_200 - 610 - 150
    assert (returned, cm2[1] + returned) == (-2_260, -1_146)
    assert (sum(cm2), sum(cm2) + returned, sum(cm2) + returned - 1_200) == (5_840, 3_580, 2_380)


def test_fees_of_a_gift_card_order_and_of_a_marketplace_order() -> None:
    assert payment_fee(np.array([6_000]), US).tolist() == [204]
    assert payment_fee(np.array([6_000]), EU).tolist() == [139]
    fee = marketplace_fee(np.array([5_000]), np.array([500]), np.array([400]))
    assert fee.tolist() == [306]
    assert refund_admin_fee(fee, np.array([1])).tolist() == [61]
    large = np.array([9_000, 9_000, 9_000])
    assert refund_admin_fee(large, np.array([0, 1, 3])).tolist() == [500, 500, 1_500]


def test_rounding_is_half_to_even_on_both_sides_of_zero() -> None:
    assert round_div(np.array([5, 15, 25, -5, -15, -25, 14, 16]), 10).tolist() == [
        0, 2, 2, 0, -2, -2, 1, 2,
    ]  # fmt: skip
    assert converted(np.array([1_000]), np.array([109_250_000])).tolist() == [1_092]


def test_tax_leaves_only_prices_that_hold_it() -> None:
    amount, rate = np.array([1_190, 1_190]), np.array([1_900, 1_900])
    assert without_tax(amount, rate, np.array([True, False])).tolist() == [1_000, 1_190]


def test_ties_go_to_the_lowest_line_and_a_rest_without_weights_to_quantities() -> None:
    assert _split(100, [1, 1, 1]) == [34, 33, 33]
    assert _split(-100, [1, 1, 1]) == [-34, -33, -33]
    assert _split(5, [0, 0]) == [3, 2]
    nothing = np.array([0, 0])
    assert allocate(np.array([7]), nothing, nothing, nothing).tolist() == [7, 0]


@given(
    st.lists(
        st.tuples(
            st.integers(-50_000, 50_000), st.lists(st.integers(0, 90_000), min_size=1, max_size=6)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_parts_sum_to_their_total_and_differ_from_the_share_by_less_than_a_cent(
    groups: list[tuple[int, list[int]]],
) -> None:
    total = np.array([amount for amount, _ in groups])
    weight = np.array([value for _, weights in groups for value in weights])
    group: Ints = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    parts = allocate(total, weight, group, np.ones_like(weight))
    assert group_sum(parts, group, len(groups)).tolist() == total.tolist()
    sums = group_sum(weight, group, len(groups))[group]
    exact = total[group] * weight / np.maximum(sums, 1)
    assert bool((np.abs(parts - exact)[sums > 0] < 1).all())


def test_starts_of_groups_skip_empty_ones() -> None:
    assert group_starts(np.array([0, 0, 2]), 4).tolist() == [0, 2, 2, 3]
