"""Postscript's subscribers and compliance endpoints, as strict as the real ones.

What lives here: reading and changing subscribers, opt-out, erasure, events.
What never does: adding subscribers by API: there, each add texts a person.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import E164, SECRETS, Refusal, check_keys, read_json

PROPERTIES_MAX = 50
PAGE_SIZE = 100
FILTERS = {
    f"{name}__{how}"
    for name in ("phone_number", "email", "shopify_customer_id")
    for how in ("eq", "in", "contains")
} | {"page", "sort", "ps_id__eq"}
IDENTIFIERS = {"postscript_subscriber_id": "id", "phone_number": "phone_number"}
REDACT_IDENTIFIERS = {
    **IDENTIFIERS, "email": "email", "shopify_customer_id": "shopify_customer_id",
}  # fmt: skip
EVENT = {"type", "subscriber_id", "phone", "email", "occurred_at", "properties", "external_id"}
TYPE = re.compile(r"[A-Za-z0-9_]+")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.]\d{1,6}")
RATE_LIMITED = 3002

Handler = Callable[[Request], Awaitable[Response]]


class Postscript:
    """One shop."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def subscribe(self, phones: Iterable[str]) -> None:
        """What people do themselves; a known phone stays as it is."""
        known = self._truth.documents("postscript", "subscribers")
        taken = {person["phone_number"] for person in known.values()}
        with self._truth.transaction():
            for phone in phones:
                if phone not in taken and E164.fullmatch(phone):
                    self._save(
                        {
                            "id": f"ps-{phone.removeprefix('+')}",
                            "phone_number": phone,
                            "email": None,
                            "shopify_customer_id": None,
                            "properties": {},
                            "tags": [],
                            "subscriptions": {"promotional": {"can_send": True}},
                        }
                    )

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        base = "/api/v2"
        return [
            Route(f"{base}/subscribers", self._guarded(self._list), methods=["GET"]),
            Route(f"{base}/subscribers/{{id}}", self._guarded(self._update), methods=["PATCH"]),
            Route(
                f"{base}/compliance/unsubscribe", self._guarded(self._unsubscribe),
                methods=["PATCH"],
            ),
            Route(f"{base}/compliance/redact", self._guarded(self._redact), methods=["PATCH"]),
            Route(f"{base}/events", self._guarded(self._event), methods=["POST"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                if request.headers.get("authorization") != f"Bearer {SECRETS['postscript']}":
                    raise Refusal(401, "v2.unauthorized", detail="no or wrong token")
                return await handler(request)
            except Refusal as refusal:
                return error_response(refusal)

        return guarded

    async def _list(self, request: Request) -> Response:
        filters = request.query_params
        if unknown := set(filters) - FILTERS:
            raise Refusal(400, "v2.invalid", sorted(unknown)[0], "unknown filter")
        ids = self._asked(
            {
                name.removesuffix("__eq"): value
                for name, value in filters.items()
                if name.endswith("__eq")
            }
        )
        page = filters.get("page", "1")
        if not page.isdigit() or int(page) < 1:
            raise Refusal(400, "v2.invalid", "page", "not a page")
        first = (int(page) - 1) * PAGE_SIZE
        info = {"page": int(page), "total_pages": max(1, -(-len(ids) // PAGE_SIZE))}
        shown = [
            self._truth.document("postscript", "subscribers", one)
            for one in ids[first : first + PAGE_SIZE]
        ]
        return JSONResponse({"page_info": info, "subscribers": shown})

    async def _update(self, request: Request) -> Response:
        body = check_keys(await _body(request), "", {"email", "tags", "properties"})
        person = self._truth.document("postscript", "subscribers", request.path_params["id"])
        if person is None:
            raise Refusal(404, "v2.not_found", "id", "no such subscriber")
        given = body.get("properties") or {}
        if not isinstance(given, Mapping) or not all(map(_is_property, given.values())):
            raise Refusal(400, "v2.invalid", "properties", "not a property")
        # Null neither sets nor clears.
        said = {name: value for name, value in given.items() if value is not None}
        properties = {**person["properties"], **said}
        if len(properties) > PROPERTIES_MAX:
            raise Refusal(400, "v2.invalid", "properties", f"more than {PROPERTIES_MAX}")
        changed = {
            **person,
            "properties": properties,
            "email": person["email"] or body.get("email"),
            "tags": sorted({*person["tags"], *body.get("tags", [])}),
        }
        with self._truth.transaction():
            self._save(changed)
            self._truth.log_write("postscript", "subscriber_update", person["id"], 1)
        return JSONResponse(changed)

    async def _unsubscribe(self, request: Request) -> Response:
        name, value = await _identifier(request, IDENTIFIERS)
        with self._truth.transaction():
            for person in self._found(name, value):
                self._save({**person, "subscriptions": {"promotional": {"can_send": False}}})
            self._truth.add_fact("postscript", "unsubscribe", "", f"{name}:{value}", {})
            self._truth.log_write("postscript", "unsubscribe", "", 1)
        return JSONResponse({"message": "OK"}, status_code=202)

    async def _redact(self, request: Request) -> Response:
        name, value = await _identifier(request, REDACT_IDENTIFIERS)
        with self._truth.transaction():
            values = {value}
            for person in self._found(name, value):
                self._truth.forget_document("postscript", "subscribers", person["id"])
                known = (person[one] for one in ("id", "phone_number", "email"))
                values |= {str(one) for one in known if one}
            self._truth.forget_facts("postscript", values)
            self._truth.note_erasure("postscript", f"{name}:{value}")
            self._truth.log_write("postscript", "redact", "", 1)
        return JSONResponse({"message": "OK"}, status_code=202)

    async def _event(self, request: Request) -> Response:
        body = check_keys(await _body(request), "", EVENT, {"type"})
        if not TYPE.fullmatch(str(body["type"])):
            raise Refusal(400, "v2.invalid", "type", "letters, digits and _ only")
        if not any(body.get(name) for name in ("subscriber_id", "phone", "email")):
            raise Refusal(400, "v2.invalid", "", "nobody is named")
        if "occurred_at" in body and not TIME.fullmatch(str(body["occurred_at"])):
            raise Refusal(400, "v2.invalid", "occurred_at", "not a time")
        given = body.get("properties", {})
        if not isinstance(given, Mapping) or not all(map(_is_property, given.values())):
            raise Refusal(400, "v2.invalid", "properties", "not a property")
        with self._truth.transaction():
            # Nothing is dropped as a repetition, whatever its external_id says.
            number = len(self._truth.facts("postscript", "events", body["type"])) + 1
            self._truth.add_fact("postscript", "events", body["type"], f"{number:08d}", body)
            self._truth.log_write("postscript", "event_add", body["type"], 1)
        return JSONResponse({"event_ids": [f"ev-{number}"]}, status_code=202)

    def _asked(self, equal: Mapping[str, str]) -> list[str]:
        """Ids of the subscribers that fit all filters, sorted."""
        if not equal:
            return self._truth.document_ids("postscript", "subscribers")
        fitting = [
            {person["id"] for person in self._found("id" if name == "ps_id" else name, value)}
            for name, value in equal.items()
        ]
        return sorted(set.intersection(*fitting))

    def _found(self, name: str, value: str) -> list[dict[str, Any]]:
        """Subscribers by identifier, as a vendor with an index finds them."""
        return list(self._truth.documents_with("postscript", "subscribers", name, value).values())

    def _save(self, person: Mapping[str, Any]) -> None:
        self._truth.save_document("postscript", "subscribers", str(person["id"]), person)


def error_response(refusal: Refusal) -> Response:
    """A refusal in the vendor's two shapes: one for rate limits, one for the rest."""
    if refusal.status == 429:
        body: dict[str, Any] = {
            "error_code": RATE_LIMITED, "error_message": "Rate limit exceeded", "success": False,
        }
    else:
        where = [refusal.where] if refusal.where else []
        body = {"errors": [{"loc": where, "msg": refusal.detail, "type": refusal.code}]}
    return JSONResponse(body, status_code=refusal.status)


async def _body(request: Request) -> Any:
    return await read_json(request, content_type="application/json", bytes_max=None)


async def _identifier(request: Request, allowed: Mapping[str, str]) -> tuple[str, str]:
    """The one identifier of a compliance call, as the subscriber holds it."""
    body = check_keys(await _body(request), "", allowed)
    if len(body) != 1 or not all(isinstance(value, str) and value for value in body.values()):
        raise Refusal(400, "v2.invalid", "", "send one identifier")
    name, value = next(iter(body.items()))
    return allowed[name], value


def _is_property(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(part, str) for part in value)
    return value is None or isinstance(value, str | int)
