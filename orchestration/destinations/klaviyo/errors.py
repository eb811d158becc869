"""How Klaviyo's failures are recovered.

What lives here: the error table and the reading of JSON:API error bodies.
What never does: calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestration.destinations.http import ErrorTable

_ROW_POINTER = re.compile(
    r"^/data(?:/attributes/(?:profiles|events-bulk-create)/data)?/(\d+)(?:/|$)"
)


def is_duplicate(code: str | None) -> bool:
    """True for the codes that say: this was here before."""
    return code is not None and code.startswith("duplicate")


def _errors(body: Any) -> list[Mapping[str, Any]]:
    """What a refusal names; what is only there already comes last, when nothing is wrong."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    found = [error for error in errors or [] if isinstance(error, Mapping)]
    return [error for error in found if not is_duplicate(str(error.get("code")))] or found


def _codes(body: Any) -> frozenset[str]:
    return frozenset(str(error.get("code", "")) for error in _errors(body))


def _row_indexes(body: Any) -> frozenset[int]:
    pointers = (str((error.get("source") or {}).get("pointer")) for error in _errors(body))
    return frozenset(int(found[1]) for found in map(_ROW_POINTER.match, pointers) if found)


# The vendor's own client waits on 429, 503, 504 and 524 only; every call here is an upsert or a
# set operation, so a 500 or 502 is sent again as well.
ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504, 524}),
    refused_statuses=frozenset({400, 409, 413, 422}),
    codes=_codes,
    row_indexes=_row_indexes,
)
