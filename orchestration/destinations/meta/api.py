"""What the Meta capabilities share.

What lives here: version, headers, the reading of error bodies, and the two tables of errors.
What never does: calls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestration.destinations.http import ErrorTable

API_VERSION = "v26.0"
# A header, never the query string: addresses end up in logs.
AUTHORIZATION = "Bearer {secret}"
HEADERS = {"accept": "application/json", "content-type": "application/json"}


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _codes(body: Any) -> frozenset[str]:
    error = _error(body)
    codes = {str(error[name]) for name in ("code", "error_subcode") if name in error}
    return frozenset(codes | ({"transient"} if error.get("is_transient") is True else set()))


def _retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    """Seconds: ``Retry-After``, or the longest wait in the business use case usage."""
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", ""))
        minutes = [
            float(entry.get("estimated_time_to_regain_access", 0))
            for entries in usage.values()
            for entry in entries
        ]
    except (ValueError, TypeError, AttributeError):
        return None
    return max(minutes, default=0.0) * 60 or None


ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    retriable_codes=frozenset(
        {"transient", "1", "2", "4", "17", "32", "341", "613"}
        | {str(code) for code in range(80_000, 80_015)}
    ),
    fatal_codes=frozenset({"10", "100", "190", "200", "294", "368", "1713230"}),
    codes=_codes,
    retry_after=_retry_after,
)
# Code 100 says "a parameter is wrong". For events that is one event of the batch, unless the
# dataset itself is unknown (33, 803) or the version is over (2635).
EVENT_ERRORS = replace(
    ERRORS,
    refused_statuses=frozenset({400}),
    fatal_codes=(ERRORS.fatal_codes - {"100"}) | {"3", "33", "803", "2500", "2635"},
)
