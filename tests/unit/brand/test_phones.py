"""Phone numbers as typed: every spelling means the same valid number."""

from __future__ import annotations

from datetime import date

import numpy as np
import phonenumbers
import pytest

from orchestration.brand.persons import Persons, make_persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.window import Window

COUNT = 1_500


@pytest.fixture(scope="module")
def persons() -> Persons:
    window = Window.of(date(2026, 10, 31), 12)
    return make_persons(0, COUNT, window, np.random.default_rng(5))


def _typed(persons: Persons, style: int) -> list[str | None]:
    column = raw_phones(persons, np.arange(COUNT), np.full(COUNT, style))
    texts: list[str | None] = column.to_pylist()
    return texts


@pytest.mark.parametrize("style", range(6))
def test_a_spelling_is_the_persons_valid_number_in_their_country(
    persons: Persons, style: int
) -> None:
    e164 = _typed(persons, 2)
    countries = persons.country_codes(np.arange(COUNT)).to_pylist()
    for country, text, expected in zip(countries, _typed(persons, style), e164, strict=True):
        if text is not None:
            number = phonenumbers.parse(text, country)
            assert phonenumbers.is_valid_number(number), (country, text)
            assert f"+{number.country_code}{number.national_number}" == expected


def test_a_person_without_a_phone_types_none(persons: Persons) -> None:
    missing = np.array([text is None for text in _typed(persons, 0)])
    assert missing.tolist() == (~persons.has_phone).tolist()


def test_broken_spellings_are_no_numbers(persons: Persons) -> None:
    for style in range(6, 12):
        for text in {text for text in _typed(persons, style) if text}:
            try:
                assert not phonenumbers.is_valid_number(phonenumbers.parse(text, "US"))
            except phonenumbers.NumberParseException:
                continue
