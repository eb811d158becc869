"""How often a vendor lets itself be asked, as data, and the place where somebody keeps to it.

What lives here: rates by bucket, and the Protocol of whoever makes a request wait.
What never does: the ledger, counting.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Rate:
    """Requests that one account may make; those with the same ``bucket`` count together."""

    bucket: str
    burst_per_second: int | None = None
    steady_per_minute: int | None = None
    requests_per_day: int | None = None

    @property
    def windows(self) -> tuple[tuple[float, int], ...]:
        """(seconds, requests) of every limit that the vendor names."""
        named = (
            (1.0, self.burst_per_second),
            (MINUTE_SECONDS, self.steady_per_minute),
            (DAY_SECONDS, self.requests_per_day),
        )
        return tuple((seconds, requests) for seconds, requests in named if requests is not None)


class Pacer(Protocol):
    """The sender's clock as plug-ins see it: makes each request wait for its turn."""

    def now(self) -> datetime:
        """The sender's time, aware."""
        ...

    def wait(self, rate: Rate) -> None:
        """Return when one more request may go.

        Raises:
            RetriableError: the vendor asked for a longer pause than anybody waits for.
        """
        ...

    def answered(self, rate: Rate) -> None:
        """The request has its answer: from here on its place in the window counts."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait out a short pause that the vendor asked for inside one step."""
        ...


class Unpaced:
    """For single calls: nobody keeps count."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, rate: Rate) -> None:
        return None

    def answered(self, rate: Rate) -> None:
        return None

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def rate_of(rates: Mapping[str, Rate], operation: str) -> Rate | None:
    """The rate of an operation; ``*`` stands for those that are not named."""
    return rates.get(operation) or rates.get("*")
