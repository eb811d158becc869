"""Meta custom audiences: hashed members in and out.

What lives here: the upload's schema, and the search for the rows behind its count of invalid ones.
What never does: hashing or normalising, the conversions API, replacing a whole audience.

The vendor answers 200 when rows are *received*; the change takes effect within a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from orchestration.destinations.base import Limits, Receipt, RetriableError, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    encode,
    find_invalid,
    hash_problem,
    run,
)
from orchestration.destinations.http import ErrorTable, VendorHttp

API_VERSION = "v26.0"
# A header, never the query string: addresses end up in logs.
AUTHORIZATION = "Bearer {secret}"
HEADERS = {"accept": "application/json", "content-type": "application/json"}
SCHEMA = {
    "EXTERN_ID": "extern_id",
    "EMAIL": "email_sha256",
    "PHONE": "phone_sha256",
    "FN": "first_name_sha256",
    "LN": "last_name_sha256",
    "CT": "city_sha256",
    "ST": "state_sha256",
    "ZIP": "zip_sha256",
    "COUNTRY": "country_sha256",
}
HASHED = tuple(column for column in SCHEMA.values() if column != "extern_id")
CONTACTS = ("email_sha256", "phone_sha256")
LIMITS = Limits(rows_per_request=10_000)


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


@dataclass(frozen=True)
class MetaCustomAudience:
    """The object ``custom_audience/<name>``; ``new_session_id`` gives a fresh positive integer."""

    http: VendorHttp
    audience_id: str
    new_session_id: Callable[[], int]
    name: str = "meta"
    limits: Limits = field(default=LIMITS)

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Add rows; a row that is in stays in."""
        return run(rows, self.limits, _cells, partial(self._send, "POST"))

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Take rows out by the payload that was sent; a person who is not in counts as out."""
        return run(rows, self.limits, _cells, partial(self._send, "DELETE"))

    def _send(self, method: str, items: Sequence[Item], record: Record) -> None:
        invalid_count = self._count_invalid(method, items)
        found = find_invalid(items, invalid_count, partial(self._count_invalid, method))
        for item, verdict in found:
            reason = None if verdict == "accepted" else "invalid_entry"
            record(item, Receipt(item.row.key, verdict, reason=reason))

    def _count_invalid(self, method: str, items: Sequence[Item]) -> int:
        """Send rows and return how many the vendor calls invalid; sending one twice is harmless."""
        session = {
            "session_id": self.new_session_id(),
            "batch_seq": 1,
            "last_batch_flag": True,
            "estimated_num_total": len(items),
        }
        content = b"".join(
            (
                b'{"session":',
                encode(session),
                b',"payload":{"schema":',
                encode(list(SCHEMA)),
                b',"data":[',
                b",".join(item.body for item in items),
                b"]}}",
            )
        )
        answer = self.http.send(
            method,
            f"/{API_VERSION}/{quote(self.audience_id, safe='')}/users",
            operation="audience_add" if method == "POST" else "audience_remove",
            content=content,
        )
        body = answer.body if isinstance(answer.body, Mapping) else {}
        received, invalid = body.get("num_received"), body.get("num_invalid_entries")
        if received != len(items) or not isinstance(invalid, int):
            raise RetriableError(
                "meta did not count the rows it was sent.",
                remedy="Send again; sending twice is harmless.",
            )
        return invalid


def _cells(row: Row) -> Sequence[Any] | Unfit:
    """A row as wide as the schema; the empty string stands for what is absent."""
    problem = hash_problem(row.payload, HASHED)
    if problem is not None:
        return Unfit(problem)
    if not any(row.payload.get(column) for column in CONTACTS):
        return Unfit("no_identifier")
    return [
        "" if row.payload.get(column) is None else str(row.payload[column])
        for column in SCHEMA.values()
    ]
