"""The private application: one person a question, for keys with scopes.

What lives here: routes, the order of the checks, what a scope shows, generic answers.
What never does: who is meant and what holds (``reading.py``); an address in a URL, log or error.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.collector.bounds import Limits, RateLimit, read_body, read_headers
from orchestration.collector.documents import parse
from orchestration.collector.errors import RefusedError, unauthorised
from orchestration.errors import TributaryError
from orchestration.ledger import Ledger, audit, tombstones
from orchestration.ledger.engine import sqlite_file
from orchestration.profiles.named import Question, read
from orchestration.profiles.reading import AmbiguousError, Consent, Found, find
from orchestration.profiles.snapshot import Snapshots
from orchestration.settings import ProfileKey, ProfileSettings, Settings

# A question names one person.
LIMITS = Limits(body_bytes=4_096, header_bytes=8_192, read_seconds=2.0)
# Questions read side by side where the ledger is a server: more of them would take the interpreter
# from each other, and a burst would be answered late as a whole. The others wait in their order.
READ_AT_ONCE = 2
READ_PROFILE, READ_CONSENT, READ_CONTACT = "profile:read", "consent:read", "profile:contact"
DISCLOSURE = "profile_disclosure"

_log = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Profiles:
    """What every question needs."""

    snapshots: Snapshots
    readers: ProfileSettings
    ledger: Ledger
    now: Callable[[], datetime]
    limits: Limits
    rate: RateLimit
    is_all_in_files: bool
    counts: Counter[str] = field(default_factory=Counter)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READ_AT_ONCE))


def build_app(
    settings: Settings,
    readers: ProfileSettings,
    ledger: Ledger,
    *,
    now: Callable[[], datetime],
    limits: Limits = LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application over an open ledger and whatever snapshot is published at each question."""
    profiles = Profiles(
        Snapshots(settings),
        readers,
        ledger,
        now,
        limits,
        RateLimit(limits, clock),
        is_all_in_files=sqlite_file(settings.ledger_url) is not None,
    )
    return Starlette(
        routes=[
            Route("/health", _guarded(profiles, _health(profiles)), methods=["GET"]),
            _post(profiles, "/profile", READ_PROFILE),
            _post(profiles, "/consent", READ_CONSENT),
        ]
    )


def _post(profiles: Profiles, path: str, scope: str) -> Route:
    return Route(path, _guarded(profiles, _answering(profiles, scope)), methods=["POST"])


def _answering(profiles: Profiles, scope: str) -> Handler:
    """Bounds, then who asks, then for whom, then the answer."""

    async def answer(request: Request) -> Response:
        profiles.rate.take(request.client.host if request.client else "")
        headers = read_headers(request, profiles.limits)
        reader = _reader(profiles.readers, headers)
        if scope not in reader.scopes:
            raise RefusedError(403, "forbidden")
        question = read(parse(await read_body(request, profiles.limits)))
        if question.is_full and (scope != READ_PROFILE or READ_CONTACT not in reader.scopes):
            raise RefusedError(403, "forbidden")
        found = await _read(profiles, question)
        if found is not None and found.customer_id is not None and question.is_full:
            # The line stands before the answer goes; where it cannot be written, none goes. Whoever
            # waits for the ledger's writers holds up no reader.
            contact = sorted(found.contact)
            await run_in_threadpool(_note, profiles, found.customer_id, contact, reader)
        if found is None or (scope == READ_PROFILE and found.customer_id is None):
            raise RefusedError(404, "not_found")
        profiles.counts[f"{scope} answered"] += 1
        return _json(200, _shown(found, scope, reader, question, profiles.now()))

    return answer


def _reader(readers: ProfileSettings, headers: Mapping[str, str]) -> ProfileKey:
    """
    Raises:
        RefusedError: 401, no key or an unknown one.
    """
    kind, _, shown = headers.get("authorization", "").partition(" ")
    digest = hashlib.sha256(shown.encode("latin-1")).hexdigest()
    # Every key is compared, so that the time taken does not tell which one it was.
    found = [key for key in readers.keys if hmac.compare_digest(key.digest, digest)]
    if kind.lower() != "bearer" or not found:
        raise unauthorised()
    return found[0]


async def _read(profiles: Profiles, question: Question) -> Found | None:
    if profiles.is_all_in_files:
        # About a millisecond, and no reader of these files waits for a writer: to hand it to a
        # thread and back takes longer, and at p99 twice as long.
        return _find(profiles, question)
    async with profiles.at_once:
        return await run_in_threadpool(_find, profiles, question)


def _find(profiles: Profiles, question: Question) -> Found | None:
    return find(profiles.snapshots, profiles.ledger, question.named, is_full=question.is_full)


def _note(profiles: Profiles, customer_id: str, fields: list[str], reader: ProfileKey) -> None:
    with profiles.ledger.transaction() as connection:
        key = tombstones.key_of(connection)
        detail = {
            "reader": reader.name,
            "customer": tombstones.digest(key, ("customer_id", customer_id)),
            "fields": fields,
        }
        audit.append(connection, DISCLOSURE, detail, profiles.now())


def _shown(
    found: Found, scope: str, reader: ProfileKey, question: Question, at: datetime
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "customer_id": found.customer_id,
        "build_id": found.build_id,
        "read_at": at.isoformat(),
    }
    if READ_CONSENT in reader.scopes:
        shown["consent"] = [_consent(one) for one in found.consent]
    if scope == READ_PROFILE:
        shown["profile"] = found.profile
        shown["contact"] = found.contact
        shown["is_contact_masked"] = not question.is_full
    return shown


def _consent(one: Consent) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "purpose": one.purpose,
        "state": one.state,
        "since": None if one.since is None or one.since.year == 1 else one.since.isoformat(),
        "is_suppressed": one.is_suppressed,
        "origin": one.origin,
    }


def _health(profiles: Profiles) -> Handler:
    async def show(_: Request) -> Response:
        return _json(200, {"status": "ok", "counts": dict(sorted(profiles.counts.items()))})

    return show


def _guarded(profiles: Profiles, handler: Handler) -> Handler:
    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as error:
            profiles.counts[f"refused {error.code}"] += 1
            return _json(error.status, {"status": error.code})
        except AmbiguousError:
            profiles.counts["refused ambiguous"] += 1
            return _json(409, {"status": "ambiguous"})
        except Exception as error:
            # The class only: a message or a traceback may quote a question.
            if not isinstance(error, TributaryError):
                _log.error("unexpected: %s", type(error).__name__)
            profiles.counts["unavailable"] += 1
            return _json(503, {"status": "unavailable"})

    return guard


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})
