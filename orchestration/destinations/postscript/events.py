"""Postscript events, which start flows: each sent once, and in doubt rather than twice.

What lives here: the event's wire form.
What never does: a second attempt where the first may have arrived. The vendor has no key by which
it would drop a repeated event, and a flow that starts twice texts the person twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
from orchestration.destinations.postscript.subscribers import properties_of

_TYPE = re.compile(r"[A-Za-z0-9_]+")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class PostscriptEvents:
    """The object ``events/<type>``."""

    http: VendorHttp
    event_type: str
    name: str = "postscript"
    limits: Limits = LIMITS
    idempotent: Idempotency = "none"
    restates: bool = False
    is_unverified: bool = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Send each event once; without an answer its row is ambiguous."""
        return run(rows, self.limits, self._event, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Events are history: none can be taken back."""
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        for item in items:
            record(item, self._post(item))

    def _post(self, item: Item) -> Receipt:
        key = item.row.key
        try:
            answer = self.http.send(
                "POST", "/api/v2/events", operation="event_add", content=item.body
            )
        except RefusedError as error:
            return Receipt(key, "rejected", reason=error.code)
        except RetriableError as error:
            if not error.may_have_effect:
                raise
            return Receipt(key, "ambiguous", reason="no_answer")
        body = answer.body if isinstance(answer.body, Mapping) else {}
        ids = body.get("event_ids")
        event_id = str(ids[0]) if isinstance(ids, list) and ids else None
        return Receipt(key, "accepted_unverified", vendor_id=event_id)

    def _event(self, row: Row) -> Mapping[str, Any] | Unfit:
        phone, at = row.payload.get("phone_number"), _utc(row.payload.get("event_at"))
        if not phone:
            return Unfit("no_identifier")
        if not E164.fullmatch(str(phone)):
            return Unfit("not_e164:phone_number")
        if not _TYPE.fullmatch(self.event_type):
            return Unfit("not_a_type")
        if at is None:
            return Unfit("no_event")
        return {
            "type": self.event_type,
            "phone": phone,
            "occurred_at": at,
            # The key of the row; a plan keeps it out of the payload.
            "external_id": row.key,
            "properties": properties_of(row.payload),
        }


def _utc(text: Any) -> str | None:
    """The time as the vendor writes it; None where it has no zone."""
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return None if at.tzinfo is None else at.astimezone(UTC).strftime(TIME_FORMAT)
