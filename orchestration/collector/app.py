"""The application: every way in, and what each answers.

What lives here: routes, the order of the checks, counts, generic answers.
What never does: what a body means (the sources' files); storing (``commit.py``).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.collector import (
    klaviyo,
    postscript,
    preferences,
    shopify,
    signatures,
    storefront,
)
from orchestration.collector.bounds import Limits, RateLimit, read_body, read_headers
from orchestration.collector.commit import Committer
from orchestration.collector.documents import parse
from orchestration.collector.errors import RefusedError, UnavailableError
from orchestration.collector.intake import Intake
from orchestration.collector.optouts import OptIns, OptOuts
from orchestration.collector.segments import Segments
from orchestration.collector.signatures import Scheme
from orchestration.ledger import Ledger, LedgerError, consent_events
from orchestration.settings import CollectorSettings

Headers = Mapping[str, str]
Reader = Callable[[Headers, dict[str, Any], datetime], Intake | None]
Check = Callable[[Headers, bytes, datetime], None]
Handler = Callable[[Request], Awaitable[Response]]

SOURCES: Mapping[str, tuple[Scheme, Reader]] = {
    shopify.SOURCE: (shopify.SCHEME, shopify.read),
    klaviyo.SOURCE: (klaviyo.SCHEME, klaviyo.read),
    postscript.SOURCE: (postscript.SCHEME, postscript.read),
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collector:
    """What every request needs."""

    settings: CollectorSettings
    ledger: Ledger
    committer: Committer
    now: Callable[[], datetime]
    limits: Limits
    rate: RateLimit
    counts: Counter[str] = field(default_factory=Counter)


def build_app(
    settings: CollectorSettings,
    ledger: Ledger,
    opt_outs: OptOuts,
    segments: Segments,
    *,
    now: Callable[[], datetime],
    opt_ins: OptIns | None = None,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application over an open ledger. A source without a secret has no address.

    Args:
        opt_ins: what a proven opt-in sets off; without, it is recorded and lifts nothing.
    """
    bounds = limits or Limits()
    collector = Collector(
        settings,
        ledger,
        Committer(ledger, opt_outs, segments, now, opt_ins),
        now,
        bounds,
        RateLimit(bounds, clock),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        collector.committer.start()
        try:
            yield
        finally:
            await run_in_threadpool(collector.committer.stop)

    app = Starlette(routes=_routes(collector), lifespan=lifespan)
    app.state.collector = collector
    return app


def _routes(collector: Collector) -> list[Route]:
    routes = [
        Route("/health", _guarded(collector, _health(collector)), methods=["GET"]),
    ]
    for name, (scheme, reader) in SOURCES.items():
        secrets = collector.settings.webhook_secrets.get(name)
        if secrets:
            check = _signed(scheme, secrets)
            handler = _receiving(collector, name, check, reader)
            routes.append(_post(collector, f"/webhooks/{name}", handler))
    keys = collector.settings.keys
    for path, scope, read in (
        ("/preferences", "preferences:write", preferences.read),
        ("/events", "events:write", storefront.read),
    ):
        if scope in keys:
            handler = _receiving(collector, path[1:], _keyed(collector, scope), read)
            routes.append(_post(collector, path, handler))
    if "preferences:read" in keys:
        handler = _guarded(collector, _status(collector))
        routes.append(Route("/preferences/status", handler, methods=["GET"]))
    return routes


def _post(collector: Collector, path: str, handler: Handler) -> Route:
    return Route(path, _guarded(collector, handler), methods=["POST"])


def _signed(scheme: Scheme, secrets: Any) -> Check:
    def check(headers: Headers, body: bytes, now: datetime) -> None:
        signatures.check(scheme, secrets, headers, body, now)

    return check


def _keyed(collector: Collector, scope: str) -> Check:
    def check(headers: Headers, _: bytes, __: datetime) -> None:
        signatures.check_key(collector.settings.keys, scope, headers)

    return check


def _receiving(collector: Collector, name: str, check: Check, read: Reader) -> Handler:
    """Bounds, then who it is, then what it says, then the disk, then the answer."""

    async def receive(request: Request) -> Response:
        collector.rate.take(f"{name} {request.client.host if request.client else ''}")
        headers = read_headers(request, collector.limits)
        body = await read_body(request, collector.limits)
        at = collector.now()
        check(headers, body, at)
        intake = read(headers, parse(body), at)
        if intake is None:
            collector.counts[f"{name} unknown_topic"] += 1
            return _answer(202, "ignored")
        await collector.committer.submit(intake)
        if intake.unplaced_count:
            collector.counts[f"{name} unplaced"] += intake.unplaced_count
            _log.warning("%s: %d facts name nobody", name, intake.unplaced_count)
            if not (intake.events or intake.lines or intake.requests):
                return _answer(202, "ignored")
        collector.counts[f"{name} stored"] += 1
        return _answer(200, "stored")

    return receive


def _status(collector: Collector) -> Handler:
    async def show(request: Request) -> Response:
        collector.rate.take(f"status {request.client.host if request.client else ''}")
        headers = read_headers(request, collector.limits)
        signatures.check_key(collector.settings.keys, "preferences:read", headers)
        subjects = preferences.asked_about(request.query_params)
        states = await run_in_threadpool(_states, collector.ledger, subjects)
        return _json(200, preferences.status(states))

    return show


def _states(
    ledger: Ledger, subjects: set[tuple[str, str]]
) -> list[consent_events.ConsentState]:
    with ledger.read() as connection:
        return consent_events.strictest(consent_events.states(connection, subjects))


def _health(collector: Collector) -> Handler:
    async def show(_: Request) -> Response:
        is_well = collector.committer.is_writable
        return _json(
            200 if is_well else 503,
            {
                "status": "ok" if is_well else "not_writable",
                "counts": dict(sorted(collector.counts.items())),
            },
        )

    return show


def _guarded(collector: Collector, handler: Handler) -> Handler:
    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as error:
            collector.counts[f"refused {error.code}"] += 1
            return _answer(error.status, error.code)
        except (UnavailableError, LedgerError):
            collector.counts["unavailable"] += 1
            return _answer(503, "unavailable")
        except Exception as error:
            # The class only: a message or a traceback may quote a body.
            _log.error("unexpected: %s", type(error).__name__)
            collector.counts["unexpected"] += 1
            return _answer(503, "unavailable")

    return guard


def _answer(status: int, word: str) -> Response:
    return _json(status, {"status": word})


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})
