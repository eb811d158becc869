"""Columns: numpy values in, Arrow arrays out, never a loop over rows.

What lives here: builders for text, money, time and flags; -1 in an index means null.
What never does: any word or number of the brand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Column: TypeAlias = Any  # a pyarrow array; pyarrow ships no types

_HEX_PAIRS = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
_MONEY = pa.decimal128(18, 2)
_RATE = pa.decimal128(18, 8)


def pick(values: Sequence[str], index: Ints) -> Column:
    """Text of a short list of distinct words, as a dictionary column; index -1 is null."""
    indices = pa.array(index.astype(np.int32), mask=index < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(values), pa.string()))


def take(values: Column | Sequence[str], index: Ints) -> Column:
    """Text of any list (repetitions allowed), as plain strings; index -1 is null."""
    source: Column = pa.array(values, pa.string()) if isinstance(values, list | tuple) else values
    return source.take(pa.array(index, mask=index < 0))


def const(value: str, count: int) -> Column:
    """One word for every row."""
    return pick([value], np.zeros(count, np.int64))


def none(count: int, kind: str = "text") -> Column:
    """Nulls of a kind: text, integer, money, time or flag."""
    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "money": _MONEY,
        "time": pa.timestamp("us"),
        "flag": pa.bool_(),
    }
    return pa.nulls(count, kinds[kind])


def integer(values: Ints, null: Bools | None = None) -> Column:
    return pa.array(values.astype(np.int64), mask=null)


def flag(values: Bools, null: Bools | None = None) -> Column:
    return pa.array(values, mask=null)


def _decimal(values: Ints, null: Bools | None, kind: Any) -> Column:
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0] = values
    wide[:, 1] = values >> 63
    validity = None if null is None else pa.array(~null).buffers()[1]
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(wide)])


def money(minor: Ints, null: Bools | None = None) -> Column:
    """Minor units (cents) as an exact decimal."""
    return _decimal(minor.astype(np.int64), null, _MONEY)


def ratio(hundred_millionths: Ints) -> Column:
    """Rates in units of 1e-8 as an exact decimal."""
    return _decimal(hundred_millionths.astype(np.int64), None, _RATE)


def time(seconds: Ints, null: Bools | None = None) -> Column:
    """UTC seconds since 1970 as a naive timestamp."""
    return pa.array(seconds.astype(np.int64) * 1_000_000, mask=null).cast(pa.timestamp("us"))


def date(days: Ints) -> Column:
    """Days since 1970 as a date."""
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def text(values: Ints) -> Column:
    """Integers in decimal digits."""
    return pc.cast(pa.array(values), pa.string())


def padded(values: Ints, width: int) -> Column:
    """Integers in decimal digits with leading zeros."""
    return pc.utf8_lpad(text(values), width=width, padding="0")


def join(*parts: Column | str) -> Column:
    """Concatenate columns and words, row by row; null where a part is null."""
    return pc.binary_join_element_wise(*(_as_part(part) for part in parts), "")


def _as_part(part: Column | str) -> Column:
    return pa.scalar(part) if isinstance(part, str) else plain(part)


def hexes(values: Ints, salt: int, width: int = 16) -> Column:
    """A hexadecimal token of 8, 16, 24 or 32 digits for each value; distinct values stay distinct.

    The first sixteen digits are a bijection of the value (a mixing permutation of 64 bits).
    """
    words = [_mix(values.astype(np.uint64), salt + turn) for turn in range((width + 15) // 16)]
    digits = np.stack(words, axis=1).astype(">u8").view(np.uint8)
    digits = digits.reshape(len(values), 8 * len(words))
    data = np.ascontiguousarray(_HEX_PAIRS[digits[:, : width // 2]])
    offsets = np.arange(len(values) + 1, dtype=np.int64) * width
    large = pa.LargeStringArray.from_buffers(
        len(values), pa.py_buffer(offsets), pa.py_buffer(data.view(np.uint8).reshape(-1))
    )
    return large.cast(pa.string())


def _mix(values: npt.NDArray[np.uint64], salt: int) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = values + np.uint64((0x9E3779B97F4A7C15 * (salt + 1)) & 0xFFFFFFFFFFFFFFFF)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def where(condition: Bools, column: Column) -> Column:
    """The column as plain text where the condition holds, else null."""
    return pc.if_else(pa.array(condition), plain(column), pa.scalar(None, pa.string()))


def either(condition: Bools, column: Column | str, other: Column | str) -> Column:
    """One column where the condition holds, the other where not, as plain text."""
    return pc.if_else(pa.array(condition), plain(column), plain(other))


def plain(column: Column | str) -> Column:
    """A text column without dictionary; a word stays a word."""
    return column if isinstance(column, str) else column.cast(pa.string())


def filled(*columns: Column | str) -> Column:
    """The first of the columns that is not null, row by row."""
    return pc.coalesce(*(_as_part(column) for column in columns))


def repeats(values: Ints) -> Bools:
    """True where a row has the value of the row before it."""
    same = np.zeros(len(values), bool)
    same[1:] = values[1:] == values[:-1]
    return same


def stacked(*columns: Column) -> Column:
    """Text columns one below the other."""
    return pa.concat_arrays([plain(column) for column in columns])


def column_of(words: Sequence[str]) -> Column:
    """A text column of given words."""
    return pa.array(list(words), pa.string())


def lower(column: Column) -> Column:
    return pc.utf8_lower(column)


def upper(column: Column) -> Column:
    return pc.utf8_upper(column)


def cut(column: Column, start: int, stop: int | None = None) -> Column:
    """Characters from ``start`` up to ``stop``."""
    return pc.utf8_slice_codeunits(column, start, stop)
