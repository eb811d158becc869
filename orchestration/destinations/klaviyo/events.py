"""Klaviyo events of one metric.

What lives here: the event's wire form under an id of its own, in bulk.
What never does: taking an event back, or a flow that starts because of history.

Klaviyo answers 202 and has no status for events. Without ``unique_id`` two events of a profile in
one second become one; with it, the vendor's texts disagree on what a second sending does: "first
wins", or the whole request fails. Both end here as the same event, sent once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from orchestration.destinations.base import (
    Idempotency,
    Limits,
    Receipt,
    RefusedError,
    Row,
)
from orchestration.destinations.batches import Item, Record, Unfit, run, send_around_refusals, stay
from orchestration.destinations.conversions import time_of, value_of
from orchestration.destinations.klaviyo.api import KlaviyoApi
from orchestration.destinations.klaviyo.errors import is_duplicate
from orchestration.destinations.klaviyo.profiles import IDENTIFIERS, PROPERTY_PREFIX

_WITH_OTHERS = "refused_with_others:"
LIMITS = Limits(
    rows_per_request=1_000,
    bytes_per_request=5_000_000,
    bytes_per_row=100_000,
    burst_per_second=10,
    steady_per_minute=150,
)


@dataclass(frozen=True)
class KlaviyoEvents:
    """The object ``events/<metric>``; ``metric`` is the name that Klaviyo shows."""

    api: KlaviyoApi
    metric: str
    name: str = "klaviyo"
    limits: Limits = LIMITS
    idempotent: ClassVar[Idempotency] = "key"
    is_unverified: ClassVar[bool] = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Send each event once; ``is_backfill`` false is what lets it start flows."""
        return run(rows, self.limits, self._event, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        undecided = {item.position: item for item in items}

        def once(item: Item, receipt: Receipt) -> None:
            undecided.pop(item.position)
            record(item, _as_sent(receipt))

        try:
            send_around_refusals(items, self._queue, once)
        except RefusedError as error:
            if not is_duplicate(error.code):
                raise
            for item in list(undecided.values()):
                once(item, Receipt(item.row.key, "rejected", _WITH_OTHERS + error.code))

    def _queue(self, items: Sequence[Item]) -> list[Receipt]:
        content = (
            b'{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":['
            + b",".join(item.body for item in items)
            + b"]}}}}"
        )
        self.api.http.send(
            "POST", "/api/event-bulk-create-jobs", operation="bulk_events", content=content
        )
        return [Receipt(item.row.key, "accepted_unverified") for item in items]

    def _event(self, row: Row) -> Mapping[str, Any] | Unfit:
        payload = row.payload
        profile = {name: payload[name] for name in IDENTIFIERS if payload.get(name)}
        if not profile:
            return Unfit("no_identifier")
        moment = time_of(payload)
        if isinstance(moment, Unfit):
            return moment
        event: dict[str, Any] = {
            "metric": {"data": {"type": "metric", "attributes": {"name": self.metric}}},
            "properties": _properties(payload),
            "time": payload["event_at"],
            "unique_id": row.key,
        }
        value = value_of(payload, "value_amount")
        if isinstance(value, Unfit):
            return value
        if value is not None:
            event["value"], event["value_currency"] = value
        return {
            "type": "event-bulk-create",
            "attributes": {
                # Silence is the safe side: flows write to people, and that cannot be undone.
                "backfill": payload.get("is_backfill") is not False,
                "profile": {"data": {"type": "profile", "attributes": profile}},
                "events": {"data": [{"type": "event", "attributes": event}]},
            },
        }


def _as_sent(receipt: Receipt) -> Receipt:
    reason = receipt.reason or ""
    if is_duplicate(reason):
        return Receipt(receipt.key, "accepted_unverified", reason=reason)
    if is_duplicate(reason.removeprefix(_WITH_OTHERS)):
        # Some of these were there before: nobody says which.
        return Receipt(receipt.key, "ambiguous", reason=reason)
    return receipt


def _properties(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(PROPERTY_PREFIX): value
        for name, value in payload.items()
        if name.startswith(PROPERTY_PREFIX) and value is not None
    }
