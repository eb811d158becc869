"""Rate limits and slow jobs of the simulated vendors, on whatever clock they are given.

What lives here: the documented windows per endpoint, the layer that answers 429, jobs that take
time.
What never does: a figure that no vendor documents; reading a clock by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import Refusal

BURST_SECONDS, STEADY_SECONDS = 1, 60
ErrorShape = Callable[[Refusal], Response]


@dataclass(frozen=True)
class Window:
    """What one endpoint takes; None where the vendor names no figure. ``path`` is searched for in
    the path below the vendor's prefix. ``names_wait``: a 429 carries Retry-After."""

    name: str
    methods: str
    path: re.Pattern[str]
    burst_per_second: int | None
    steady_per_minute: int | None
    code: str
    names_wait: bool


def _window(
    name: str, methods: str, path: str, burst: int | None, steady: int | None, code: str
) -> Window:
    return Window(name, methods, re.compile(path), burst, steady, code, code == "throttled")


# The first that fits counts. Limits of one vendor account are shared by all of its keys.
WINDOWS: Mapping[str, tuple[Window, ...]] = {
    "klaviyo": (
        _window("errors", "GET", r"/import-errors$", 10, 150, "throttled"),
        _window("import", "POST", r"/profile-bulk-import-jobs$", 10, 150, "throttled"),
        _window("import_job", "GET", r"/profile-bulk-import-jobs/", 10, 150, "throttled"),
        _window("import_one", "POST", r"/profile-import$", 75, 700, "throttled"),
        _window("list", "GET POST DELETE", r"/lists/", 10, 150, "throttled"),
        _window("bulk_events", "POST", r"/event-bulk-create-jobs$", 10, 150, "throttled"),
        _window("event", "POST", r"/events$", 350, 3500, "throttled"),
        _window("subscription", "POST", r"/profile-subscription-", 75, 700, "throttled"),
        _window("suppression", "GET POST", r"/profile-suppression-", 75, 700, "throttled"),
        _window("deletion", "POST", r"/data-privacy-deletion-jobs$", 3, 60, "throttled"),
        _window("profiles", "GET PATCH", r"/profiles", 75, 700, "throttled"),
    ),
    "google": (_window("ingestion", "GET POST", r"/v1/", None, 300, "RESOURCE_EXHAUSTED"),),
    "postscript": (_window("all", "GET POST PATCH DELETE", r"/", 15, None, "3002"),),
}


@dataclass
class Windows:
    """Fixed windows of every account. ``seconds`` is the vendors' clock; ``refused_count`` counts
    requests beyond a limit, by vendor and endpoint."""

    seconds: Callable[[], float]
    refused_count: Counter[tuple[str, str]] = field(default_factory=Counter)
    request_count: Counter[tuple[str, str]] = field(default_factory=Counter)
    _taken: Counter[tuple[str, str, int, int]] = field(default_factory=Counter)

    def refusal(self, vendor: str, method: str, path: str) -> tuple[Refusal, int | None] | None:
        """A refusal and the seconds to wait that come with it; None where there is room."""
        window = next(
            (
                one
                for one in WINDOWS.get(vendor, ())
                if method in one.methods.split() and one.path.search(path)
            ),
            None,
        )
        if window is None:
            return None
        self.request_count[vendor, window.name] += 1
        now = self.seconds()
        for length, limit in (
            (STEADY_SECONDS, window.steady_per_minute),
            (BURST_SECONDS, window.burst_per_second),
        ):
            place = (vendor, window.name, length, int(now // length))
            if limit is not None and self._taken[place] >= limit:
                self.refused_count[vendor, window.name] += 1
                wait = max(1, math.ceil((now // length + 1) * length - now))
                refusal = Refusal(429, window.code, detail="too many requests")
                return refusal, wait if window.names_wait else None
        for length in (STEADY_SECONDS, BURST_SECONDS):
            self._taken[vendor, window.name, length, int(now // length)] += 1
        return None


class WindowLayer:
    """ASGI layer in front of one vendor: what comes too fast is answered 429 and has no effect."""

    def __init__(
        self, app: ASGIApp, vendor: str, windows: Windows, error_response: ErrorShape
    ) -> None:
        self._app = app
        self._vendor = vendor
        self._windows = windows
        self._error_response = error_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = None
        if scope["type"] == "http":
            refused = self._windows.refusal(self._vendor, scope["method"], scope["path"])
        if refused is None:
            await self._app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        refusal, wait = refused
        response = self._error_response(refusal)
        if wait is not None:
            response.headers["Retry-After"] = str(wait)
        await response(scope, receive, send)


class TimedTruth(Truth):
    """Jobs end when their time has passed, however often somebody asks.

    Args:
        job_seconds: from the request to the end, given the job's id.
    """

    def __init__(
        self, state_dir: Path, seconds: Callable[[], float], job_seconds: Callable[[str], float]
    ) -> None:
        super().__init__(state_dir)
        self._seconds = seconds
        self._job_seconds = job_seconds
        self._ends: dict[tuple[str, str], float] = {}

    def save_job(self, vendor: str, job_id: str, body: Mapping[str, Any]) -> None:
        self._ends[vendor, job_id] = self._seconds() + self._job_seconds(job_id)
        super().save_job(vendor, job_id, body)

    def poll_job(self, vendor: str, job_id: str) -> tuple[int, dict[str, Any]] | None:
        """As if it had been asked never, or often enough."""
        polled = super().poll_job(vendor, job_id)
        if polled is None:
            return None
        is_over = self._seconds() >= self._ends.get((vendor, job_id), 0.0)
        return (1_000_000 if is_over else 0), polled[1]
