"""The sandbox without sockets: each request runs the application's coroutine to its end.

What lives here: the bridge from a synchronous HTTP client to an ASGI application.
What never does: faults or limits; the application plays them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

HOST = "127.0.0.1"


class InProcess(httpx.BaseTransport):
    """``before`` and ``after`` are called around each request, with the request."""

    def __init__(
        self,
        app: Any,
        before: Callable[[httpx.Request], None] = lambda _: None,
        after: Callable[[httpx.Request], None] = lambda _: None,
    ) -> None:
        self._app = app
        self.before = before
        self._after = after
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        answer = self._loop.run_until_complete(_answer(self._app, request))
        self._after(request)
        status, headers, body = answer
        promised = dict(headers).get(b"content-length")
        if promised is not None and int(promised) != len(body):
            raise httpx.RemoteProtocolError("the peer closed the connection", request=request)
        return httpx.Response(
            status, headers=headers, stream=httpx.ByteStream(body), request=request
        )


async def _answer(app: Any, request: httpx.Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    url = request.url
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (HOST, url.port or 80),
        "client": (HOST, 1),
    }
    body = b"".join(request.stream)  # type: ignore[arg-type]
    status, headers, parts = 500, [], []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, headers, b"".join(parts)
