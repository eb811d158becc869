"""A vendor in a few lines, for what only one answer can show.

What lives here: a transport that plays given answers and keeps the requests.
What never does: a vendor's rules; those are the sandbox's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from orchestration.destinations.pace import Unpaced
from orchestration.settings import DestinationSettings, Secret

Answer = httpx.Response | Exception | Callable[[Any], httpx.Response]


@dataclass
class Vendor(httpx.BaseTransport):
    """Plays ``answers`` in turn; a function gets the request's JSON body."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return answer(json.loads(request.content or b"null"))

    def body(self, index: int) -> Any:
        """The JSON body of a request that was made."""
        return json.loads(self.requests[index].content)


def settings(name: str, base_url: str | None = None) -> DestinationSettings:
    url = base_url or f"https://{name}.example.com"
    return DestinationSettings(name, url, "1", Secret("canary-secret"), {"vip": "VIP1"})


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


class Hasty(Unpaced):
    """Nobody waits, not even where the vendor asks for it."""

    def pause(self, seconds: float) -> None:
        return None
