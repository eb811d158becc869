"""The second question by hand-made levels, whatever a crowd would teach."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from orchestration.fits.model import WORDS
from orchestration.fits.relatives import SHARED, person_probability
from orchestration.fits.short_names import FORMAL_NAMES

# The noisiest shop that there could be: half of a person's own records show another first name.
M = {
    "first_name": {"same": 0.3, "swapped": 0.05, "near": 0.05, "distant": 0.05, "different": 0.5},
    "birth_date": {"same": 1.0, "slip": 0.5, "distant": 0.5, "different": 0.3},
    "email": {"same": 0.5, "slip": 0.2, "near": 0.2, "different": 0.4},
    "phone": {"same": 0.8, "slip": 0.1, "different": 0.2},
    "last_name": {"same": 0.9},
}


def model() -> dict[str, Any]:
    return {
        "comparisons": [
            {
                "output_column_name": name,
                "comparison_levels": [
                    {"is_null_level": True},
                    *(
                        {
                            "m_probability": shares.get(word, 1e-3),
                            "u_probability": 0.95 if word == "different" else 1e-7,
                        }
                        for word in reversed(WORDS[name].levels)
                    ),
                ],
            }
            for name, shares in M.items()
        ]
    }


def probability(**levels: str) -> float:
    gammas = {
        name: pd.Series([words.levels.index(levels[name]) if name in levels else -1])
        for name, words in WORDS.items()
    }
    return float(person_probability(gammas, model()).iloc[0])


def test_what_a_household_shares_says_nothing() -> None:
    assert probability(last_name="same", street="same", place="same") == 0.5


@pytest.mark.parametrize("name", ["different", "distant"])
@pytest.mark.parametrize("other", ["email", "phone"])
def test_no_noise_ties_twins(name: str, other: str) -> None:
    twins = {"first_name": name, "birth_date": "same"}
    assert probability(**twins) < 0.99
    assert probability(**twins, **{other: "slip"}) < 0.99
    assert probability(**twins, phone="same", email="slip") < 0.99


def test_a_name_alone_is_never_enough_and_a_differing_birth_date_outweighs_it() -> None:
    assert 0.5 < probability(first_name="same") < 0.99
    assert probability(first_name="same", birth_date="different", phone="same") < 0.99


@pytest.mark.parametrize(
    "levels",
    [
        {"first_name": "same", "birth_date": "same"},
        {"first_name": "same", "birth_date": "slip"},
        {"first_name": "near", "birth_date": "same"},
        {"first_name": "swapped", "birth_date": "same"},
        {"birth_date": "same", "email": "slip"},
        {"first_name": "same", "email": "slip", "phone": "same"},
    ],
)
def test_enough_of_ones_own_is_the_person(levels: dict[str, str]) -> None:
    assert probability(**levels) >= 0.99


def test_a_phone_speaks_only_where_the_first_name_does() -> None:
    assert probability(phone="same") == 0.5
    assert probability(phone="same", first_name="same") > probability(first_name="same")


def test_a_likeness_that_training_never_met_is_not_held_against_the_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(M["email"], "slip", 1e-6)
    same = {"first_name": "same", "phone": "same"}
    assert probability(**same, email="slip") == probability(**same)


def test_shared_levels_are_levels() -> None:
    for name, shares in SHARED.items():
        assert set(shares) <= set(WORDS[name].levels)


def test_a_short_form_of_several_names_tells_none() -> None:
    assert FORMAL_NAMES["bob"] == "robert"
    assert "harry" not in FORMAL_NAMES
    assert "nell" not in FORMAL_NAMES
