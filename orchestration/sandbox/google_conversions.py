"""Google's endpoint for events, as strict as the real one.

What lives here: ``/v1/events:ingest``; an order counts once at a conversion action.
What never does: telling which events failed; a status has counts per reason only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestration.sandbox.google_wire import (
    consent_of,
    consent_problem,
    destination_of,
    guarded,
    identified,
    queue,
)
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal, check_keys, read_json

EVENTS_MAX = 2_000
SOURCES = {"WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"}
CLICKS = {"gclid", "gbraid", "wbraid"}
_KEYS = {
    "transactionId", "eventTimestamp", "userData", "adIdentifiers", "currency", "conversionValue",
    "eventSource", "consent", "cartData", "destinationReferences", "lastUpdatedTimestamp",
}


class GoogleConversions:
    """The conversion actions of one account."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoint below the base URL."""
        return [Route("/v1/events:ingest", guarded(self._ingest), methods=["POST"])]

    async def _ingest(self, request: Request) -> Response:
        body = await read_json(request, content_type="application/json", bytes_max=None)
        names = {"destinations", "events", "encoding", "consent", "validateOnly"}
        check_keys(body, "", names, {"destinations", "events"})
        action = destination_of(body["destinations"], "conversions/", self._truth)
        events = body["events"]
        if not isinstance(events, list) or not 1 <= len(events) <= EVENTS_MAX:
            raise Refusal(400, "INVALID_ARGUMENT", "events", f"send 1 to {EVENTS_MAX}")
        for index, event in enumerate(events):
            _check_event(event, f"events[{index}]", body.get("encoding"))
        shared = consent_of(body.get("consent"), "consent")
        failures: Counter[str] = Counter()
        with self._truth.transaction():
            for event in events:
                reason = self._take(action, event, shared)
                if reason is not None:
                    failures[reason] += 1
            counts = {"recordCount": len(events)}
            return queue(self._truth, "conversions", action, counts, failures)

    def _take(
        self, action: str, event: Mapping[str, Any], shared: Mapping[str, str]
    ) -> str | None:
        """Keep an event; why it is dropped, where it is."""
        consent = {**shared, **consent_of(event.get("consent"), "consent")}
        reason = consent_problem(event.get("userData", {}), consent)
        if reason is not None:
            return reason
        key = str(event["transactionId"])
        is_new = self._truth.add_fact("google", "events", action, key, event)
        return None if is_new else "PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID"


def _check_event(event: Any, where: str, encoding: Any) -> None:
    check_keys(event, where, _KEYS, {"eventTimestamp", "transactionId"})
    try:
        moment = datetime.fromisoformat(str(event["eventTimestamp"]))
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise Refusal(400, "EVENT_TIME_INVALID", f"{where}.event_timestamp", "no time")
    if event.get("eventSource", "WEB") not in SOURCES:
        raise Refusal(400, "INVALID_ARGUMENT", f"{where}.event_source", "unknown source")
    value = event.get("conversionValue", 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(400, "INVALID_ARGUMENT", f"{where}.conversion_value", "no number")
    if "conversionValue" in event and len(str(event.get("currency", ""))) != 3:
        raise Refusal(400, "INVALID_CURRENCY_CODE", f"{where}.currency", "not of three letters")
    if "userData" in event:
        if encoding != "HEX":
            raise Refusal(400, "INVALID_ARGUMENT", "encoding", "encoding is required for userData")
        identified(event["userData"], where)
    click = check_keys(event.get("adIdentifiers", {}), f"{where}.ad_identifiers", CLICKS)
    if "userData" not in event and not click:
        raise Refusal(400, "NO_IDENTIFIERS_PROVIDED", where, "neither a person nor a click")
    consent_of(event.get("consent"), f"{where}.consent")
