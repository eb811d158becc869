"""JSON from outside: parsed within bounds, read by path, only what a schema names.

What lives here: parsing, reading texts and times that may be anything, picking known fields.
What never does: what a field means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from orchestration.collector.errors import unreadable

DEPTH_MAX = 20
TEXT_MAX = 2_000
NUMBER_DIGITS_MAX = 40
# Milliseconds since 1970 passed this long ago, seconds never will in our time.
_MILLISECONDS_FROM = 100_000_000_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
# Possessive, and an open string ends with the body: linear whatever somebody sends.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")

# Names that a document may have; a mapping means an object, a list with one entry a list of those.
Shape = Mapping[str, Any]
LEAF = None


def parse(body: bytes) -> dict[str, Any]:
    """The body's JSON object.

    Raises:
        RefusedError: 400: no object, too deep, not UTF-8, or no JSON.
    """
    _check_depth(body)
    try:
        document = json.loads(
            body.decode("utf-8"), parse_constant=_refuse, parse_int=_number, parse_float=_float
        )
    except (ValueError, RecursionError):
        raise unreadable() from None
    if not isinstance(document, dict):
        raise unreadable()
    return document


def text(document: Any, *path: str) -> str | None:
    """The text or whole number at the path, trimmed; None for anything else, or too much of it."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    if isinstance(document, int) and not isinstance(document, bool):
        document = str(document)
    if not isinstance(document, str) or len(document) > TEXT_MAX:
        return None
    stripped = document.strip()
    if not stripped or "\0" in stripped or any("\ud800" <= one <= "\udfff" for one in stripped):
        return None
    return stripped


def part(document: Any, name: str) -> dict[str, Any]:
    """The object under the name; empty for anything else."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def items(document: Any, name: str) -> list[Any]:
    """The list under the name; empty for anything else."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, list) else []


def moment(shown: str | None) -> datetime | None:
    """A time as sources write it: ISO 8601 (without an offset: UTC), seconds or milliseconds since
    1970, or the date of an e-mail; None for anything else."""
    if not shown:
        return None
    try:
        if re.fullmatch(r"[0-9]{1,13}([.][0-9]{1,9})?", shown):
            number = float(shown)
            seconds = number / 1_000 if number >= _MILLISECONDS_FROM else number
            found = datetime.fromtimestamp(seconds, UTC)
        elif shown[:1].isdigit():
            found = datetime.fromisoformat(shown)
        else:
            found = parsedate_to_datetime(shown)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def pick(document: Any, shape: Shape) -> dict[str, Any]:
    """Only what the shape names, where it has the shape's form."""
    if not isinstance(document, dict):
        return {}
    picked: dict[str, Any] = {}
    for name, inner in shape.items():
        value = document.get(name)
        if inner is LEAF:
            if _is_scalar(value):
                picked[name] = value
        elif isinstance(inner, list):
            if isinstance(value, list):
                picked[name] = [pick(one, inner[0]) for one in value if isinstance(one, dict)]
        elif isinstance(value, dict):
            picked[name] = pick(value, inner)
    return picked


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT_MAX
    return isinstance(value, bool | int | float)


def _check_depth(body: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEPTH_MAX:
            raise unreadable()


def _refuse(_: str) -> Any:
    raise ValueError


def _number(digits: str) -> int:
    if len(digits) > NUMBER_DIGITS_MAX:
        raise ValueError
    return int(digits)


def _float(shown: str) -> str:
    # Kept as written: an amount must not lose a digit on its way.
    if len(shown) > NUMBER_DIGITS_MAX:
        raise ValueError
    return shown
