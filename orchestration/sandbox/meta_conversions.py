"""Meta's Conversions API, as strict as the real one.

What lives here: ``/{dataset}/events``; one bad or old event fails the request, one id counts once.
What never does: telling which event failed the request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.meta_wire import check_credential, guarded, read_body
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal, check_keys, is_hash

EVENTS_MAX = 1_000
OLDEST_SECONDS = 7 * 24 * 3600
SOURCES = {
    "email", "website", "app", "phone_call", "chat", "physical_store", "system_generated",
    "business_messaging", "other",
}
HASHED = {"em", "ph", "fn", "ln", "ct", "st", "zp", "country", "external_id"}
CLEAR = {"fbp", "fbc", "client_ip_address", "client_user_agent"}
_TERMS = {
    "data_processing_options", "data_processing_options_country", "data_processing_options_state",
}
_REQUIRED = {"event_name", "event_time", "action_source", "user_data"}
_KEYS = _REQUIRED | _TERMS | {"event_id", "event_source_url", "custom_data"}
# Country and state: California, or wherever the address in the event lies.
PLACES = {(1, 1000), (0, 0)}


class MetaConversions:
    """The datasets of one account; ``now`` is the server's clock in seconds."""

    def __init__(self, truth: Truth, now: Callable[[], float] = time.time) -> None:
        self._truth = truth
        self._now = now

    def routes(self) -> list[Route]:
        """The endpoint below the base URL."""
        return [Route("/{version}/{dataset}/events", guarded(self._events), methods=["POST"])]

    async def _events(self, request: Request) -> Response:
        check_credential(request)
        dataset = request.path_params["dataset"]
        if not self._truth.has_object("meta", f"conversions/{dataset}"):
            raise Refusal(404, "100", "33", "object does not exist")
        body = check_keys(await read_body(request), "", {"data", "test_event_code"}, {"data"})
        events = body["data"]
        if not isinstance(events, list) or not 1 <= len(events) <= EVENTS_MAX:
            raise Refusal(400, "100", detail=f"send 1 to {EVENTS_MAX} events")
        for event in events:
            try:
                self._check(event)
            except Refusal as refusal:
                # Which event it was, the vendor does not say.
                raise Refusal(400, "100", refusal.where, "invalid parameter") from None
        with self._truth.transaction():
            for event in events:
                key = f"{event['event_name']}:{event.get('event_id') or event['event_time']}"
                self._truth.add_fact("meta", "events", dataset, key, event)
            self._truth.log_write("meta", "conversions", dataset, len(events))
        answer = {"events_received": len(events), "messages": [], "fbtrace_id": "sandbox"}
        return JSONResponse(answer)

    def _check(self, event: Any) -> None:
        check_keys(event, "", _KEYS, _REQUIRED)
        moment = event["event_time"]
        if not isinstance(moment, int) or isinstance(moment, bool):
            raise Refusal(400, "100", detail="event_time is a number of seconds")
        if self._now() - moment > OLDEST_SECONDS:
            raise Refusal(400, "100", "2804003", "an event is older than seven days")
        source = event["action_source"]
        if source not in SOURCES:
            raise Refusal(400, "100", detail="unknown action_source")
        _check_user_data(event["user_data"])
        is_browser = "event_source_url" in event and "client_user_agent" in event["user_data"]
        if source == "website" and not is_browser:
            raise Refusal(400, "100", detail="a website has an address and an agent")
        if event["event_name"] == "Purchase":
            _check_value(event.get("custom_data"))
        _check_terms(event)


def _check_user_data(data: Any) -> None:
    check_keys(data, "", HASHED | CLEAR)
    if not data:
        raise Refusal(400, "100", detail="no customer information")
    for name in HASHED & data.keys():
        values = data[name] if isinstance(data[name], list) else [data[name]]
        if not values or not all(is_hash(value) for value in values):
            raise Refusal(400, "100", detail=f"{name} is no SHA-256")
    for name in CLEAR & data.keys():
        if not isinstance(data[name], str) or is_hash(data[name]):
            raise Refusal(400, "100", detail=f"{name} is sent in clear")


def _check_value(custom: Any) -> None:
    names = {"value", "currency", "order_id", "contents", "num_items"}
    check_keys(custom, "", names, {"value", "currency"})
    if isinstance(custom["value"], bool) or not isinstance(custom["value"], int | float):
        raise Refusal(400, "100", detail="value is not a number")
    if not isinstance(custom["currency"], str) or len(custom["currency"]) != 3:
        raise Refusal(400, "100", detail="currency is not of three letters")


def _check_terms(event: Mapping[str, Any]) -> None:
    options = event.get("data_processing_options", [])
    place = tuple(event.get(f"data_processing_options_{part}") for part in ("country", "state"))
    if options == [] and place == (None, None):
        return
    if options != ["LDU"] or place not in PLACES:
        raise Refusal(400, "100", detail="data_processing_options are not understood")
