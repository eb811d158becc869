"""TikTok's segment mapping and event endpoints, as strict as the real ones.

What lives here: the two calls, their envelope (HTTP 200 with a ``code``) and partial success.
What never does: telling which rows of a partial success were left out.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import (
    SECRETS,
    SHA256,
    TIKTOK_ADVERTISER_ID,
    Refusal,
    check_keys,
    is_hash,
    read_json,
)

ROWS_MAX, EVENTS_MAX = 10_000, 1_000
SCHEMA = {"EMAIL_SHA256", "PHONE_SHA256", "IDFA_SHA256", "AAID_SHA256"}
SOURCES = {"web", "app", "offline", "crm"}
HASHED = ("email", "phone", "external_id")
USER = {*HASHED, "ttclid", "ttp", "ip", "user_agent", "locale"}
EVENT = {"event", "event_time", "event_id", "user", "page", "properties", "limited_data_use"}
PROPERTIES = {"value", "currency", "contents", "content_type", "order_id", "shop_id", "query",
              "description"}
MILLISECONDS = 100_000_000_000
OK, PARTIAL, PARAMS, NO_PERMISSION, NOT_EXIST = "0", "20001", "40002", "40001", "40007"
BATCH_SIZE, NOT_HASHED, NO_TOKEN, BAD_TOKEN = "40061", "40062", "40104", "40105"
CODE_BY_HTTP = {401: BAD_TOKEN, 403: NO_PERMISSION, 404: NOT_EXIST, 429: "40100"}

Handler = Callable[[Request], Awaitable[Response]]


class TikTok:
    """One advertiser and its pixels."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        base = "/open_api/v1.3"
        return [
            Route(f"{base}/segment/mapping/", self._guarded(self._map), methods=["POST"]),
            Route(f"{base}/event/track/", self._guarded(self._track), methods=["POST"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                token = request.headers.get("access-token")
                if not token:
                    raise Refusal(200, NO_TOKEN, detail="empty access token")
                if token != SECRETS["tiktok"]:
                    raise Refusal(200, BAD_TOKEN, detail="invalid access token")
                return await handler(request)
            except Refusal as refusal:
                return error_response(refusal)

        return guarded

    async def _map(self, request: Request) -> Response:
        names = {"advertiser_ids", "action", "id_schema", "batch_data"}
        body = check_keys(await _body(request), "", names, names)
        if body["advertiser_ids"] != [TIKTOK_ADVERTISER_ID]:
            raise Refusal(200, NO_PERMISSION, detail="no permission for the advertiser")
        if body["action"] not in ("add", "delete"):
            raise _wrong("action")
        schema, rows = body["id_schema"], body["batch_data"]
        if not isinstance(schema, list) or not schema or not set(schema) <= SCHEMA:
            raise _wrong("id_schema")
        if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS_MAX:
            raise Refusal(200, BATCH_SIZE, detail=f"send 1 to {ROWS_MAX} rows")
        parts = [self._identified(schema, row) for row in rows]
        with self._truth.transaction():
            for audience in sorted({audience for part in parts for audience in part}):
                pairs = [pair for part in parts for pair in part.get(audience, [])]
                if body["action"] == "add":
                    self._truth.add_members("tiktok", audience, pairs)
                else:
                    digests = [digest for _, digest in pairs]
                    self._truth.remove_identifiers("tiktok", audience, digests)
                operation = f"audience_{body['action']}"
                self._truth.log_write("tiktok", operation, audience, len(rows))
        is_whole = all(_is_good(entry) for row in rows for entry in row if entry)
        return _envelope(OK if is_whole else PARTIAL)

    def _identified(self, schema: list[Any], row: Any) -> dict[str, list[tuple[str, str]]]:
        """(member, digest) pairs per audience; unusable digests are left out."""
        if not isinstance(row, list) or len(row) != len(schema) or not any(row):
            raise _wrong("batch_data")
        found: dict[str, list[tuple[str, str]]] = {}
        for name, entry in zip(schema, row, strict=True):
            if entry == {}:
                continue
            check_keys(entry, "batch_data", {"id", "audience_ids"}, {"id", "audience_ids"})
            if not SHA256.fullmatch(str(entry["id"])):
                raise Refusal(200, NOT_HASHED, detail="an id is not hashed")
            for audience in entry["audience_ids"]:
                if not self._truth.has_object("tiktok", audience):
                    raise Refusal(200, NOT_EXIST, detail="audience does not exist")
                if _is_good(entry):
                    pairs = found.setdefault(audience, [])
                    digest = f"{name}:{entry['id']}"
                    pairs.append((pairs[0][0] if pairs else digest, digest))
        return found

    async def _track(self, request: Request) -> Response:
        names = {"event_source", "event_source_id", "data"}
        body = check_keys(await _body(request), "", {*names, "test_event_code"}, names)
        pixel, events = body["event_source_id"], body["data"]
        if body["event_source"] not in SOURCES:
            raise _wrong("event_source")
        if not self._truth.has_object("tiktok", str(pixel)):
            raise Refusal(200, NOT_EXIST, detail="pixel does not exist")
        if not isinstance(events, list) or not 1 <= len(events) <= EVENTS_MAX:
            raise Refusal(200, BATCH_SIZE, detail=f"send 1 to {EVENTS_MAX} events")
        for event in events:
            _check_event(event)
        good = [event for event in events if _is_usable(event)]
        with self._truth.transaction():
            for event in good:
                # The pixel keeps the first of those that share name and id.
                key = f"{event['event']}|{event['event_id']}"
                self._truth.add_fact("tiktok", "events", str(pixel), key, event)
            self._truth.log_write("tiktok", "conversion_add", str(pixel), len(events))
        return _envelope(OK if len(good) == len(events) else PARTIAL)


def error_response(refusal: Refusal) -> Response:
    """A refusal in the vendor's envelope; a code that is no number follows the HTTP status."""
    code = refusal.code
    if not code.isdigit():
        guess = "50000" if refusal.status >= 500 else PARAMS
        code = CODE_BY_HTTP.get(refusal.status, guess)
    # What the shared checks refuse with 400 is a wrong parameter here, told in a 200.
    is_check = refusal.status == 400 and refusal.code in ("invalid", "required")
    return _envelope(code, refusal.detail, 200 if is_check else refusal.status)


def _envelope(code: str, message: str = "OK", status: int = 200) -> Response:
    body = {"code": int(code), "message": message, "data": {}, "request_id": "sandbox"}
    return JSONResponse(body, status_code=status)


async def _body(request: Request) -> Any:
    try:
        return await read_json(request, content_type="application/json", bytes_max=None)
    except Refusal as refusal:
        raise Refusal(200, PARAMS, detail=refusal.detail) from None


def _wrong(name: str) -> Refusal:
    return Refusal(200, PARAMS, detail=f"{name}: invalid")


def _is_good(entry: Mapping[str, Any]) -> bool:
    return is_hash(entry["id"])


def _check_event(event: Any) -> None:
    check_keys(event, "data", EVENT, {"event", "event_time", "event_id", "user"})
    user = check_keys(event["user"], "data/user", USER)
    properties = check_keys(event.get("properties", {}), "data/properties", PROPERTIES)
    check_keys(event.get("page", {}), "data/page", {"url", "referrer"})
    if not isinstance(event["event_time"], int) or not 0 < event["event_time"] < MILLISECONDS:
        raise _wrong("event_time")
    if any(user.get(name) and not SHA256.fullmatch(str(user[name])) for name in HASHED):
        raise Refusal(200, NOT_HASHED, detail="personal data is not hashed")
    value = properties.get("value", 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("value")
    if "value" in properties and "currency" not in properties:
        raise _wrong("currency")
    json.dumps(event, allow_nan=False)


def _is_usable(event: Mapping[str, Any]) -> bool:
    user = event["user"]
    given = [user[name] for name in HASHED if user.get(name)]
    return all(map(is_hash, given)) and bool(given or user.get("ttclid") or user.get("ttp"))
