"""How failures of the Data Manager API are recovered.

What lives here: the error table and the reading of ``google.rpc.Status`` bodies.
What never does: calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestration.destinations.http import ErrorTable, header_retry_after

_ROW_FIELD = re.compile(r"^audience_?[mM]embers\[(\d+)\]")


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


def _retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    for detail in _details(body):
        delay = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(detail.get("retryDelay", "")))
        if delay:
            return float(delay[1])
    return header_retry_after(headers, body)


ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    refused_statuses=frozenset({400, 413}),
    fatal_codes=frozenset(
        {
            "TERMS_AND_CONDITIONS_NOT_SIGNED",
            "NOT_ALLOWLISTED",
            "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE",
            "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED",
        }
    ),
    codes=_codes,
    row_indexes=_row_indexes,
    retry_after=_retry_after,
)
