"""Which records are compared at all.

What lives here: blocking keys, and the cap on how many records may share one.
What never does: a comparison of two records.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

# A block of n records makes n² / 2 pairs; a key that more of them share says little of a person.
BLOCK_RECORDS_MAX = 30

# Blocking key → what it joins; ``column:n`` takes the first n characters, ``email:@`` the mailbox.
BLOCKS = {
    "block_email": ("email",),
    "block_mailbox": ("email:@",),
    "block_phone": ("phone",),
    "block_name": ("first_name", "last_name"),
    "block_last_name_zip": ("last_name", "zip"),
    "block_last_name_city": ("last_name", "city"),
    "block_first_name_zip": ("first_name", "zip"),
    "block_first_name_city": ("first_name", "city"),
    "block_street": ("street", "city:3"),
    "block_birth_date": ("birth_date",),
    "block_birth_date_last_name": ("birth_date", "last_name:1"),
    "block_birth_date_first_name": ("birth_date", "first_name:1"),
    # Rare names only: the cap takes the others out.
    "block_last_name": ("last_name",),
}
# One home: who shares it is one person, or a relative.
HOME = "block_home"


def with_blocks(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their blocking keys; null where nobody else has it, or too many do."""
    keys: dict[str, pd.Series[Any]] = {}
    for name, parts in {**BLOCKS, HOME: ("last_name", "street")}.items():
        key = _part(rows, parts[0])
        for part in parts[1:]:
            key = key + "|" + _part(rows, part)
        sizes = key.map(key.value_counts())
        keys[name] = key.where(sizes.between(2, BLOCK_RECORDS_MAX))
    return rows.assign(**keys)


def block_pair_count(rows: pd.DataFrame, blocks: Iterable[str]) -> int:
    """Pairs that the blocks ask for; a pair in two blocks counts twice."""
    return sum(pair_count(rows, (name,)) for name in blocks)


def pair_count(rows: pd.DataFrame, columns: tuple[str, ...]) -> int:
    """Pairs of rows that share these columns."""
    sizes = rows.dropna(subset=list(columns)).groupby(list(columns)).size()
    return int((sizes * (sizes - 1) // 2).sum())


def _part(rows: pd.DataFrame, part: str) -> pd.Series[Any]:
    column, _, cut = part.partition(":")
    values = rows[column].astype("string")
    if cut == "@":
        return values.str.partition("@")[0]
    return values.str[: int(cut)] if cut else values
