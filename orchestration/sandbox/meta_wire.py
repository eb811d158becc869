"""What every Meta endpoint of the sandbox shares.

What lives here: credential and version, refusals, and the two forms of a body.
What never does: paths, or what a call does.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from orchestration.sandbox.wire import SECRETS, Refusal

API_VERSION = "v26.0"

Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """``handler`` with the vendor's refusals."""

    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return error_response(refusal)

    return guard


def check_credential(request: Request) -> None:
    """Refuse a token that is missing, wrong, or in the address, and another version."""
    if "access_token" in request.query_params:
        raise Refusal(400, "100", detail="the token does not belong into the address")
    if request.headers.get("authorization") != f"Bearer {SECRETS['meta']}":
        raise Refusal(401, "190", detail="invalid OAuth access token")
    if request.path_params["version"] != API_VERSION:
        raise Refusal(400, "2635", detail=f"use {API_VERSION}")


def error_response(refusal: Refusal) -> Response:
    """A refusal in the vendor's shape; ``where`` carries the subcode."""
    error: dict[str, Any] = {
        "message": refusal.detail,
        "type": "OAuthException",
        "code": int(refusal.code) if refusal.code.isdigit() else 100,
        "fbtrace_id": "sandbox",
    }
    if refusal.where.isdigit():
        error["error_subcode"] = int(refusal.where)
    return JSONResponse({"error": error}, status_code=refusal.status)


async def read_body(request: Request) -> Any:
    """The request's JSON, or the JSON of its form fields."""
    content = await request.body()
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return json.loads(content)
        if kind == "application/x-www-form-urlencoded":
            fields = parse_qs(content.decode())
            return {name: json.loads(values[0]) for name, values in fields.items()}
    except ValueError:
        raise Refusal(400, "100", detail="the body cannot be read") from None
    raise Refusal(400, "100", detail="send JSON or a form")
