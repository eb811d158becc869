"""Hand-made persons for the matcher.

What lives here: a crowd to learn from, and records by name.
What never does: a case that a test asserts.
"""

from __future__ import annotations

import random
from datetime import datetime

import pyarrow as pa

from orchestration.fits.traits import COLUMNS, Traits

AS_OF = datetime(2026, 1, 1)
_SYLLABLES = ("ka", "lo", "mi", "ru", "se", "ta", "vo", "ni", "pe", "du")
Record = dict[str, str | None]


def record(key: str, **traits: str) -> Record:
    return {**dict.fromkeys(COLUMNS), "node_key": key, **traits}


def crowd(size: int = 300) -> list[Record]:
    """Persons of an account and an order each; orders differ as people's orders do."""
    chance, records = random.Random(1), []
    for number in range(size):
        first, last, town = ("".join(chance.choices(_SYLLABLES, k=n)) for n in (2, 3, 2))
        day = chance.randrange(10, 19)
        person = {
            "first_name": first, "last_name": last, "city": f"{town}ton",
            "zip": f"{chance.randrange(10_000, 99_999)}", "email": f"{first}{number}@x.test",
            "street": f"{chance.randrange(1, 200)} {chance.choice(_SYLLABLES)}{last} road",
            "phone": _phone(chance), "birth_date": f"{chance.randrange(1940, 2005)}-03-{day}",
        }  # fmt: skip
        order = person | {
            "street": _slip(person["street"]) if number % 5 == 0 else person["street"],
            "email": f"{last}{number}@y.test" if number % 3 == 0 else person["email"],
            "phone": _phone(chance) if number % 7 == 0 else person["phone"],
            "birth_date": f"{person['birth_date'][:-1]}9" if number % 11 == 0
            else person["birth_date"],
        }  # fmt: skip
        records += [
            record(f"shop|account|{number:04}", **person),
            record(f"shop|order|{number:04}", **order),
        ]
    return records


def couples(size: int = 80) -> list[Record]:
    """Homes of two persons of one last name and phone: a shop of families."""
    chance, records = random.Random(3), []
    for number in range(size):
        last = "".join(chance.choices(_SYLLABLES, k=4))
        home = {
            "last_name": last, "city": "nearton", "zip": f"{chance.randrange(10_000, 99_999)}",
            "street": f"{number} {last} road", "phone": _phone(chance),
        }  # fmt: skip
        for one in range(2):
            first = "".join(chance.choices(_SYLLABLES, k=3))
            birth_date = f"{chance.randrange(1940, 2005)}-07-{chance.randrange(10, 29)}"
            records.append(
                record(f"home|{number:04}|{one}", first_name=first, birth_date=birth_date, **home)
            )
    return records


def _phone(chance: random.Random) -> str:
    return f"+1650{chance.randrange(10**6, 10**7)}"


def _slip(text: str) -> str:
    return text.replace("road", "raod")


def traits(records: list[Record]) -> Traits:
    columns = {name: pa.array([one[name] for one in records], pa.string()) for name in COLUMNS}
    return Traits(pa.table(columns), AS_OF)
