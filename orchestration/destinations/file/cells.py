"""One value as a cell, and the type that the contract states for its column.

What lives here: the text form of values, and the guard against spreadsheets that run what they
read.
What never does: files.

A spreadsheet takes a cell that begins with = + - @ (or a tab, a line break, or the wide forms of
these signs) for a formula. Such a text gets an apostrophe before it; a text that begins with an
apostrophe gets a second one, so that dropping one apostrophe from a text cell gives every value
back. Plain numbers are left as they are: ``+16505550100`` and ``-5.00`` run nowhere.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

CellType = Literal["text", "number", "boolean"]

GUARD = "'"
_STARTS_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")


def guarded(text: str) -> str:
    """A text as it stands in the file."""
    is_formula = text[:1] in _STARTS_FORMULA and not _PLAIN_NUMBER.fullmatch(text)
    return f"{GUARD}{text}" if text and (is_formula or text.startswith(GUARD)) else text


def unguarded(text: str) -> str:
    """The text of which ``guarded`` made this."""
    return text.removeprefix(GUARD)


def cell(value: Any) -> str:
    """A JSON value as it stands in the file; nothing is the empty cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return guarded(json.dumps(value, sort_keys=True, ensure_ascii=False))


def type_of(value: Any) -> CellType | None:
    """The type of a value; None where nothing says so."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def common(first: CellType | None, second: CellType | None) -> CellType | None:
    """The type of a column that holds both."""
    if first is None or second is None or first == second:
        return first or second
    return "text"
