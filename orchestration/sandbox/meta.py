"""Meta's custom audience endpoint, as strict as the real one.

What lives here: ``/{audience}/users`` with its session, schema and counts of invalid entries.
What never does: telling which rows were invalid; the samples are in no order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import META_ACCOUNT_ID, SECRETS, Refusal, check_keys, is_hash

API_VERSION = "v26.0"
ROWS_MAX = 10_000
SAMPLES_MAX = 5
HASHED = ("EMAIL", "PHONE", "FN", "LN", "CT", "ST", "ZIP", "COUNTRY", "FI", "GEN", "DOBY",
          "DOBM", "DOBD")
SCHEMA = {*HASHED, "EXTERN_ID", "MADID"}
# What a person is found by; a row with names alone matches nobody.
CONTACTS = ("EMAIL", "PHONE", "MADID")


class Meta:
    """One ad account."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def routes(self) -> list[Route]:
        """The endpoints below the base URL."""
        path = "/{version}/{audience}/users"
        return [Route(path, self._users, methods=["POST", "DELETE"])]

    async def _users(self, request: Request) -> Response:
        try:
            body = await self._checked(request)
            return self._change(request, body)
        except Refusal as refusal:
            return error_response(refusal)

    async def _checked(self, request: Request) -> Mapping[str, Any]:
        if "access_token" in request.query_params:
            raise Refusal(400, "100", detail="the token does not belong into the address")
        if request.headers.get("authorization") != f"Bearer {SECRETS['meta']}":
            raise Refusal(401, "190", detail="invalid OAuth access token")
        if request.path_params["version"] != API_VERSION:
            raise Refusal(400, "2635", detail=f"use {API_VERSION}")
        if not self._truth.has_object("meta", request.path_params["audience"]):
            raise Refusal(404, "100", "33", "object does not exist")
        return check_keys(await _body(request), "", {"session", "payload"}, {"session", "payload"})

    def _change(self, request: Request, body: Mapping[str, Any]) -> Response:
        session = _session(body["session"])
        schema, rows = _payload(body["payload"])
        audience = request.path_params["audience"]
        is_add = request.method == "POST"
        members: list[tuple[str, str]] = []
        invalid = []
        for row in rows:
            cells = dict(zip(schema, row, strict=True))
            if _is_valid(cells):
                members.extend(_member(cells))
            else:
                invalid.append(row)
        with self._truth.transaction():
            if is_add:
                self._truth.add_members("meta", audience, members)
            else:
                self._remove(audience, members)
            operation = "audience_add" if is_add else "audience_remove"
            self._truth.log_write("meta", operation, audience, len(rows))
        random.Random(session).shuffle(invalid)  # noqa: S311
        samples = {str(number): str(row) for number, row in enumerate(invalid[:SAMPLES_MAX])}
        answer = {
            "audience_id": audience,
            "session_id": str(session),
            "num_received": len(rows),
            "num_invalid_entries": len(invalid),
            "invalid_entry_samples": samples,
        }
        usage = [{"type": "custom_audience", "call_count": 1, "total_cputime": 1, "total_time": 1,
                  "estimated_time_to_regain_access": 0}]
        headers = {"X-Business-Use-Case-Usage": json.dumps({META_ACCOUNT_ID: usage})}
        return JSONResponse(answer, headers=headers)

    def _remove(self, audience: str, members: list[tuple[str, str]]) -> None:
        # A row that names our id concerns that person; without it, whoever has the hash.
        ours = [pair for pair in members if pair[0].startswith("EXTERN_ID:")]
        theirs = [contact for member, contact in members if not member.startswith("EXTERN_ID:")]
        self._truth.remove_members("meta", audience, ours)
        self._truth.remove_identifiers("meta", audience, theirs)


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


async def _body(request: Request) -> Any:
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


def _session(session: Any) -> int:
    names = {"session_id", "batch_seq", "last_batch_flag"}
    check_keys(session, "", {*names, "estimated_num_total"}, names)
    session_id = session["session_id"]
    if not isinstance(session_id, int) or session_id <= 0:
        raise Refusal(400, "100", detail="session_id is a positive integer")
    return session_id


def _payload(payload: Any) -> tuple[list[str], list[list[Any]]]:
    check_keys(payload, "", {"schema", "data", "is_raw"}, {"schema", "data"})
    schema, rows = payload["schema"], payload["data"]
    if not isinstance(schema, list) or not schema or not set(schema) <= SCHEMA:
        raise Refusal(400, "100", detail="unknown key in schema")
    if not isinstance(rows, list) or not 1 <= len(rows) <= ROWS_MAX:
        raise Refusal(400, "100", detail=f"send 1 to {ROWS_MAX} rows")
    if any(not isinstance(row, list) or len(row) != len(schema) for row in rows):
        raise Refusal(400, "100", detail="a row is not as wide as the schema")
    return schema, rows


def _is_valid(cells: Mapping[str, Any]) -> bool:
    hashed = [cells[name] for name in HASHED if cells.get(name, "") != ""]
    return any(cells.get(name) for name in CONTACTS) and all(is_hash(value) for value in hashed)


def _member(cells: Mapping[str, Any]) -> list[tuple[str, str]]:
    contacts = [f"{name}:{cells[name]}" for name in CONTACTS if cells.get(name)]
    member = f"EXTERN_ID:{cells['EXTERN_ID']}" if cells.get("EXTERN_ID") else contacts[0]
    return [(member, contact) for contact in contacts]
