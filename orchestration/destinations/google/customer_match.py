"""Google Customer Match through the Data Manager API: hashed members in and out.

What lives here: the member's wire form with its own consent, and receipts from request statuses.
What never does: hashing, granting consent that a row does not carry, the closed Google Ads upload.

A status tells counts per reason and never which rows. Resending halves to find them would add
people after the gate has looked, so polling only reads: rows that a count cannot name are
ambiguous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import FatalError, Limits, Receipt, RetriableError, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    encode,
    hash_problem,
    run,
    send_around_refusals,
)
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.pace import Rate

AUTHORIZATION = "Bearer {secret}"
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
LIMITS = Limits(rows_per_request=10_000, steady_per_minute=300, requests_per_day=100_000)
# One quota for a project's ingestion calls of every kind.
RATES = {"*": Rate("ingestion", steady_per_minute=300, requests_per_day=100_000)}
_REASON_PREFIX = "PROCESSING_ERROR_REASON_"


@dataclass(frozen=True)
class GoogleCustomerMatch:
    """The object ``customer_match/<name>``; ``user_list_id`` is the vendor's id of it."""

    http: VendorHttp
    account_id: str
    user_list_id: str
    name: str = "google"
    limits: Limits = LIMITS

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Queue rows as members; a member that is in stays in."""

        def send(items: Sequence[Item], record: Record) -> None:
            send_around_refusals(items, self._ingest, record)

        return run(rows, self.limits, _member_with_consent, send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Queue removals by the payload that was sent; a person who is not in counts as out."""

        def send(items: Sequence[Item], record: Record) -> None:
            send_around_refusals(items, self._take_out, record)

        return run(rows, self.limits, _member, send)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of a request; None while it is processing."""
        status = self._status(job_id)
        return None if status is None else _status_receipts(status, rows)

    def _ingest(self, items: Sequence[Item]) -> list[Receipt]:
        terms = {"termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"}}
        return self._queue("ingest", items, terms)

    def _take_out(self, items: Sequence[Item]) -> list[Receipt]:
        return self._queue("remove", items, {})

    def _queue(
        self, verb: str, items: Sequence[Item], extra: Mapping[str, Any]
    ) -> list[Receipt]:
        if not self.account_id:
            raise FatalError(
                "google has no account.", remedy="Set TRIBUTARY_GOOGLE_ACCOUNT_ID."
            )
        account = {"accountType": "GOOGLE_ADS", "accountId": self.account_id}
        destination = {"operatingAccount": account, "productDestinationId": self.user_list_id}
        envelope = encode({"destinations": [destination], "encoding": "HEX", **extra})
        members = b",".join(item.body for item in items)
        content = envelope[:-1] + b',"audienceMembers":[' + members + b"]}"
        answer = self.http.send(
            "POST", f"/v1/audienceMembers:{verb}", operation=f"members_{verb}", content=content
        )
        request_id = answer.body.get("requestId") if isinstance(answer.body, Mapping) else None
        if not isinstance(request_id, str) or not request_id:
            raise _unreadable()
        return [Receipt(item.row.key, "accepted_unverified", job_id=request_id) for item in items]

    def _status(self, request_id: str) -> Mapping[str, Any] | None:
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
        finished = ("SUCCESS", "FAILED", "PARTIAL_SUCCESS")
        return status if status.get("requestStatus") in finished else None


def _unreadable() -> RetriableError:
    return RetriableError(
        "google answered in a shape that is not its own.",
        remedy="Send again; sending twice is harmless.",
    )


def _member(row: Row) -> Mapping[str, Any] | Unfit:
    payload = row.payload
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
    if not identifiers:
        return Unfit("no_identifier")
    return {"userData": {"userIdentifiers": identifiers}}


def _member_with_consent(row: Row) -> Mapping[str, Any] | Unfit:
    member = _member(row)
    if isinstance(member, Unfit):
        return member
    consent = {}
    for name, column in CONSENT.items():
        state = row.payload.get(column)
        if state is None:
            continue
        if state not in CONSENT_STATES:
            return Unfit(f"unknown_consent_state:{column}")
        if state == "CONSENT_DENIED":
            return Unfit(f"consent_denied:{column}")
        if state == "CONSENT_GRANTED":
            consent[name] = state
    return {**member, "consent": consent} if consent else member


def _status_receipts(status: Mapping[str, Any], rows: Sequence[Row]) -> list[Receipt]:
    if status["requestStatus"] == "SUCCESS":
        return [Receipt(row.key, "accepted") for row in rows]
    error_info = status.get("errorInfo")
    counts = error_info.get("errorCounts") if isinstance(error_info, Mapping) else None
    errors = {
        str(entry.get("reason", "")).removeprefix(_REASON_PREFIX): int(entry.get("recordCount", 0))
        for entry in counts or []
    }
    reasons = ", ".join(sorted(errors)) or "unknown"
    if status["requestStatus"] == "FAILED":
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
    count = sum(errors.values())
    reason = f"{count} of {len(rows)}: {reasons}"
    return [Receipt(row.key, "ambiguous", reason=reason) for row in rows]


def _record_count(status: Mapping[str, Any]) -> int:
    """Members in the whole request, of which the asked rows may be a part."""
    ingestion = status.get("audienceMembersIngestionStatus")
    data = ingestion.get("userDataIngestionStatus") if isinstance(ingestion, Mapping) else None
    return int(data.get("recordCount", 0)) if isinstance(data, Mapping) else 0


def _is_consent_granted(row: Row) -> bool:
    return all(row.payload.get(column) == "CONSENT_GRANTED" for column in CONSENT.values())
