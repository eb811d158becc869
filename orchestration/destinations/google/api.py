"""What the Data Manager capabilities share.

What lives here: how a request names its destination, a person's identifiers and consent, and what a
request's status says of its rows.
What never does: hashing, granting consent that a row does not carry.

A status tells counts per reason and never which rows. Resending halves to find them would add
people after the gate has looked, so polling only reads: rows that a count cannot name are
ambiguous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import FatalError, Receipt, RetriableError, Row
from orchestration.destinations.batches import Item, Unfit, encode, hash_problem
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.pace import Rate

AUTHORIZATION = "Bearer {secret}"
# One quota for a project's ingestion calls of every kind.
RATES = {"*": Rate("ingestion", steady_per_minute=300, requests_per_day=100_000)}
HEADERS = {"accept": "application/json", "content-type": "application/json"}
HASHED = ("email_sha256", "phone_sha256", "first_name_sha256", "last_name_sha256")
ADDRESS = {
    "givenName": "first_name_sha256",
    "familyName": "last_name_sha256",
    "regionCode": "region_code",
    "postalCode": "postal_code",
}
CONSENT = {"adUserData": "ad_user_data", "adPersonalization": "ad_personalization"}
CONSENT_STATES = ("CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_UNSPECIFIED")
# It was there before: what a second sending wanted is so.
DUPLICATES = frozenset({"DUPLICATE_TRANSACTION_ID", "DUPLICATE_GCLID"})
_REASON_PREFIX = "PROCESSING_ERROR_REASON_"


@dataclass(frozen=True)
class DataManager:
    """Typed calls for one account. All raise FatalError, RefusedError or RetriableError."""

    http: VendorHttp
    account_id: str

    def queue(
        self,
        path: str,
        product_destination_id: str,
        listed: str,
        items: Sequence[Item],
        extra: Mapping[str, Any],
    ) -> list[Receipt]:
        """Queue rows under the key ``listed``; receipts with the request's id as their job."""
        if not self.account_id:
            raise FatalError(
                "google has no account.", remedy="Set TRIBUTARY_GOOGLE_ACCOUNT_ID."
            )
        account = {"accountType": "GOOGLE_ADS", "accountId": self.account_id}
        destination = {"operatingAccount": account, "productDestinationId": product_destination_id}
        envelope = encode({"destinations": [destination], "encoding": "HEX", **extra})
        rows = b",".join(item.body for item in items)
        content = envelope[:-1] + b',"' + listed.encode() + b'":[' + rows + b"]}"
        operation = path.rpartition("/")[2].replace(":", "_")
        answer = self.http.send("POST", path, operation=operation, content=content)
        request_id = answer.body.get("requestId") if isinstance(answer.body, Mapping) else None
        if not isinstance(request_id, str) or not request_id:
            raise _unreadable()
        return [Receipt(item.row.key, "accepted_unverified", job_id=request_id) for item in items]

    def poll(self, request_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of a request; None while it is processing."""
        answer = self.http.send_patiently(
            "GET",
            "/v1/requestStatus:retrieve",
            operation="request_status",
            params={"requestId": request_id},
        )
        body = answer.body if isinstance(answer.body, Mapping) else {}
        statuses = body.get("requestStatusPerDestination")
        if not isinstance(statuses, list) or not statuses or not isinstance(statuses[0], Mapping):
            raise _unreadable()
        status: Mapping[str, Any] = statuses[0]
        if status.get("requestStatus") not in ("SUCCESS", "FAILED", "PARTIAL_SUCCESS"):
            return None
        return _status_receipts(status, rows)


def identifiers_of(payload: Mapping[str, Any]) -> list[Mapping[str, Any]] | Unfit:
    """Who it is, in the vendor's form; empty where the row names nobody."""
    problem = hash_problem(payload, HASHED)
    if problem is not None:
        return Unfit(problem)
    identifiers: list[Mapping[str, Any]] = []
    if payload.get("email_sha256"):
        identifiers.append({"emailAddress": payload["email_sha256"]})
    if payload.get("phone_sha256"):
        identifiers.append({"phoneNumber": payload["phone_sha256"]})
    # An address matches only with all four parts.
    address = {name: payload.get(column) for name, column in ADDRESS.items()}
    if all(address.values()):
        identifiers.append({"address": address})
    return identifiers


def consent_of(payload: Mapping[str, Any]) -> dict[str, str] | Unfit:
    """What the person granted; nothing stands in for what the row does not say."""
    consent = {}
    for name, column in CONSENT.items():
        state = payload.get(column)
        if state is None:
            continue
        if state not in CONSENT_STATES:
            return Unfit(f"unknown_consent_state:{column}")
        if state == "CONSENT_DENIED":
            return Unfit(f"consent_denied:{column}")
        if state == "CONSENT_GRANTED":
            consent[name] = state
    return consent


def _unreadable() -> RetriableError:
    return RetriableError(
        "google answered in a shape that is not its own.",
        remedy="Send again; sending twice is harmless.",
    )


def _status_receipts(status: Mapping[str, Any], rows: Sequence[Row]) -> list[Receipt]:
    errors = _errors(status)
    reasons = ", ".join(sorted(errors)) or "unknown"
    if status["requestStatus"] == "SUCCESS" or (errors and errors.keys() <= DUPLICATES):
        reason = reasons if status["requestStatus"] == "FAILED" else None
        return [Receipt(row.key, "accepted", reason=reason) for row in rows]
    if status["requestStatus"] == "FAILED" and not errors.keys() & DUPLICATES:
        return [Receipt(row.key, "rejected", reason=reasons) for row in rows]
    is_whole_request = _record_count(status) == len(rows)
    without_consent = {row.key for row in rows if not _is_consent_granted(row)}
    is_named = is_whole_request and all("CONSENT" in reason for reason in errors)
    if is_named and errors and sum(errors.values()) == len(without_consent):
        # As many rows as carry no full grant were dropped for consent: it is those.
        return [
            Receipt(row.key, "rejected", reason=reasons)
            if row.key in without_consent
            else Receipt(row.key, "accepted")
            for row in rows
        ]
    reason = f"{sum(errors.values())} of {len(rows)}: {reasons}"
    return [Receipt(row.key, "ambiguous", reason=reason) for row in rows]


def _errors(status: Mapping[str, Any]) -> dict[str, int]:
    error_info = status.get("errorInfo")
    counts = error_info.get("errorCounts") if isinstance(error_info, Mapping) else None
    return {
        str(entry.get("reason", "")).removeprefix(_REASON_PREFIX): int(entry.get("recordCount", 0))
        for entry in counts or []
    }


def _record_count(status: Mapping[str, Any]) -> int:
    """Records in the whole request, of which the asked rows may be a part."""
    events = status.get("eventsIngestionStatus")
    if isinstance(events, Mapping):
        return int(events.get("recordCount", 0))
    ingestion = status.get("audienceMembersIngestionStatus")
    data = ingestion.get("userDataIngestionStatus") if isinstance(ingestion, Mapping) else None
    return int(data.get("recordCount", 0)) if isinstance(data, Mapping) else 0


def _is_consent_granted(row: Row) -> bool:
    return all(row.payload.get(column) == "CONSENT_GRANTED" for column in CONSENT.values())
