"""Settings that people decide planning with: read, defaulted, and refused in plain words."""

from __future__ import annotations

import pytest

from orchestration.errors import ConfigurationError
from orchestration.settings import Settings


def test_by_default_one_person_signs_and_orders_must_be_fresh() -> None:
    settings = Settings.from_env({})
    assert settings.second_person_above is None
    assert (settings.stale_after_hours, settings.stale_sources) == (48.0, ("shopify",))
    assert settings.smallest_ads_audience == 50


def test_they_are_read() -> None:
    settings = Settings.from_env({
        "TRIBUTARY_SECOND_PERSON_ABOVE": "5000",
        "TRIBUTARY_STALE_AFTER_HOURS": "6",
        "TRIBUTARY_SMALLEST_ADS_AUDIENCE": "100",
        "TRIBUTARY_STALE_SOURCES": "shopify,web",
    })
    assert settings.second_person_above == 5_000
    assert settings.smallest_ads_audience == 100
    assert (settings.stale_after_hours, settings.stale_sources) == (6, ("shopify", "web"))
    assert Settings.from_env({"TRIBUTARY_STALE_SOURCES": ""}).stale_sources == ()


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "1.5"])
@pytest.mark.parametrize(
    "variable", ["TRIBUTARY_SECOND_PERSON_ABOVE", "TRIBUTARY_STALE_AFTER_HOURS"]
)
def test_a_wrong_number_is_refused(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        Settings.from_env({variable: text})
