"""How TikTok answers, and how its failures are recovered.

What lives here: the header form and the table of codes. Every answer is HTTP 200 with a ``code`` in
its body; only 0 is success.
What never does: calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.destinations.http import ErrorTable
from orchestration.destinations.pace import Rate

AUTHORIZATION = "{secret}"
CREDENTIAL_HEADER = "access-token"
# The portal's figure is not known to us: ours, below what integrations report.
RATES = {"*": Rate("account", burst_per_second=10)}
HEADERS = {"accept": "application/json", "content-type": "application/json"}
API = "/open_api/v1.3"

# Some rows took effect, some did not; the answer does not say which.
PARTIAL = "20001"
# Stands beside every code of the vendor's inner services.
INNER = "51xxx"


def _codes(body: Any) -> frozenset[str]:
    if body is None:
        return frozenset()
    code = body.get("code") if isinstance(body, Mapping) else None
    if not isinstance(code, int):
        return frozenset({"no_code"})
    return frozenset({str(code)} | ({INNER} if code in range(51_000, 52_000) else set()))


def _is_failure(body: Any) -> bool:
    return _codes(body) != {"0"}


ERRORS = ErrorTable(
    retriable_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    # Too frequent, frequency limited, write conflict, system error, system time-out, and the
    # vendor's inner services; an answer without a code proves nothing.
    retriable_codes=frozenset(
        {"40100", "40132", "40202", "50000", "50002", INNER, "no_code"}
    ),
    # Parameters, batch too large, personal data not hashed: one row may be at fault.
    refused_codes=frozenset({"40000", "40002", "40061", "40062"}),
    partial_codes=frozenset({PARTIAL}),
    # Permission; access token expired, empty, invalid.
    credential_codes=frozenset({"40001", "40102", "40104", "40105"}),
    missing_codes=frozenset({"40007"}),
    is_failure=_is_failure,
    codes=_codes,
)
