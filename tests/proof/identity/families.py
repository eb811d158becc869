"""Generated persons who live as families, with the records that they and their slips leave.

What lives here: households with twins, namesakes and shared phones, in worlds of many families or
of few; how records go wrong; what two persons are to each other.
What never does: a matcher, or persons of anybody else. Seeds below ``HELD_OUT`` may be tuned on.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from orchestration.brand.persons import FIRST_WORDS, LAST_WORDS
from orchestration.fits.traits import COLUMNS
from tests.proof.identity.person_sets import PersonSet

HELD_OUT = 100
HOUSEHOLDS = 700
_SYLLABLES = ("bar", "den", "kel", "lor", "mun", "nat", "per", "ros", "sel", "tor", "vin", "wal")
_MAILS = ("mail.test", "post.test", "inbox.test")
_SHORT = {"robert": "bob", "james": "jim", "henry": "hank", "thomas": "tom", "louis": "lou"}

Person = dict[str, str | None]


@dataclass(frozen=True)
class World:
    """Shares: of households that show one person only, of those that are twins or parent and child
    of one name and nobody else, of copies that show another first name."""

    name: str
    alone_rate: float = 0.0
    doubles_rate: float = 0.0
    other_name_rate: float = 0.0
    households: int = HOUSEHOLDS


FAMILIES = World("families")
WORLDS = (
    World("families, many names", other_name_rate=0.06),
    World("singles and families", alone_rate=0.7, other_name_rate=0.02, households=1000),
    World("few families, clean", alone_rate=0.97, households=1500),
    # Persons of many names in a crowd of few families: hard to tell from twins.
    World("few families", alone_rate=0.97, other_name_rate=0.06, households=1500),
    # No shop is like this: relatives who are all doubles. It shows what homes cannot teach.
    World("doubles only", 1.0, doubles_rate=0.02, other_name_rate=0.06, households=1500),
)


@dataclass(frozen=True)
class FamilySet(PersonSet):
    """A set of persons whose households and true traits are known."""

    persons: Mapping[str, tuple[int, Person]]

    def relation(self, left: str, right: str) -> str:
        """What the persons of two records are to each other."""
        one, other = self.person_of[left], self.person_of[right]
        if one == other:
            return "one person"
        if self.persons[one][0] != self.persons[other][0]:
            return "strangers"
        return _relation(self.persons[one][1], self.persons[other][1])

    @property
    def relatives(self) -> Counter[str]:
        """How many pairs of persons of one home there are of each kind."""
        homes: dict[int, list[Person]] = {}
        for home, person in self.persons.values():
            homes.setdefault(home, []).append(person)
        return Counter(
            _relation(one, other) for home in homes.values() for one, other in combinations(home, 2)
        )


def _relation(one: Person, other: Person) -> str:
    if one["first_name"] == other["first_name"]:
        return "namesakes"
    is_twin = one["birth_date"] is not None and one["birth_date"] == other["birth_date"]
    return "twins" if is_twin else "other relatives"


def family_set(seed: int, world: World = FAMILIES) -> FamilySet:
    """Some thousands of records of a world's households; the same seed, the same records."""
    chance = random.Random(seed)
    rows, person_of = [], {}
    homes = [_household(chance, world) for _ in range(world.households)]
    persons = [(number, one) for number, home in enumerate(homes) for one in home]
    for number, (_, person) in enumerate(persons):
        for copy in range(chance.choices((1, 2, 3), (0.55, 0.3, 0.15))[0]):
            key = f"{number:05}-{copy}"
            shown = person if copy == 0 else _gone_wrong(person, chance, world)
            rows.append({"node_key": key, **shown})
            person_of[key] = str(number)
    records = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(object)
    records = records.where(records.notna(), None).sample(frac=1, random_state=seed)
    return FamilySet(
        f"{world.name} {seed}",
        records.reset_index(drop=True),
        person_of,
        {str(number): one for number, one in enumerate(persons)},
    )


def _household(chance: random.Random, world: World) -> list[Person]:
    town, last = "".join(chance.choices(_SYLLABLES, k=2)), _last_name(chance)
    home = {
        "last_name": last, "city": f"{town}ton", "zip": f"{chance.randrange(10_000, 99_999)}",
        "street": f"{chance.randrange(1, 300)} {''.join(chance.choices(_SYLLABLES, k=2))} street",
        "country_code": "us",
    }  # fmt: skip
    landline = _phone(chance) if chance.random() < 0.3 else None
    adults = [_person(chance, home, landline, chance.randrange(1940, 1985)) for _ in range(2)]
    if chance.random() < 0.2:
        adults[1]["last_name"] = _last_name(chance)
    people = adults[: chance.choice((1, 2, 2))]
    for _ in range(chance.choices((0, 1, 2), (0.5, 0.25, 0.25))[0]):
        people.append(_person(chance, home, landline, chance.randrange(1985, 2007)))
    grown = people[-1]
    if chance.random() < 0.05:
        people.append(_person(chance, home, landline, 1990) | {"birth_date": grown["birth_date"]})
    if chance.random() < 0.04:
        parent, year = people[0], chance.randrange(1985, 2007)
        people.append(_person(chance, home, landline, year) | {"first_name": parent["first_name"]})
    if world.doubles_rate and chance.random() < world.doubles_rate:
        return _doubles(chance, home, landline)
    return people[:1] if world.alone_rate and chance.random() < world.alone_rate else people


def _doubles(chance: random.Random, home: Person, landline: str | None) -> list[Person]:
    one, other = (_person(chance, home, landline, year) for year in (1960, 1988))
    shared = chance.choice(("first_name", "birth_date"))
    return [one, other | {shared: one[shared]}]


def _person(chance: random.Random, home: Person, landline: str | None, year: int) -> Person:
    first = _first_name(chance)
    phone = landline if landline and chance.random() < 0.6 else _phone(chance)
    return home | {
        "first_name": first,
        "email": _email(chance, first, str(home["last_name"])) if chance.random() < 0.8 else None,
        "phone": phone if chance.random() < 0.7 else None,
        "birth_date": f"{year}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        if chance.random() < 0.8
        else None,
    }


def _gone_wrong(person: Person, chance: random.Random, world: World) -> Person:
    """Another record of the person: each trait may be missing, new, or mistyped."""
    shown = dict(person)
    for trait in ("street", "city", "zip", "email", "phone", "birth_date"):
        if chance.random() < 0.12:
            shown[trait] = None
    first, last = str(person["first_name"]), str(person["last_name"])
    if chance.random() < 0.45:
        shown["email"] = _email(chance, first, last)
    if chance.random() < 0.2:
        shown["phone"] = _phone(chance)
    if chance.random() < 0.06:
        shown |= _address(chance)
    shown = _named_wrong(_mistyped(shown, chance), first, chance)
    if world.other_name_rate and chance.random() < world.other_name_rate:
        shown["first_name"] = _first_name(chance)
    return shown


def _mistyped(shown: Person, chance: random.Random) -> Person:
    for trait in ("first_name", "last_name", "street", "email", "zip"):
        if shown[trait] and chance.random() < 0.12:
            shown[trait] = _slip(str(shown[trait]), chance)
    if shown["birth_date"] and chance.random() < 0.12:
        shown["birth_date"] = _wrong_date(str(shown["birth_date"]), chance)
    return shown


def _named_wrong(shown: Person, first: str, chance: random.Random) -> Person:
    way = chance.random()
    if way < 0.05:
        shown["first_name"], shown["last_name"] = shown["last_name"], shown["first_name"]
    elif way < 0.09:
        shown["first_name"] = _SHORT.get(first, first[0])
    elif way < 0.12:
        shown["first_name"] = None
    return shown


def _wrong_date(date: str, chance: random.Random) -> str:
    year, month, day = date.split("-")
    way = chance.random()
    if way < 0.3 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    if way < 0.7:
        place = chance.choice((2, 3, 9))
        return date[:place] + str(chance.randrange(10)) + date[place + 1 :]
    return f"{chance.randrange(1940, 2007)}-{month}-{day}"


def _slip(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice((
        text[:place] + letter + text[place:], text[:place] + letter + text[place + 1 :],
        text[:place] + text[place + 1 :] or letter,
        text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
    ))  # fmt: skip


def _address(chance: random.Random) -> Person:
    return {
        "street": f"{chance.randrange(1, 300)} {''.join(chance.choices(_SYLLABLES, k=2))} street",
        "city": f"{''.join(chance.choices(_SYLLABLES, k=2))}ton",
        "zip": f"{chance.randrange(10_000, 99_999)}",
    }


def _email(chance: random.Random, first: str, last: str) -> str:
    box = chance.choice((
        f"{first}.{last}", f"{first[0]}.{last}", f"{first}{chance.randrange(10, 99)}",
        f"{last}{chance.randrange(10, 999)}", "".join(chance.choices(_SYLLABLES, k=3)),
    ))  # fmt: skip
    return f"{box}@{chance.choice(_MAILS)}"


def _first_name(chance: random.Random) -> str:
    first = chance.choice(FIRST_WORDS).lower()
    if chance.random() < 0.4:
        first = "".join(chance.choices(_SYLLABLES, k=2)) + chance.choice(("a", "o", ""))
    return first


def _last_name(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(LAST_WORDS).lower()
    return "".join(chance.choices(_SYLLABLES, k=2))


def _phone(chance: random.Random) -> str:
    return f"+1650{chance.randrange(10**6, 10**7)}"
