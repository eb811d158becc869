"""Meta's custom audience endpoints, as strict as the real ones.

What lives here: ``/{audience}/users`` with its session, schema and counts of invalid entries; the
counts of an audience and of a session.
What never does: telling who is in, or which rows were invalid; the samples are in no order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.meta_conversions import MetaConversions
from orchestration.sandbox.meta_wire import (
    Handler,
    check_credential,
    error_response,
    guarded,
    read_body,
)
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import META_ACCOUNT_ID, Refusal, check_keys, is_hash

__all__ = ["Meta", "error_response"]

ROWS_MAX = 10_000
SAMPLES_MAX = 5
COUNT_STEP = 1_000
FLAGGED = 471
FLAGGED_WORDS = ("diabetes", "debt", "pregnan")
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
        path = "/{version}/{audience}"
        return [
            Route(f"{path}/users", self._guarded(self._users), methods=["POST", "DELETE"]),
            Route(f"{path}/sessions", self._guarded(self._sessions), methods=["GET"]),
            *MetaConversions(self._truth).routes(),
            Route(path, self._guarded(self._state), methods=["GET"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def of_known_audience(request: Request) -> Response:
            check_credential(request)
            if not self._truth.has_object("meta", request.path_params["audience"]):
                raise Refusal(404, "100", "33", "object does not exist")
            return await handler(request)

        return guarded(of_known_audience)

    async def _users(self, request: Request) -> Response:
        body = check_keys(
            await read_body(request), "", {"session", "payload"}, {"session", "payload"}
        )
        if _is_flagged(request.path_params["audience"]):
            raise Refusal(400, "100", "1713230", "this audience cannot be changed")
        return self._change(request, body)

    async def _state(self, request: Request) -> Response:
        audience = request.path_params["audience"]
        fields = request.query_params.get("fields", "id").split(",")
        count = len(self._truth.members("meta", audience))
        lower = count // COUNT_STEP * COUNT_STEP
        code = FLAGGED if _is_flagged(audience) else 200
        state = {
            "operation_status": {"code": code, "description": "sandbox"},
            "approximate_count_lower_bound": lower,
            "approximate_count_upper_bound": lower + COUNT_STEP,
        }
        known = {name: state[name] for name in fields if name in state}
        return JSONResponse({"id": audience, **known})

    async def _sessions(self, request: Request) -> Response:
        session = request.query_params.get("session_id", "")
        polled = self._truth.poll_job("meta", f"{request.path_params['audience']}/{session}")
        counts = [] if polled is None else [{"session_id": session, **polled[1]}]
        return JSONResponse({"data": counts})

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
            self._truth.save_job(
                "meta", f"{audience}/{session}", _counted(len(rows), len(invalid))
            )
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


def _counted(received: int, invalid: int) -> dict[str, str]:
    # The vendor writes these numbers as texts.
    return {
        "num_received": str(received),
        "num_matched": str(received - invalid),
        "num_invalid_entries": str(invalid),
        "progress": "100",
        "stage": "complete",
    }


def _is_flagged(audience: str) -> bool:
    """The vendor holds back audiences whose name speaks of health or money troubles."""
    return any(word in audience.lower() for word in FLAGGED_WORDS)


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
