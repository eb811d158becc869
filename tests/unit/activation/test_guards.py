"""Guards: the table of what halts."""

from __future__ import annotations

import pytest

from orchestration.activation.guards import PlanCounts, judge


@pytest.mark.parametrize(
    ("desired", "delivered", "added", "removed", "by_choice", "state"),
    [
        (10, 0, 10, 0, 0, "open"),
        (0, 0, 0, 0, 0, "nothing_to_do"),
        (10, 10, 0, 0, 0, "nothing_to_do"),
        (0, 1, 0, 1, 0, "halted"),
        (0, 1, 0, 1, 1, "halted"),
        (0, 1, 0, 0, 0, "halted"),
        (50, 100, 0, 50, 0, "open"),
        (49, 100, 0, 51, 0, "halted"),
        (49, 100, 0, 51, 1, "open"),
        (450, 510, 0, 51, 0, "open"),
        (449, 509, 0, 51, 0, "halted"),
        (9_000, 10_000, 0, 1_000, 0, "open"),
        (8_999, 10_000, 0, 1_001, 0, "halted"),
        (8_999, 10_000, 5_000, 1_001, 0, "halted"),
        (8_000, 10_000, 0, 2_000, 1_000, "open"),
    ],
)
def test_judgement(
    desired: int, delivered: int, added: int, removed: int, by_choice: int, state: str
) -> None:
    judgement = judge(PlanCounts(desired, delivered, added, 0, removed, by_choice, 0))
    assert judgement.state == state
    assert (judgement.reason is None) == (state == "open")
