"""A collector over a ledger in a folder, with senders that sign as the real ones do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.testclient import TestClient

from orchestration.collector.app import build_app
from orchestration.collector.bounds import Limits
from orchestration.collector.segments import Segments
from orchestration.ledger import Ledger, consent_events, open_ledger
from orchestration.ledger.consent_tables import consent_event, privacy_request
from orchestration.ledger.facts import Objection
from orchestration.settings import CollectorSettings, Secret
from tests.unit.activation.world import START, settings_in

OLD, NEW = "old-secret-of-a-shop", "new-secret-of-a-shop"
KLAVIYO, POSTSCRIPT = "secret-of-an-account", "secret-of-a-texting-shop"
WRITE, READ, EVENTS = "key-that-may-write-x", "key-that-may-read-xx", "key-of-a-storefront-x"
SHOP = "test-shop.myshopify.com"
RECEIVED = CollectorSettings(
    webhook_secrets={
        "shopify": (Secret(OLD), Secret(NEW)),
        "klaviyo": (Secret(KLAVIYO),),
        "postscript": (Secret(POSTSCRIPT),),
    },
    keys={
        "preferences:write": (Secret(WRITE),),
        "preferences:read": (Secret(READ),),
        "events:write": (Secret(EVENTS),),
    },
)
EMAIL_TOPIC = "customers/email_marketing_consent_update"


@dataclass
class Recorder:
    """Opt-outs and opt-ins as they were called."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    lifts: list[tuple[Any, ...]] = field(default_factory=list)
    fails: bool = False

    def opt_out(
        self, connection: Connection, objections: Sequence[Objection], at: datetime
    ) -> None:
        if self.fails:
            raise ValueError("jane@example.com")
        self.calls += [
            {"subjects": set(one.subjects), "scopes": list(one.scopes), "event": one.source_event,
             "suppressed_at": one.suppressed_at, "addresses": dict(one.addresses)}
            for one in objections
        ]  # fmt: skip

    def opt_in(
        self,
        connection: Connection,
        subjects: Set[tuple[str, str]],
        scope: tuple[str, str],
        consented_at: datetime,
        proof: str,
        at: datetime,
    ) -> None:
        self.lifts.append((set(subjects), scope, consented_at, proof))


@dataclass
class Gate:
    """The application, its ledger and clock, and a client that talks to it."""

    ledger: Ledger
    opt_outs: Recorder
    app: Starlette
    folder: Path
    moment: list[datetime]
    client: TestClient

    def shopify(self, topic: str, document: Any, event_id: str = "e1", **headers: str) -> int:
        body = json.dumps(document).encode()
        return self.send("/webhooks/shopify", body, shopify_headers(topic, body, event_id, headers))

    def klaviyo(self, document: Any, *, age: float = 0.0) -> int:
        body, at = json.dumps(document).encode(), str(int(self.moment[0].timestamp() - age))
        headers = {
            "Klaviyo-Signature": hmac_of(KLAVIYO, body + at.encode()).hex(),
            "Klaviyo-Timestamp": at,
        }
        return self.send("/webhooks/klaviyo", body, headers)

    def postscript(self, document: Any) -> int:
        body = json.dumps(document).encode()
        signature = hmac_of(POSTSCRIPT, body).hex()
        return self.send("/webhooks/postscript", body, {"Postscript-Signature": signature})

    def keyed(self, path: str, key: str, document: Any, **headers: str) -> int:
        return self.send(path, json.dumps(document).encode(), {**bearer(key), **headers})

    def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        return int(self.client.post(path, content=body, headers=dict(headers)).status_code)

    def events(self) -> list[Any]:
        with self.ledger.read() as connection:
            return list(connection.execute(consent_event.select().order_by("sequence")))

    def requests(self) -> list[Any]:
        with self.ledger.read() as connection:
            return list(connection.execute(privacy_request.select().order_by("sequence")))

    def state(self, *subjects: tuple[str, str]) -> dict[tuple[str, str], str]:
        with self.ledger.read() as connection:
            found = consent_events.strictest(consent_events.states(connection, set(subjects)))
        return {(one.channel, one.purpose): one.state for one in found}

    def lines(self) -> list[dict[str, Any]]:
        files = sorted((self.folder / "segments").iterdir())
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def pass_by(self, seconds: float) -> None:
        self.moment[0] += timedelta(seconds=seconds)


@contextmanager
def gate_in(folder: Path, limits: Limits | None = None) -> Iterator[Gate]:
    moment = [START]
    opt_outs = Recorder()
    with open_ledger(settings_in(folder), now=lambda: moment[0]) as ledger:
        segments = Segments(folder / "segments", lambda: 0.0)
        app = build_app(
            RECEIVED, ledger, opt_outs, segments,
            now=lambda: moment[0], opt_ins=opt_outs, limits=limits,
            clock=lambda: moment[0].timestamp(),
        )  # fmt: skip
        with TestClient(app) as client:
            yield Gate(ledger, opt_outs, app, folder, moment, client)


def shopify_headers(
    topic: str, body: bytes, event_id: str = "e1", more: Mapping[str, str] | None = None
) -> dict[str, str]:
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Event-Id": event_id,
        "X-Shopify-Webhook-Id": f"w-{event_id}",
        "X-Shopify-Hmac-SHA256": base64.b64encode(hmac_of(NEW, body)).decode(),
        **(more or {}),
    }


def hmac_of(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def email_consent(state: str, minutes: int | None = 0, email: str = "Jane@Example.com") -> Any:
    at = None if minutes is None else (START - timedelta(hours=1, minutes=-minutes)).isoformat()
    return {
        "customer_id": 191167,
        "email_address": email,
        "email_marketing_consent": {
            "state": state, "opt_in_level": "single_opt_in", "consent_updated_at": at,
        },
    }  # fmt: skip


JANE = ("email_sha256", digest("jane@example.com"))
EMAIL = ("email", "marketing")
