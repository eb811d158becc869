"""People: names, households, addresses, e-mail addresses."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from orchestration.brand.persons import KINDS, PRIMARY, SECOND, TYPO, Persons, make_persons
from orchestration.brand.window import Window

COUNT = 6_000


@pytest.fixture(scope="module")
def persons() -> Persons:
    window = Window.of(date(2026, 10, 31), 12)
    return make_persons(40_000, COUNT, window, np.random.default_rng(5))


def _mails(persons: Persons, kind: int) -> list[str]:
    rows = np.arange(persons.count)
    texts: list[str] = persons.mail_texts(rows, np.full(persons.count, kind)).to_pylist()
    return texts


def test_no_two_persons_share_an_own_address(persons: Persons) -> None:
    own = _mails(persons, PRIMARY) + _mails(persons, SECOND)
    assert len(set(own)) == 2 * COUNT
    assert not set(own) & set(_mails(persons, TYPO))


def test_shared_addresses_stand_behind_all_kinds(persons: Persons) -> None:
    assert persons.mail_texts(np.array([0, 9]), np.array([KINDS, -1])).to_pylist() == [
        "support@aurora-store.com",
        None,
    ]


def test_a_household_shares_name_place_and_address(persons: Persons) -> None:
    members = np.flatnonzero(persons.household_size > 1)
    head = persons.head[members]
    assert len(members) > COUNT / 20
    for column in (persons.last, persons.country, persons.place):
        assert bool((column[members] == column[head]).all())
    streets, of_head = persons.streets(members), persons.streets(head)
    assert streets.to_pylist() == of_head.to_pylist()


def test_strangers_never_share_a_phone(persons: Persons) -> None:
    alone = persons.household_size == 1
    numbers = np.stack([persons.country, *persons.phone_group])[:, alone]
    assert len(np.unique(numbers, axis=1).T) == alone.sum()


def test_shares_of_traits_are_those_the_graph_is_measured_on(persons: Persons) -> None:
    shared = np.unique(persons.head[persons.has_shared_device]).size
    assert shared / (shared + persons.device_count.sum()) == pytest.approx(0.08, abs=0.02)
    assert persons.has_second_mail.mean() > 0.1
    assert persons.has_apple_relay.mean() == pytest.approx(0.02, abs=0.006)
    assert persons.is_californian().mean() > 0.05
