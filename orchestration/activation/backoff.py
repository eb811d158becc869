"""How long to wait before the next attempt.

What lives here: full jitter over a growing window, never below what the vendor asked for.
What never does: sleeping; reading a clock.
"""

from __future__ import annotations

from collections.abc import Callable

BASE_SECONDS = 1.0
CAP_SECONDS = 300.0
ATTEMPTS = 8
# A vendor that asks for longer is left alone until the next run.
PATIENCE_SECONDS = 900.0


def delay_seconds(
    failures: int, retry_after_seconds: float | None, jitter: Callable[[], float]
) -> float:
    """Seconds to wait after the n-th failure in a row (n from 1); ``jitter`` gives 0 to 1."""
    window = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** (failures - 1))
    return (retry_after_seconds or 0.0) + window * jitter()


def is_worth_waiting(failures: int, retry_after_seconds: float | None) -> bool:
    """False where the attempts are used up or the vendor asks for too long."""
    return failures < ATTEMPTS and (retry_after_seconds or 0.0) <= PATIENCE_SECONDS
