"""How Postscript's failures are recovered, and what all of its calls share.

What lives here: the error table, the limits of an account, the form of a phone.
What never does: calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestration.destinations.base import Limits
from orchestration.destinations.http import ErrorTable
from orchestration.destinations.pace import Rate

AUTHORIZATION = "Bearer {secret}"
# One flat limit for a key, and no header that tells how much is left.
RATES = {"*": Rate("account", burst_per_second=15)}
HEADERS = {"accept": "application/json", "content-type": "application/json"}
# One flat limit for a token. A 429 names no wait: the sender's jittered back-off decides.
LIMITS = Limits(rows_per_request=1, burst_per_second=15)
# Opting out twice is opting out: several at once, or a hundred people would wait for each other.
OPT_OUT_LIMITS = replace(LIMITS, calls_side_by_side=15)
E164 = re.compile(r"[+][1-9][0-9]{6,14}")
NOT_FOUND = "404"


def _codes(body: Any) -> frozenset[str]:
    if not isinstance(body, Mapping):
        return frozenset()
    if "error_code" in body:
        return frozenset({str(body["error_code"])})
    errors = body.get("errors")
    named = errors if isinstance(errors, list) else []
    return frozenset(str(entry.get("type", "")) for entry in named if isinstance(entry, Mapping))


ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    # Too many requests.
    retriable_codes=frozenset({"3002"}),
    refused_statuses=frozenset({400, 404, 409, 413, 422}),
    codes=_codes,
)
