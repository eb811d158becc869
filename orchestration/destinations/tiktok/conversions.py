"""TikTok conversions: purchases as web events, each once by its ``event_id``.

What lives here: the event's wire form.
What never does: hashing; a second value for an event that was sent (the first one stands); people
who limited the use of their data, for whom this channel has no confirmed flag: they are withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.destinations.base import Idempotency, Limits, Receipt, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    encode,
    hash_problem,
    run,
    send_around_refusals,
    stay,
)
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.tiktok.errors import API

# Digests of this capability's own: the phone with plus, the e-mail with its +tag.
HASHED = {
    "email": "email_sha256",
    "phone": "phone_sha256",
    "external_id": "external_id_sha256",
}
PLAIN = {"ttclid": "ttclid", "ttp": "ttp", "ip": "client_ip_address", "user_agent":
         "client_user_agent"}  # fmt: skip
MATCHING = ("email", "phone", "external_id", "ttclid", "ttp")
LIMITS = Limits(rows_per_request=1_000)


@dataclass(frozen=True)
class TikTokConversions:
    """The object ``conversions/<pixel>``."""

    http: VendorHttp
    pixel_code: str
    name: str = "tiktok"
    limits: Limits = LIMITS
    idempotent: Idempotency = "key"
    restates: bool = False

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Send events; one that the pixel has by its id is dropped by the vendor."""
        return run(rows, self.limits, _event, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Events are history: none can be taken back."""
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        send_around_refusals(items, self._track, record)

    def _track(self, items: Sequence[Item]) -> list[Receipt]:
        content = b"".join(
            (
                b'{"event_source":"web","event_source_id":',
                encode(self.pixel_code),
                b',"data":[',
                b",".join(item.body for item in items),
                b"]}",
            )
        )
        self.http.send(
            "POST", f"{API}/event/track/", operation="conversion_add", content=content
        )
        return [Receipt(item.row.key, "accepted") for item in items]


def _event(row: Row) -> Mapping[str, Any] | Unfit:
    payload = row.payload
    problem = hash_problem(payload, tuple(HASHED.values()))
    if problem is not None:
        return Unfit(problem)
    if payload.get("is_limited_data_use"):
        return Unfit("limited_data_use")
    user = {name: payload.get(column) for name, column in {**HASHED, **PLAIN}.items()}
    if not any(user[name] for name in MATCHING):
        return Unfit("no_identifier")
    at, value = _seconds(payload.get("event_at")), _number(payload.get("conversion_value_amount"))
    if at is None or not payload.get("event_name"):
        return Unfit("no_event")
    if value is None or not payload.get("currency"):
        return Unfit("no_value")
    url = payload.get("event_source_url")
    return {
        "event": payload["event_name"],
        "event_time": at,
        # The key of the row; a plan keeps it out of the payload.
        "event_id": row.key,
        "user": {name: value for name, value in user.items() if value},
        "properties": {"value": value, "currency": payload["currency"]}
        | ({"order_id": str(payload["order_id"])} if payload.get("order_id") else {}),
    } | ({"page": {"url": url}} if url else {})


def _seconds(text: Any) -> int | None:
    """Unix seconds of an ISO-8601 time; None where it has no zone."""
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return None if at.tzinfo is None else int(at.timestamp())


def _number(amount: Any) -> float | None:
    """The JSON number nearest to a decimal text: the wire has no decimals."""
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return None
    return float(value) if value.is_finite() else None
