"""Months, seasons and the shop's date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from orchestration.brand.window import DAY, Window, shop_day

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("end", "months", "first"),
    [
        (date(2026, 10, 31), 18, date(2025, 5, 1)),
        (date(2026, 10, 31), 12, date(2025, 11, 1)),
        (date(2026, 12, 31), 1, date(2026, 12, 1)),
        (date(2026, 10, 15), 2, date(2026, 8, 16)),
    ],
)
def test_the_window_starts_whole_months_before_the_day_after_its_end(
    end: date, months: int, first: date
) -> None:
    window = Window.of(end, months)
    assert (window.first, window.last) == (first, end)
    assert window.end - window.start == window.day_count * DAY - 1


def test_the_shop_date_follows_new_york_through_every_hour_of_five_years() -> None:
    start = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp())
    seconds = np.arange(start, start + 5 * 366 * DAY, 3_600, dtype=np.int64)
    expected = [
        datetime.fromtimestamp(int(second), NEW_YORK).date().toordinal() for second in seconds
    ]
    epoch = date(1970, 1, 1).toordinal()
    assert (shop_day(seconds) + epoch).tolist() == expected
    assert shop_day(np.zeros(0, np.int64)).tolist() == []


def test_november_is_busier_than_july_and_times_stay_inside() -> None:
    window = Window.of(date(2026, 10, 31), 12)
    rng = np.random.default_rng(1)
    seconds = window.seconds_of(rng.random(50_000), rng)
    assert (window.start <= seconds.min(), seconds.max() <= window.end) == (True, True)
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(str)
    assert (months == "2025-11").sum() > 1.6 * (months == "2026-07").sum()


def test_the_season_share_grows_with_time() -> None:
    window = Window.of(date(2026, 10, 31), 3)
    shares = window.season_at(np.linspace(window.start, window.end, 50).astype(np.int64))
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1, abs=1e-6)
    assert bool((np.diff(shares) > 0).all())
