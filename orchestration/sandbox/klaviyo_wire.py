"""What every Klaviyo endpoint of the sandbox shares.

What lives here: headers, refusals, JSON:API bodies and paging.
What never does: paths, or what a call does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestration.sandbox.wire import SECRETS, Refusal, check_keys, read_json

CONTENT_TYPE = "application/vnd.api+json"
REVISION = "2026-07-15"
BYTES_MAX = 5_000_000

Handler = Callable[[Request], Awaitable[Response]]
Entry = TypeVar("Entry")


def guarded(handler: Handler, steady_per_minute: int = 150) -> Handler:
    """``handler`` behind the checks of credential and revision, with the vendor's refusals."""

    async def guard(request: Request) -> Response:
        try:
            _check_headers(request)
            response = await handler(request)
        except Refusal as refusal:
            return error_response(refusal)
        # The figures of the steady window; they are absent on a 429.
        response.headers["RateLimit-Limit"] = str(steady_per_minute)
        response.headers["RateLimit-Remaining"] = str(steady_per_minute - 1)
        response.headers["RateLimit-Reset"] = "60"
        return response

    return guard


async def read_data(request: Request, type_name: str, allowed: set[str]) -> Mapping[str, Any]:
    """The one resource of a request's body."""
    body = await read_json(request, content_type=CONTENT_TYPE, bytes_max=BYTES_MAX)
    return data_of(body, type_name, allowed)


def error_response(refusal: Refusal) -> Response:
    """A refusal in the vendor's shape."""
    return errors_response([refusal])


def errors_response(refusals: Sequence[Refusal]) -> Response:
    """Several faults of one request, which is refused whole."""
    errors = []
    for refusal in refusals:
        error: dict[str, Any] = {
            "id": "sandbox", "code": refusal.code, "title": refusal.code, "detail": refusal.detail,
        }
        if refusal.where:
            error["source"] = {"pointer": refusal.where}
        errors.append(error)
    return json_response({"errors": errors}, status=refusals[0].status)


def _check_headers(request: Request) -> None:
    if request.headers.get("authorization") != f"Klaviyo-API-Key {SECRETS['klaviyo']}":
        raise Refusal(401, "not_authenticated", detail="no or wrong API key")
    if request.headers.get("revision") != REVISION:
        raise Refusal(400, "invalid", detail=f"send the header revision: {REVISION}")


def data_of(body: Any, type_name: str, allowed: set[str]) -> Mapping[str, Any]:
    """The resource under ``data``, of the type that the endpoint takes."""
    data = check_keys(body, "", {"data"}, {"data"})["data"]
    data = check_keys(data, "/data", allowed, {"type", "attributes"})
    if data["type"] != type_name:
        raise Refusal(400, "invalid", "/data/type", f"type is not {type_name}")
    return data


def check_count(entries: Any, where: str, count_max: int) -> None:
    """Refuse what is no list of 1 to ``count_max``."""
    if not isinstance(entries, list) or not 1 <= len(entries) <= count_max:
        raise Refusal(400, "invalid", where, f"send 1 to {count_max}")


def page(
    request: Request,
    entries: Sequence[Entry],
    *,
    size_max: int,
    shown: Callable[[Entry], Mapping[str, Any]],
) -> Response:
    """One page of resources, by ``page[size]`` and ``page[cursor]``; ``shown`` makes the resource
    of an entry, and is asked for those of the page only."""
    size = request.query_params.get("page[size]", "20")
    cursor = request.query_params.get("page[cursor]", "0")
    if not size.isdigit() or not 1 <= int(size) <= size_max or not cursor.isdigit():
        raise Refusal(400, "invalid", detail=f"page[size] is 1 to {size_max}")
    end = int(cursor) + int(size)
    links: dict[str, str | None] = {"self": str(request.url), "next": None}
    if end < len(entries):
        links["next"] = str(request.url.include_query_params(**{"page[cursor]": end}))
    resources = [shown(one) for one in entries[int(cursor) : end]]
    return json_response({"data": resources, "links": links})


def json_response(body: Any, status: int = 200) -> Response:
    """An answer in the vendor's media type."""
    return JSONResponse(body, status_code=status, media_type=CONTENT_TYPE)
