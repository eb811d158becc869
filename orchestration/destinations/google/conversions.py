"""Google conversions through the Data Manager API: one event per order, its value the margin.

What lives here: the event's wire form, and requests that hold one consent each.
What never does: hashing, granting consent that a row does not carry, adjusting or taking back: the
API has no adjustment, so a changed value cannot be sent.

An order is known by its transaction id at the conversion action: a second sending is a duplicate,
and counts as sent. As all events of a request share one consent, a request that fails for consent
fails whole, and its rows are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, ClassVar

from orchestration.destinations.base import Idempotency, Limits, Receipt, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    run,
    send_around_refusals,
    stay,
)
from orchestration.destinations.conversions import time_of, value_of
from orchestration.destinations.google.api import DataManager, consent_of, identifiers_of

LIMITS = Limits(rows_per_request=2_000, steady_per_minute=300, requests_per_day=100_000)
# The first that is known names the click; the vendor takes one.
CLICKS = ("gclid", "gbraid", "wbraid")


@dataclass(frozen=True)
class GoogleConversions:
    """The object ``conversions/<name>``; ``conversion_action_id`` is the vendor's id of it."""

    api: DataManager
    conversion_action_id: str
    name: str = "google"
    limits: Limits = LIMITS
    idempotent: ClassVar[Idempotency] = "key"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Queue each order once; one that is there stays as it is."""
        return run(rows, self.limits, _event, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of a request; None while it is processing."""
        return self.api.poll(job_id, rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        # Stable: within a consent, events keep their order.
        for consent, group in groupby(sorted(items, key=_consent), key=_consent):
            send_around_refusals(list(group), partial(self._ingest, dict(consent)), record)

    def _ingest(self, consent: Mapping[str, str], items: Sequence[Item]) -> list[Receipt]:
        extra = {"consent": consent} if consent else {}
        return self.api.queue(
            "/v1/events:ingest", self.conversion_action_id, "events", items, extra
        )


def _consent(item: Item) -> tuple[tuple[str, str], ...]:
    consent = consent_of(item.row.payload)
    return () if isinstance(consent, Unfit) else tuple(sorted(consent.items()))


def _event(row: Row) -> Mapping[str, Any] | Unfit:
    payload = row.payload
    consent = consent_of(payload)
    if isinstance(consent, Unfit):
        return consent
    moment = time_of(payload)
    if isinstance(moment, Unfit):
        return moment
    value = value_of(payload, "conversion_value_amount") or Unfit("no_value")
    if isinstance(value, Unfit):
        return value
    person = _person(payload)
    if isinstance(person, Unfit):
        return person
    if not payload.get("order_id"):
        return Unfit("no_order_id")
    return {
        "transactionId": str(payload["order_id"]),
        "eventTimestamp": moment.isoformat(),
        "eventSource": "WEB",
        "currency": value[1],
        "conversionValue": value[0],
        **person,
    }


def _person(payload: Mapping[str, Any]) -> dict[str, Any] | Unfit:
    """The click, what the person told us, or both."""
    identifiers = identifiers_of(payload)
    if isinstance(identifiers, Unfit):
        return identifiers
    person: dict[str, Any] = {}
    if identifiers:
        person["userData"] = {"userIdentifiers": identifiers}
    click = next((name for name in CLICKS if payload.get(name)), None)
    if click is not None:
        person["adIdentifiers"] = {click: payload[click]}
    return person or Unfit("no_identifier")
