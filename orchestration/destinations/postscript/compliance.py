"""Postscript opt-outs and erasures.

What lives here: ``unsubscription`` and ``redaction``, one identifier a call: what the vendor makes
of several is not written anywhere.
What never does: taking one back. Both calls answer "queued" and have no status to ask for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import (
    Idempotency,
    Limits,
    Receipt,
    RefusedError,
    RetriableError,
    Row,
)
from orchestration.destinations.batches import Item, Record, Unfit, encode, run, stay
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.optouts import VendorOptOut
from orchestration.destinations.postscript.errors import E164, OPT_OUT_LIMITS

SUBSCRIBERS = "/api/v2/subscribers"
# The vendor's name of an identifier, and our column of it.
UNSUBSCRIBE = {"phone_number": "phone_number"}
REDACT = {**UNSUBSCRIBE, "email": "email", "shopify_customer_id": "shopify_customer_id"}


@dataclass(frozen=True)
class PostscriptUnsubscription:
    """The object ``unsubscription``: a row is a person who wants no more texts."""

    http: VendorHttp
    name: str = "postscript"
    limits: Limits = OPT_OUT_LIMITS
    idempotent: Idempotency = "upsert"
    is_unverified: bool = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Opt people out; whoever is out stays out."""
        return _ask(self.http, "unsubscribe", UNSUBSCRIBE, self.limits, rows)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Only the person can subscribe again."""
        return stay(rows)

    def opted_out(self) -> Iterator[VendorOptOut]:
        """Subscribers whom nothing may be sent any more; the vendor tells no time."""
        page, last = 1, 1
        while page <= last:
            body = self._subscribers({"page": str(page)})
            for entry in _entries(body):
                if _is_out(entry) and entry.get("phone_number"):
                    yield VendorOptOut(str(entry["phone_number"]), None, "UNSUBSCRIBED")
            last = _page_count(body)
            page += 1

    def is_out(self, address: str) -> bool:
        return all(map(_is_out, _entries(self._subscribers({"phone_number__eq": address}))))

    def _subscribers(self, params: Mapping[str, str]) -> Any:
        return self.http.send_patiently(
            "GET", SUBSCRIBERS, operation="subscriber_list", params=params
        ).body


@dataclass(frozen=True)
class PostscriptRedaction:
    """The object ``redaction``: a row is a person whose data must go. It opts out as well."""

    http: VendorHttp
    name: str = "postscript"
    limits: Limits = OPT_OUT_LIMITS
    idempotent: Idempotency = "upsert"
    is_unverified: bool = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Ask for erasure by every identifier there is; several may name several records."""
        return _ask(self.http, "redact", REDACT, self.limits, rows)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Nothing brings erased data back."""
        return stay(rows)


def _entries(body: Any) -> list[Mapping[str, Any]]:
    listed = body.get("subscribers") if isinstance(body, Mapping) else None
    if not isinstance(listed, list):
        raise RetriableError(
            "postscript listed no subscribers.", remedy="Send again; nothing was changed."
        )
    return [entry for entry in listed if isinstance(entry, Mapping)]


def _page_count(body: Any) -> int:
    info = body.get("page_info") if isinstance(body, Mapping) else None
    count = info.get("total_pages") if isinstance(info, Mapping) else None
    return count if isinstance(count, int) else 1


def _is_out(entry: Mapping[str, Any]) -> bool:
    """Only a plain no of the vendor; an answer without the field tells nothing."""
    subscriptions = entry.get("subscriptions")
    promotional = subscriptions.get("promotional") if isinstance(subscriptions, Mapping) else None
    return isinstance(promotional, Mapping) and promotional.get("can_send") is False


def _ask(
    http: VendorHttp,
    action: str,
    columns: Mapping[str, str],
    limits: Limits,
    rows: Sequence[Row],
) -> list[Receipt]:
    def prepare(row: Row) -> Sequence[Any] | Unfit:
        phone = row.payload.get("phone_number")
        if phone and not E164.fullmatch(str(phone)):
            return Unfit("not_e164:phone_number")
        calls = [{"postscript_subscriber_id": row.vendor_id}] if row.vendor_id else []
        for name, column in columns.items():
            if row.payload.get(column):
                calls.append({name: str(row.payload[column])})
        return calls or Unfit("no_identifier")

    def send(items: Sequence[Item], record: Record) -> None:
        for item in items:
            receipt = Receipt(item.row.key, "accepted_unverified", vendor_id=item.row.vendor_id)
            try:
                for call in json.loads(item.body):
                    path = f"/api/v2/compliance/{action}"
                    http.send("PATCH", path, operation=action, content=encode(call))
            except RefusedError as error:
                receipt = Receipt(item.row.key, "rejected", reason=error.code)
            record(item, receipt)

    return run(rows, limits, prepare, send)
