"""Postscript subscribers: custom properties of people who subscribed themselves.

What lives here: finding a subscriber by phone, and the change of properties.
What never does: adding anybody, e-mail (kept only where there was none) and tags (never taken
away). A property cannot be cleared either: a receipt says where one stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orchestration.destinations.base import (
    Idempotency,
    Limits,
    Receipt,
    RefusedError,
    RetriableError,
    Row,
)
from orchestration.destinations.batches import Item, Record, Unfit, run, stay
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.postscript.errors import E164, LIMITS

PATH = "/api/v2/subscribers"
PROPERTY_PREFIX = "property_"
PROPERTIES_MAX = 50
_NOT_DIGIT = re.compile(r"[^0-9]")


@dataclass(frozen=True)
class PostscriptSubscribers:
    """The object ``subscribers``."""

    http: VendorHttp
    name: str = "postscript"
    limits: Limits = LIMITS
    idempotent: Idempotency = "upsert"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Set properties of subscribers; whoever is none is rejected."""
        return run(rows, self.limits, _change, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Properties cannot be cleared, and leaving is the person's own or a compliance call."""
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        for item in items:
            record(item, self._update(item))

    def _update(self, item: Item) -> Receipt:
        try:
            known = _known_id(item.row)
            if known and self._patch(known, item.body):
                return _accepted(item.row, known)
            # Not known yet, another phone now, or merged away since.
            found = self._find(str(item.row.payload["phone_number"]))
            if len(found) == 1 and self._patch(found[0], item.body):
                return _accepted(item.row, found[0])
        except RefusedError as error:
            return Receipt(item.row.key, "rejected", reason=error.code)
        reason = "several_subscribers" if len(found) > 1 else "no_subscriber"
        return Receipt(item.row.key, "rejected", reason=reason)

    def _patch(self, subscriber_id: str, body: bytes) -> bool:
        """False where there is no such subscriber."""
        path = f"{PATH}/{quote(subscriber_id, safe='')}"
        try:
            self.http.send("PATCH", path, operation="subscriber_update", content=body)
        except RefusedError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _find(self, phone_number: str) -> list[str]:
        """The ids of subscribers with this phone; what else an answer holds is not taken."""
        answer = self.http.send(
            "GET", PATH, operation="subscriber_find", params={"phone_number__eq": phone_number}
        )
        found = answer.body.get("subscribers") if isinstance(answer.body, Mapping) else None
        if not isinstance(found, list):
            raise RetriableError(
                "postscript listed no subscribers.", remedy="Send again; nothing was changed."
            )
        return [
            str(entry["id"])
            for entry in found
            if isinstance(entry, Mapping)
            and entry.get("id")
            and _digits(entry.get("phone_number")) == _digits(phone_number)
        ]


def _change(row: Row) -> Mapping[str, Any] | Unfit:
    phone = row.payload.get("phone_number")
    if not phone:
        return Unfit("no_identifier")
    if not E164.fullmatch(str(phone)):
        return Unfit("not_e164:phone_number")
    properties = properties_of(row.payload)
    if not properties:
        return Unfit("no_properties")
    if len(properties) > PROPERTIES_MAX:
        return Unfit("too_many_properties")
    return {"properties": properties}


def _known_id(row: Row) -> str | None:
    """The stored id, unless it was stored for another phone: that subscriber may be another."""
    before = (row.prior_payload or row.payload).get("phone_number")
    return row.vendor_id if before == row.payload["phone_number"] else None


def properties_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to say; fractions as text, for which the vendor has no type."""
    return {
        name.removeprefix(PROPERTY_PREFIX): str(value) if isinstance(value, float) else value
        for name, value in payload.items()
        if name.startswith(PROPERTY_PREFIX) and value is not None
    }


def _accepted(row: Row, subscriber_id: str) -> Receipt:
    cleared = properties_of(row.prior_payload or {}).keys() - properties_of(row.payload).keys()
    reason = "cleared_properties_stay" if cleared else None
    return Receipt(row.key, "accepted", reason=reason, vendor_id=subscriber_id)


def _digits(phone: Any) -> str:
    return _NOT_DIGIT.sub("", str(phone or ""))
