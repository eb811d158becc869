"""The second question by hand-made levels, whatever a crowd would teach."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from orchestration.fits.model import WORDS
from orchestration.fits.relatives import (
    SHARED,
    UNSEEN,
    person_odds_at_home,
    person_probability,
)
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


def gammas_of(*pairs: dict[str, str]) -> dict[str, pd.Series[int]]:
    return {
        name: pd.Series([words.levels.index(pair[name]) if name in pair else -1 for pair in pairs])
        for name, words in WORDS.items()
    }


def probability(odds_at_home: float = 1.0, **levels: str) -> float:
    return float(person_probability(gammas_of(levels), model(), odds_at_home).iloc[0])


def test_what_a_household_shares_says_nothing() -> None:
    assert probability(last_name="same", street="same", place="same") == 0.5


@pytest.mark.parametrize("name", ["different", "distant"])
@pytest.mark.parametrize("other", ["email", "phone"])
@pytest.mark.parametrize("odds", [1, 1e6])
def test_no_noise_and_no_crowd_ties_twins(name: str, other: str, odds: float) -> None:
    twins = {"first_name": name, "birth_date": "same"}
    assert probability(odds, **twins) < 0.99
    assert probability(odds, **twins, **{other: "slip"}) < 0.99
    assert probability(odds, **twins, phone="same", email="slip") < 0.99


@pytest.mark.parametrize("odds", [1, 1e6])
def test_a_differing_birth_date_outweighs_a_name(odds: float) -> None:
    assert probability(odds, first_name="same", birth_date="different", phone="same") < 0.99


def test_a_name_alone_is_not_enough_at_even_odds() -> None:
    assert 0.5 < probability(first_name="same") < 0.99


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


ONE = {"first_name": "same", "birth_date": "same"}
RELATIVES = {"first_name": "different", "birth_date": "different", "phone": "different"}


@pytest.fixture
def tidy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop whose persons write their own name and birth date alike."""
    monkeypatch.setitem(M["first_name"], "different", 0.01)
    monkeypatch.setitem(M["birth_date"], "different", 0.01)


@pytest.mark.usefixtures("tidy")
def test_a_shop_of_few_families_shows_it_and_its_doubt() -> None:
    odds = person_odds_at_home(gammas_of(*[ONE] * 500, *[RELATIVES] * 25), model())
    assert odds == pytest.approx(503 / (25 + 1.645 * 5 + UNSEEN), rel=0.01)


@pytest.mark.usefixtures("tidy")
def test_where_no_relative_was_seen_there_may_be_three() -> None:
    odds = person_odds_at_home(gammas_of(*[ONE] * 297), model())
    assert odds == pytest.approx(300 / UNSEEN, rel=0.03)


@pytest.mark.usefixtures("tidy")
def test_a_shop_of_families_is_more_careful() -> None:
    odds = person_odds_at_home(gammas_of(*[ONE] * 50, *[RELATIVES] * 400), model())
    assert odds == pytest.approx(53 / (400 + 1.645 * 20 + UNSEEN), rel=0.01)


@pytest.mark.parametrize("unknown", ["first_name", "birth_date"])
def test_a_home_that_does_not_tell_father_and_son_teaches_nothing(unknown: str) -> None:
    seen = {name: level for name, level in ONE.items() if name != unknown}
    assert person_odds_at_home(gammas_of(*[seen] * 500), model()) == 1.0


def test_what_a_shop_shows_of_its_homes_counts_for_each_pair() -> None:
    assert probability(first_name="same") < 0.99 <= probability(50, first_name="same")


@pytest.mark.parametrize("name", ["first_name", "birth_date", "email", "phone"])
def test_what_a_shop_shows_does_not_outweigh_a_differing_trait(name: str) -> None:
    others = {"birth_date": "same"} if name == "first_name" else {"first_name": "same"}
    pair = {name: "different", **others}
    assert probability(50, **pair) == probability(1, **pair)
    assert probability(0.2, **pair) < probability(1, **pair)
