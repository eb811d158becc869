from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.errors import UnknownNameError
from orchestration.landing import FitHead, land_fit
from orchestration.landing.fits import FITS_KEPT
from tests.unit.landing.world import MOMENT, fetch, settings_at

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def head(day: int = 0, digest: str = "d", rows: int = 3) -> FitHead:
    return FitHead("identity", DAY + timedelta(days=day), digest, rows, MOMENT)


def rows(*pairs: tuple[str, str]) -> pa.Table:
    count = len(pairs)
    return pa.table({
        "left_node_key": pa.array([left for left, _ in pairs], pa.string()),
        "right_node_key": pa.array([right for _, right in pairs], pa.string()),
        "match_probability": pa.array([0.991234] * count, pa.float64()),
        "match_weight": pa.array([6.81] * count, pa.float64()),
        "person_probability": pa.array([0.995] * count, pa.float64()),
        "evidence": pa.array(["phone same"] * count, pa.string()),
    })


def test_a_fit_lands_with_its_moment_digest_and_clock(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    report = land_fit(settings, head(), "identity_match", rows(("a", "b")))
    assert report.table("fits.identity_match").landed == 1
    assert fetch(
        settings,
        "select left_node_key, right_node_key, cast(match_probability as varchar), input_digest,"
        " as_of_at, fitted_at from raw_fits.identity_match",
    ) == [("a", "b", "0.9912340000", "d", datetime(2026, 1, 1), MOMENT.replace(tzinfo=None))]
    assert fetch(
        settings, "select fit_name, input_row_count, output_row_count from raw_fits.fit"
    ) == [("identity", 3, 1)]


def test_the_same_moment_is_replaced_and_an_empty_fit_leaves_its_head(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    land_fit(settings, head(), "identity_match", rows(("a", "b"), ("c", "d")))
    land_fit(settings, head(digest="e"), "identity_match", rows())
    assert fetch(settings, "select count(*) from raw_fits.identity_match") == [(0,)]
    assert fetch(settings, "select input_digest, output_row_count from raw_fits.fit") == [("e", 0)]


def test_only_the_newest_fits_stay(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    for day in range(FITS_KEPT + 2):
        land_fit(settings, head(day), "identity_match", rows(("a", "b")))
    days = FITS_KEPT + 1
    assert fetch(
        settings, "select count(*), min(as_of_at), max(as_of_at) from raw_fits.fit"
    ) == [(FITS_KEPT, datetime(2026, 1, 3), datetime(2026, 1, 1) + timedelta(days=days))]
    assert fetch(settings, "select count(*) from raw_fits.identity_match") == [(FITS_KEPT,)]


def test_a_fit_of_no_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="another_match"):
        land_fit(settings_at(tmp_path), head(), "another_match", rows())
