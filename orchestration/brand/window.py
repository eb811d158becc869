"""Time in the brand: the months it covers, its seasons, the shop's calendar.

What lives here: the window, the seasonal clock that turns uniform draws into times, and the shop's
date of a UTC time.
What never does: the machine's clock or time zone data (New York's rule is written out below).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from orchestration.brand.arrays import Ints

DAY = 86_400
_EPOCH = date(1970, 1, 1)
_MONTH_WEIGHT = (0.86, 0.88, 0.94, 0.96, 1.02, 0.98, 0.9, 0.92, 0.98, 1.04, 1.62, 1.34)
_WEEKDAY_WEIGHT = (1.0, 0.98, 0.97, 1.0, 1.04, 1.02, 1.1)
# Local hours of the day: quiet nights, a lunch bump, a long evening.
_HOUR_WEIGHT = (
    2, 1, 1, 1, 1, 2, 4, 6, 8, 10, 12, 14, 15, 13, 12, 12, 12, 13, 15, 18, 20, 18, 11, 5,
)


@dataclass(frozen=True)
class Window:
    """The days from ``first`` to ``last``, both included, in UTC."""

    first: date
    last: date

    @classmethod
    def of(cls, end: date, months: int) -> Window:
        """The ``months`` calendar months that end with the day ``end``."""
        after = end + timedelta(days=1)
        place = after.year * 12 + after.month - 1 - months
        return cls(first=date(place // 12, place % 12 + 1, min(after.day, 28)), last=end)

    @property
    def first_day(self) -> int:
        return (self.first - _EPOCH).days

    @property
    def last_day(self) -> int:
        return (self.last - _EPOCH).days

    @property
    def start(self) -> int:
        return self.first_day * DAY

    @property
    def end(self) -> int:
        """The last second of the brand; nothing happens later."""
        return (self.last_day + 1) * DAY - 1

    @property
    def day_count(self) -> int:
        return self.last_day - self.first_day + 1

    @cached_property
    def _season(self) -> npt.NDArray[np.float64]:
        days = [self.first + timedelta(days=offset) for offset in range(self.day_count)]
        weights = [
            _MONTH_WEIGHT[day.month - 1]
            * _WEEKDAY_WEIGHT[day.weekday()]
            * (2.2 if day.month == 11 and 23 <= day.day <= 30 else 1.0)
            for day in days
        ]
        cumulative = np.concatenate([[0.0], np.cumsum(np.array(weights))])
        return np.asarray(cumulative / cumulative[-1])

    def season_at(self, seconds: Ints) -> npt.NDArray[np.float64]:
        """Share of the window's activity that lies before a time: 0 to 1."""
        days = np.arange(self.day_count + 1, dtype=np.float64) * DAY + self.start
        return np.interp(seconds.astype(np.float64), days, self._season)

    def seconds_of(
        self, season: npt.NDArray[np.float64], rng: np.random.Generator, shift_hours: int = 5
    ) -> Ints:
        """Times of given shares of the season, with an hour drawn from a shopping day.

        Args:
            season: shares in [0, 1).
            shift_hours: hours that the shop's day lies behind UTC.
        """
        days = np.searchsorted(self._season, season, side="right") - 1
        days = np.clip(days, 0, self.day_count - 1)
        weights = np.cumsum(_HOUR_WEIGHT) / sum(_HOUR_WEIGHT)
        hours = (np.searchsorted(weights, rng.random(len(days)), side="right") + shift_hours) % 24
        seconds = rng.integers(0, 3600, len(days))
        return np.asarray((self.first_day + days) * DAY + hours * 3600 + seconds, dtype=np.int64)


def shop_day(seconds: Ints) -> Ints:
    """The date in New York (days since 1970) of UTC times.

    Summer time runs from the second Sunday of March 02:00 to the first Sunday of November 02:00.
    """
    if not len(seconds):
        return np.zeros(0, np.int64)
    low, high = int(seconds.min()) // DAY // 366 + 1969, int(seconds.max()) // DAY // 365 + 1971
    offset = np.full(len(seconds), -5 * 3600, np.int64)
    for year in range(low, high + 1):
        begins = _sunday(year, 3, 2) * DAY + 7 * 3600
        ends = _sunday(year, 11, 1) * DAY + 6 * 3600
        offset[(seconds >= begins) & (seconds < ends)] = -4 * 3600
    return (seconds + offset) // DAY


def _sunday(year: int, month: int, place: int) -> int:
    first = date(year, month, 1)
    day = first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (place - 1))
    return (day - _EPOCH).days
