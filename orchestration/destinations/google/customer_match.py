"""Google Customer Match through the Data Manager API: hashed members in and out.

What lives here: the member's wire form with its own consent, and the two calls.
What never does: hashing, the closed Google Ads upload, reading who is in: no call tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import Limits, Receipt, Row
from orchestration.destinations.batches import Item, Record, Unfit, run, send_around_refusals
from orchestration.destinations.google.api import DataManager, consent_of, identifiers_of

LIMITS = Limits(rows_per_request=10_000, steady_per_minute=300, requests_per_day=100_000)
TERMS = {"termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"}}


@dataclass(frozen=True)
class GoogleCustomerMatch:
    """The object ``customer_match/<name>``; ``user_list_id`` is the vendor's id of it."""

    api: DataManager
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
        return self.api.poll(job_id, rows)

    def _ingest(self, items: Sequence[Item]) -> list[Receipt]:
        return self._queue("ingest", items, TERMS)

    def _take_out(self, items: Sequence[Item]) -> list[Receipt]:
        return self._queue("remove", items, {})

    def _queue(
        self, verb: str, items: Sequence[Item], extra: Mapping[str, Any]
    ) -> list[Receipt]:
        path = f"/v1/audienceMembers:{verb}"
        return self.api.queue(path, self.user_list_id, "audienceMembers", items, extra)


def _member(row: Row) -> Mapping[str, Any] | Unfit:
    identifiers = identifiers_of(row.payload) or Unfit("no_identifier")
    if isinstance(identifiers, Unfit):
        return identifiers
    return {"userData": {"userIdentifiers": identifiers}}


def _member_with_consent(row: Row) -> Mapping[str, Any] | Unfit:
    member = _member(row)
    if isinstance(member, Unfit):
        return member
    consent = consent_of(row.payload)
    if isinstance(consent, Unfit):
        return consent
    return {**member, "consent": consent} if consent else member
