"""How much of a request is read, and how often: sizes, times, rates.

What lives here: reading a body while counting, refusing odd headers, a bucket per sender.
What never does: what a body says; who sent it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from orchestration.collector.errors import RefusedError


@dataclass(frozen=True)
class Limits:
    """What one request and one sender may take."""

    body_bytes: int = 256 * 1024
    header_count: int = 64
    header_bytes: int = 16 * 1024
    read_seconds: float = 5.0
    requests_per_second: float = 200.0
    burst: int = 400
    sender_count: int = 10_000


class RateLimit:
    """A bucket per sender; the senders that were quiet longest are forgotten first."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str) -> None:
        """Count one request.

        Raises:
            RefusedError: 429, the sender's bucket is empty.
        """
        now = self._clock()
        tokens, at = self._buckets.pop(sender, (float(self._limits.burst), now))
        tokens = min(self._limits.burst, tokens + (now - at) * self._limits.requests_per_second)
        self._buckets[sender] = (max(tokens - 1, 0.0), now) if tokens >= 1 else (tokens, now)
        if len(self._buckets) > self._limits.sender_count:
            self._buckets.popitem(last=False)
        if tokens < 1:
            raise RefusedError(429, "too_many_requests")


def read_headers(request: Request, limits: Limits) -> dict[str, str]:
    """The headers by lower-case name; a name that comes twice is left out, as nobody can say which
    of the two was meant.

    Raises:
        RefusedError: 431 for too many, 415 for a compressed body.
    """
    raw = request.headers.raw
    if len(raw) > limits.header_count or sum(map(_size, raw)) > limits.header_bytes:
        raise RefusedError(431, "headers_too_large")
    headers: dict[str, str] = {}
    twice: set[str] = set()
    for name_bytes, value in raw:
        name = name_bytes.decode("latin-1").lower()
        if name in headers:
            twice.add(name)
        headers[name] = value.decode("latin-1").strip()
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "unsupported_encoding")
    return {name: value for name, value in headers.items() if name not in twice}


async def read_body(request: Request, limits: Limits) -> bytes:
    """The raw bytes, counted while they come in.

    Raises:
        RefusedError: 413 for too many, 408 for too slow, 400 for a sender that went away.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.read_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body_bytes:
                    raise RefusedError(413, "body_too_large")
                chunks.append(chunk)
    except TimeoutError:
        raise RefusedError(408, "too_slow") from None
    except ClientDisconnect:
        raise RefusedError(400, "bad_request") from None
    return b"".join(chunks)


def _size(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1])
