"""What a delivery can reach, before it is sent: a forecast, never a measurement.

What lives here: identifier coverage with its interval, requests and minutes by declared limits.
What never does: a vendor's own match rate, which is known only after sending; statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from orchestration.destinations.base import Limits

# Two-sided 95 % of the normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """``count`` of ``n`` with Wilson's 95 % interval; all None where n is 0."""

    count: int
    n: int

    @property
    def ratio(self) -> float | None:
        return self.count / self.n if self.n else None

    @property
    def low(self) -> float | None:
        return None if self.n == 0 else max(0.0, self._middle - self._half)

    @property
    def high(self) -> float | None:
        return None if self.n == 0 else min(1.0, self._middle + self._half)

    @property
    def _middle(self) -> float:
        ratio = self.count / self.n
        return (ratio + Z_95**2 / (2 * self.n)) / (1 + Z_95**2 / self.n)

    @property
    def _half(self) -> float:
        ratio, n = self.count / self.n, self.n
        return Z_95 * sqrt(ratio * (1 - ratio) / n + Z_95**2 / (4 * n**2)) / (1 + Z_95**2 / n)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, ratios to four places."""
        figures = {"ratio": self.ratio, "low": self.low, "high": self.high}
        return {
            "count": self.count,
            "n": self.n,
            **{name: None if v is None else round(v, 4) for name, v in figures.items()},
        }

    def __str__(self) -> str:
        if self.ratio is None:
            return "nobody to reach (n = 0)"
        return (
            f"{self.ratio:.1%} ({self.count:,} of n = {self.n:,}; "
            f"95 % interval {self.low:.1%} to {self.high:.1%})"
        )


@dataclass(frozen=True)
class Coverage:
    """Rows that should stand at the vendor, by the identifiers that it could match."""

    rows: int
    with_email: int
    with_phone: int
    with_both: int
    with_click_id: int
    with_none: int
    unfit_emails: int
    unfit_phones: int

    @property
    def matchable(self) -> Share:
        """What a vendor could match at most; its own rate is lower or equal."""
        return Share(self.rows - self.with_none, self.rows)

    @property
    def shares(self) -> dict[str, Share]:
        """Every share of the rows, by name."""
        names = ("with_email", "with_phone", "with_both", "with_click_id", "with_none")
        invalid = ("unfit_emails", "unfit_phones")
        return {name: Share(getattr(self, name), self.rows) for name in (*names, *invalid)}

    def as_json(self) -> dict[str, Any]:
        """The forecast as Dagster and scripts read it."""
        return {
            "is_forecast": True,
            "interval": "Wilson, 95 %",
            "matchable_at_most": self.matchable.as_json(),
            **{name: share.as_json() for name, share in self.shares.items()},
        }


@dataclass(frozen=True)
class Cost:
    """What sending takes at least: requests by the declared limits, minutes at the declared rate.

    ``minutes`` is None where the vendor names no rate; ``days`` where it names no daily quota.
    """

    rows: int
    requests: int
    minutes: float | None
    days: float | None


def cost(limits: Limits, upserts: int, removals: int, payload_bytes: int) -> Cost:
    """The least that these rows cost; look-ups and polls of a vendor come on top."""
    requests = _requests(limits, upserts, payload_bytes) + _requests(limits, removals, 0)
    per_minute = limits.steady_per_minute or (limits.burst_per_second or 0) * 60
    return Cost(
        rows=upserts + removals,
        requests=requests,
        minutes=round(requests / per_minute, 2) if per_minute else None,
        days=round(requests / limits.requests_per_day, 4) if limits.requests_per_day else None,
    )


def _requests(limits: Limits, rows: int, payload_bytes: int) -> int:
    by_rows = ceil(rows / limits.rows_per_request)
    by_bytes = ceil(payload_bytes / limits.bytes_per_request) if limits.bytes_per_request else 0
    return max(by_rows, by_bytes)
