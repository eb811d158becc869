"""Meta custom audiences: hashed members in and out.

What lives here: the upload's schema, and the search for the rows behind its count of invalid ones.
What never does: hashing or normalising, conversions, replacing a whole audience.

The vendor answers 200 when rows are *received*; the change takes effect within a day. It never
tells who is in an audience: only a rounded count of it, and counts per upload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from orchestration.destinations.base import FatalError, Limits, Receipt, RetriableError, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    encode,
    find_invalid,
    hash_problem,
    run,
)
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.meta.api import API_VERSION

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
# The vendor holds the audience back: its name or rule speaks of health or of money troubles.
FLAGGED = 471
COUNTED = "operation_status,approximate_count_lower_bound,approximate_count_upper_bound"


@dataclass(frozen=True)
class Session:
    """What became of one upload, in counts; ``matched_count`` grows for hours."""

    received_count: int
    matched_count: int
    invalid_count: int


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

    def count_back(self) -> tuple[int, int] | None:
        """The vendor's rounded bounds of the members; None where it has not counted yet.

        Raises:
            FatalError: the audience is flagged; no change of it would be taken.
        """
        answer = self.http.send_patiently(
            "GET", self._path(), operation="audience", params={"fields": COUNTED}
        )
        body = answer.body if isinstance(answer.body, Mapping) else {}
        status = body.get("operation_status")
        if isinstance(status, Mapping) and status.get("code") == FLAGGED:
            raise FatalError(
                "meta has flagged this audience.",
                remedy="Give it a neutral name in Ads Manager, and ask for a review there.",
            )
        bounds = [body.get(f"approximate_count_{side}_bound") for side in ("lower", "upper")]
        if not all(isinstance(bound, int) and bound >= 0 for bound in bounds):
            return None
        return int(bounds[0] or 0), int(bounds[1] or 0)

    def read_session(self, session_id: str) -> Session | None:
        """The counts of one upload, by the ``job_id`` of its receipts; None where it is gone."""
        answer = self.http.send_patiently(
            "GET",
            f"{self._path()}/sessions",
            operation="audience_session",
            params={"session_id": session_id},
        )
        listed = answer.body.get("data") if isinstance(answer.body, Mapping) else None
        for entry in listed or []:
            if str(entry.get("session_id")) == session_id:
                names = ("num_received", "num_matched", "num_invalid_entries")
                return Session(*(int(entry.get(name) or 0) for name in names))
        return None

    def _path(self) -> str:
        return f"/{API_VERSION}/{quote(self.audience_id, safe='')}"

    def _send(self, method: str, items: Sequence[Item], record: Record) -> None:
        session_id = self.new_session_id()
        invalid_count = self._count_invalid(method, session_id, items)

        def count_half(half: Sequence[Item]) -> int:
            return self._count_invalid(method, self.new_session_id(), half)

        for item, verdict in find_invalid(items, invalid_count, count_half):
            reason = None if verdict == "accepted" else "invalid_entry"
            receipt = Receipt(item.row.key, verdict, reason=reason, job_id=str(session_id))
            record(item, receipt)

    def _count_invalid(self, method: str, session_id: int, items: Sequence[Item]) -> int:
        """Send rows and return how many the vendor calls invalid; sending one twice is harmless."""
        session = {
            "session_id": session_id,
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
            f"{self._path()}/users",
            operation="audience_add" if method == "POST" else "audience_remove",
            content=content,
        )
        body = answer.body if isinstance(answer.body, Mapping) else {}
        received, invalid = body.get("num_received"), body.get("num_invalid_entries")
        if invalid is None:
            # Not every version of the answer counts; the session always does.
            counted = self.read_session(str(session_id))
            received, invalid = (
                (counted.received_count, counted.invalid_count) if counted else (None, None)
            )
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
