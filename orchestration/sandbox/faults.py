"""Scripted misbehaviour of the simulated vendors.

What lives here: the answers a script may hold, and the layer that plays them before the endpoints.
What never does: a vendor's own refusals; those follow from the request.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.sandbox import google, klaviyo, meta, postscript, tiktok
from orchestration.sandbox.wire import Refusal

KINDS = (
    "status", "ok_with_error", "expired_token", "lost_ack", "drop", "slow", "bad_json", "html",
    "redirect", "ok",
)  # fmt: skip
_SHAPES = {
    "klaviyo": klaviyo.error_response,
    "meta": meta.error_response,
    "google": google.error_response,
    "tiktok": tiktok.error_response,
    "postscript": postscript.error_response,
}
# How each vendor says that a token which was good has run out.
_EXPIRED = {
    "klaviyo": Refusal(401, "not_authenticated", detail="expired"),
    "meta": Refusal(400, "190", "463", "session has expired"),
    "google": Refusal(401, "ACCESS_TOKEN_EXPIRED", detail="expired"),
    "tiktok": Refusal(200, "40102", detail="access token is expired"),
    "postscript": Refusal(401, "v2.unauthorized", detail="token is not valid"),
}


@dataclass(frozen=True)
class Fault:
    """One scripted answer.

    ``status``: the vendor's error shape with ``status``, ``code``, ``retry_after`` and ``headers``;
    no effect. ``ok_with_error``: the same shape in an HTTP 200; no effect. ``expired_token``: in
    the vendor's own words; no effect. ``lost_ack``: effect, then the connection breaks. ``drop``:
    it breaks before any effect. ``slow``: ``seconds`` before the true answer. ``bad_json``: effect,
    then half of a JSON text. ``html``: a proxy's page with ``status``; no effect. ``redirect``: to
    another host. ``ok``: the true answer.
    """

    kind: str
    status: int = 500
    code: str = "scripted"
    retry_after: str | None = None
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Script:
    """Answers for the coming requests to ``vendor`` whose path holds ``path``, first come first."""

    vendor: str
    answers: list[Fault]
    path: str = ""
    method: str = ""


class Faults:
    """The scripts in force, and a seeded share of random faults."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Behave."""
        self._scripts: list[Script] = []
        self._ratio = 0.0
        self._random = random.Random(0)  # noqa: S311
        self._choices: list[Fault] = []
        self._vendors: frozenset[str] = frozenset(_SHAPES)
        self.played_count = 0

    def load(self, body: Mapping[str, Any]) -> None:
        """Add scripts: ``{"scripts": [{vendor, path?, method?, answers: [...]}], "rate": {ratio,
        seed, answers, vendors?}}``.

        Raises:
            ValueError: an unknown kind, vendor or key.
        """
        for script in body.get("scripts", []):
            if script["vendor"] not in _SHAPES:
                raise ValueError(f"unknown vendor; known: {', '.join(_SHAPES)}")
            answers = [_fault(answer) for answer in script["answers"]]
            self._scripts.append(
                Script(script["vendor"], answers, script.get("path", ""), script.get("method", ""))
            )
        rate = body.get("rate")
        if rate is not None:
            self._ratio = float(rate["ratio"])
            self._random = random.Random(rate["seed"])  # noqa: S311
            self._choices = [_fault(answer) for answer in rate["answers"]]
            self._vendors = frozenset(rate.get("vendors", _SHAPES))

    def next(self, vendor: str, method: str, path: str) -> Fault | None:
        """What this request gets instead of the truth; None for the truth."""
        for script in self._scripts:
            is_meant = script.vendor == vendor and script.path in path
            if is_meant and script.method in ("", method) and script.answers:
                self.played_count += 1
                return script.answers.pop(0)
        if self._choices and vendor in self._vendors and self._random.random() < self._ratio:
            self.played_count += 1
            return self._random.choice(self._choices)
        return None


def error_shape(vendor: str) -> Callable[[Refusal], Response]:
    """How the vendor says no."""
    return _SHAPES[vendor]


def _fault(answer: Mapping[str, Any]) -> Fault:
    if answer.get("kind") not in KINDS:
        raise ValueError(f"unknown kind; known: {', '.join(KINDS)}")
    try:
        return Fault(**answer)
    except TypeError as error:
        raise ValueError(str(error)) from None


class FaultLayer:
    """ASGI layer in front of one vendor."""

    def __init__(self, app: ASGIApp, vendor: str, faults: Faults) -> None:
        self._app = app
        self._vendor = vendor
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http":
            fault = self._faults.next(self._vendor, scope["method"], scope["path"])
        if fault is None or fault.kind == "ok":
            await self._app(scope, receive, send)
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
            return
        if fault.kind in ("lost_ack", "bad_json"):
            await self._app(scope, receive, _swallow)
        else:
            await _read_all(receive)
        if fault.kind in ("lost_ack", "drop"):
            await _break(send)
            return
        await self._answer(fault)(scope, receive, send)

    def _answer(self, fault: Fault) -> Response:
        if fault.kind == "bad_json":
            return Response(b'{"data": {"id": "', media_type="application/json")
        if fault.kind == "html":
            page = b"<html><body>Bad Gateway</body></html>"
            return Response(page, status_code=fault.status, media_type="text/html")
        if fault.kind == "redirect":
            return Response(status_code=302, headers={"location": "https://example.com/"})
        refusal = Refusal(fault.status, fault.code, detail="scripted")
        if fault.kind == "expired_token":
            refusal = _EXPIRED[self._vendor]
        response = _SHAPES[self._vendor](refusal)
        if fault.kind == "ok_with_error":
            response.status_code = 200
        for name, value in fault.headers.items():
            response.headers[name] = value
        if fault.retry_after is not None:
            response.headers["Retry-After"] = fault.retry_after
        return response


async def _swallow(message: Message) -> None:
    return None


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _break(send: Send) -> None:
    """Promise a body and send none: the server closes the connection."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({}).encode(), "more_body": False})
