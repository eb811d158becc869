"""Waiting: full jitter, a growing window with a cap, the vendor's wish as a floor."""

from __future__ import annotations

import pytest

from orchestration.activation.backoff import delay_seconds, is_worth_waiting


@pytest.mark.parametrize(
    ("failures", "floor", "jitter", "seconds"),
    [
        (1, None, 0.0, 0.0),
        (1, None, 1.0, 1.0),
        (4, None, 0.5, 4.0),
        (50, None, 1.0, 300.0),
        (1, 120.0, 0.0, 120.0),
        (3, 120.0, 1.0, 124.0),
    ],
)
def test_delay(failures: int, floor: float | None, jitter: float, seconds: float) -> None:
    assert delay_seconds(failures, floor, lambda: jitter) == pytest.approx(seconds)


def test_patience_has_an_end() -> None:
    assert is_worth_waiting(7, None)
    assert is_worth_waiting(1, 900.0)
    assert not is_worth_waiting(8, None)
    assert not is_worth_waiting(1, 901.0)
