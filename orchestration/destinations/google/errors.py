"""How failures of the Data Manager API are recovered.

What lives here: the error table and the reading of ``google.rpc.Status`` bodies.
What never does: calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestration.destinations.http import ErrorTable, header_retry_after

_ROW_FIELD = re.compile(r"^(?:audience_?[mM]embers|events)\[(\d+)\]")


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _details(body: Any) -> list[Mapping[str, Any]]:
    details = _error(body).get("details")
    return [entry for entry in details or [] if isinstance(entry, Mapping)]


def _violations(body: Any) -> list[Mapping[str, Any]]:
    return [
        violation
        for detail in _details(body)
        for violation in detail.get("fieldViolations") or []
        if isinstance(violation, Mapping)
    ]


def _codes(body: Any) -> frozenset[str]:
    reasons = [entry.get("reason") for entry in (*_details(body), *_violations(body))]
    codes = {str(reason) for reason in reasons if reason}
    return frozenset(codes or {str(_error(body).get("status", ""))})


def _row_indexes(body: Any) -> frozenset[int]:
    fields = (_ROW_FIELD.match(str(entry.get("field", ""))) for entry in _violations(body))
    return frozenset(int(found[1]) for found in fields if found)


# The service's own configuration: these two wait five seconds at least, then 1.3 times as long each
# time, up to a minute; what grows beyond the floor is the sender's.
WAITING = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
FIRST_SECONDS = 5.0


def _retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    for detail in _details(body):
        delay = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(detail.get("retryDelay", "")))
        if delay:
            return float(delay[1])
    named = header_retry_after(headers, body)
    if named is None and _error(body).get("status") in WAITING:
        return FIRST_SECONDS
    return named


ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    refused_statuses=frozenset({400, 413}),
    retriable_codes=frozenset({*WAITING, "RESOURCE_EXHAUSTED", "INTERNAL", "INTERNAL_ERROR"}),
    fatal_codes=frozenset(
        {
            "TERMS_AND_CONDITIONS_NOT_SIGNED",
            "NOT_ALLOWLISTED",
            "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED",
            "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE",
            "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED",
        }
    ),
    codes=_codes,
    row_indexes=_row_indexes,
    retry_after=_retry_after,
)
