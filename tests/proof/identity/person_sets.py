"""Third-party persons with known duplicates, in the layout of our traits.

What lives here: reading, lower case as ``int_identity_traits`` gives it, the truth beside it.
What never does: shipping the data; it is read where it lies, and its absence is a result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from orchestration.fits.traits import COLUMNS, Traits

AS_OF = datetime(2026, 1, 1)
Link = tuple[str, str]
FEBRL = ("febrl dataset1", "febrl dataset3")
FAKE = "splink fake_1000"


@dataclass(frozen=True)
class PersonSet:
    """Records in the layout of traits, and the true person of each."""

    name: str
    records: pd.DataFrame
    person_of: Mapping[str, str]

    @property
    def traits(self) -> Traits:
        columns = {name: pa.array(self.records[name], pa.string()) for name in COLUMNS}
        return Traits(pa.table(columns), AS_OF)


@dataclass(frozen=True)
class Score:
    """Of all pairs in the clusters that links make: precision, recall and their mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"{self.f1:.4f} (P {self.precision:.4f}, R {self.recall:.4f})"


def person_sets(data: Path, quick: bool) -> list[PersonSet]:
    """The sets below ``data``; the first only if ``quick``."""
    sets = [_febrl(data, 1)]
    return sets if quick else [*sets, _febrl(data, 3), _fake(data)]


def components(links: Iterable[Link], records: Iterable[str]) -> dict[str, str]:
    """Record → a record that stands for all that links join (union-find)."""
    parent = {record: record for record in records}

    def root(record: str) -> str:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for left, right in links:
        parent[root(left)] = root(right)
    return {record: root(record) for record in parent}


def score(links: Iterable[Link], person_of: Mapping[str, str]) -> Score:
    """Close the links to clusters and count pairs of records in both partitions."""
    found = components(links, person_of)
    correct = _pairs((found[record], person) for record, person in person_of.items())
    predicted, true = _pairs(found.values()), _pairs(person_of.values())
    return Score(correct / predicted if predicted else 0.0, correct / true)


def _pairs(groups: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())


def _febrl(data: Path, number: int) -> PersonSet:
    """The social security number stays out: no shop has one."""
    raw = pd.read_csv(data / "febrl" / f"dataset{number}.csv", dtype=str, skipinitialspace=True)
    birth = raw["date_of_birth"]
    street = raw["street_number"].fillna("") + " " + raw["address_1"].fillna("")
    records = _laid_out({
        "node_key": raw["rec_id"], "first_name": raw["given_name"], "last_name": raw["surname"],
        "street": street, "city": raw["suburb"], "region": raw["state"], "zip": raw["postcode"],
        "birth_date": birth.str[:4] + "-" + birth.str[4:6] + "-" + birth.str[6:],
    })  # fmt: skip
    persons = raw["rec_id"].str.split("-").str[1]
    return PersonSet(FEBRL[number > 1], records, dict(zip(raw["rec_id"], persons, strict=True)))


def _fake(data: Path) -> PersonSet:
    raw = pd.read_csv(data / "splink_fake_1000" / "fake_1000.csv", dtype=str)
    records = _laid_out({
        "node_key": raw["unique_id"], "first_name": raw["first_name"], "last_name": raw["surname"],
        "city": raw["city"], "email": raw["email"], "birth_date": raw["dob"],
    })  # fmt: skip
    return PersonSet(FAKE, records, dict(zip(raw["unique_id"], raw["cluster"], strict=True)))


def _laid_out(columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    frame = pd.DataFrame(columns).reindex(columns=list(COLUMNS)).astype(object)
    for name in COLUMNS[1:]:
        text = frame[name].astype("string").str.strip().str.lower().replace("", pd.NA)
        frame[name] = text.astype(object)
    return frame.where(frame.notna(), None)
