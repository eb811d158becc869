"""A published snapshot of four people, a ledger over it, and readers with keys.

What lives here: what the tests of profiles share.
What never does: assertions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from starlette.testclient import TestClient

from orchestration.ledger import Ledger, open_ledger
from orchestration.profiles.app import build_app
from orchestration.settings import ProfileKey, ProfileSettings, Settings
from tests.unit.activation.world import Clock, settings_in
from tests.unit.test_publish import build, published

KEYS = {
    "profile": ("key-that-reads-profiles", {"profile:read"}),
    "both": ("key-that-reads-profile-and-consent", {"profile:read", "consent:read"}),
    "consent": ("key-that-reads-consent", {"consent:read"}),
    "contact": ("key-that-reads-all", {"profile:read", "consent:read", "profile:contact"}),
}
READERS = ProfileSettings(
    tuple(
        ProfileKey(name, hashlib.sha256(key.encode()).hexdigest(), frozenset(scopes))
        for name, (key, scopes) in KEYS.items()
    )
)


@dataclass
class Reading:
    """The application, and a client that asks it."""

    settings: Settings
    ledger: Ledger
    client: TestClient
    clock: Clock = field(default_factory=Clock)

    def ask(self, path: str, who: str, **question: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {KEYS[who][0]}"}
        answer = self.client.post(path, json=question, headers=headers)
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, answer.json()

    def consent(self, **question: Any) -> dict[str, Any]:
        status, shown = self.ask("/consent", "consent", **question)
        assert status == 200
        return {f"{one['channel']} {one['purpose']}": one for one in shown["consent"]}

    def publish(self, customers: int = 4) -> None:
        """A build: all said yes to mail and no to texts on the first of January."""
        build(self.settings, customers)
        with duckdb.connect(str(self.settings.warehouse)) as warehouse:
            warehouse.execute("""
                alter table customer.dim_customers add column first_name varchar;
                alter table customer.dim_customers add column email_marketing_state varchar;
                alter table customer.dim_customers add column email_marketing_stated_at timestamp;
                alter table customer.dim_customers add column sms_marketing_state varchar;
                alter table customer.dim_customers add column sms_marketing_stated_at timestamp;
                alter table customer.dim_customers add column is_minor boolean;
                update customer.dim_customers set
                    first_name = 'Jane',
                    email_marketing_state = 'opted_in', sms_marketing_state = 'opted_out',
                    email_marketing_stated_at = timestamp '2026-01-01',
                    sms_marketing_stated_at = timestamp '2026-01-01',
                    is_minor = customer_id = 'c3';
                insert into identity.identity_map values
                    ('anonymous_id', 'shop', 'browser-of-c1', 'c1', 'device', now());
                delete from consent.fct_suppressions;
            """)
        published(self.settings, self.ledger)


@contextmanager
def reading_in(folder: Path) -> Iterator[Reading]:
    settings = settings_in(folder)
    clock = Clock()
    with open_ledger(settings, now=clock) as ledger:
        app = build_app(settings, READERS, ledger, now=clock, clock=lambda: 0.0)
        with TestClient(app) as client:
            yield Reading(settings, ledger, client, clock)
