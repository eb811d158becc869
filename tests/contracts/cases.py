"""What the laws need of each kind of object: rows that are good, and rows that the vendor rejects.

What lives here: one case per entry of the registry, and the sandbox as tests see it.
What never does: assertions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from orchestration.destinations.base import Destination, JobPolling, Receipt, Row, Verdict
from orchestration.destinations.registry import open_destination
from orchestration.sandbox.server import sandbox_environment
from orchestration.sandbox.truth import VENDORS
from orchestration.settings import DestinationSettings, Secret, Settings

OBJECTS = {
    "klaviyo": ["list/vip", "events/Margin"],
    "meta": ["custom_audience/vip", "custom_audience/diabetes", "conversions/shop"],
    "google": ["vip", "conversions/purchase"],
    "tiktok": ["audience/vip", "conversions/web"],
    "postscript": ["subscribers", "unsubscription", "redaction", "events/back_in_stock"],
}
# People who subscribed themselves: the phones of the rows below.
SUBSCRIBERS = [f"+1650555{number:04d}" for number in range(2_000)]
_NUMBERS = count(1)
PLACEHOLDER = "0" * 64


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def yesterday() -> str:
    """Recent enough for every vendor."""
    return (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Case:
    """How to speak to one kind of object, and what it can do.

    ``path``: part of the address of the call that carries rows. ``verdict``: what a good row gets;
    accepted_unverified where the vendor has no status to ask for. ``wrong_secret``, ``unknown``:
    what an error of that cause names; ``unknown`` is empty where an object comes to be by use.
    ``calls_per_row``: to that address, where a request holds one row. ``removes``: False where
    nothing can be taken back. ``is_repeatable``: False where the vendor would take a row twice.
    ``is_remote``: False where it has
    neither a network nor a credential that could fail. ``counts``: where the vendor's record counts
    the object's rows.
    """

    destination: str
    object: str
    payload: Callable[[str], Mapping[str, Any]]
    bad: Mapping[str, Any]
    path: str
    verdict: Verdict = "accepted"
    wrong_secret: str = "401"
    unknown: str = "404"
    calls_per_row: int = 1
    removes: bool = True
    is_repeatable: bool = True
    is_remote: bool = True
    counts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.destination}:{self.object.partition('/')[0]}"

    def row(self) -> Row:
        """A new person, known to nobody."""
        number = next(_NUMBERS)
        key = f"cus_canary{number:06d}"
        return Row(key, self.payload(key))

    def bad_row(self) -> Row:
        """A person whom the vendor, not we, turns down."""
        row = self.row()
        return replace(row, payload={**row.payload, **self.bad})


CASES = [
    Case(
        "file",
        "file/vip",
        lambda key: {
            "email": f"{key}@canary.example",
            "first_name": f"Given{key}",
            "revenue_amount": "-12.3400",
            "order_count": 3,
        },
        {"first_name": "a\0b"},
        path="",
        is_remote=False,
        counts=("files", "vip"),
    ),
    Case(
        "klaviyo",
        "profiles",
        lambda key: {
            "email": f"{key}@canary.example",
            "phone_number": f"+1650555{key[-4:]}",
            "external_id": key,
            "first_name": f"Given{key}",
            "last_name": None,
            "city": f"City{key}",
            "property_segment": f"Segment{key}",
            "normaliser_version": "1",
        },
        {"email": "not-an-address"},
        path="profile-bulk-import-jobs",
    ),
    Case(
        "klaviyo",
        "list/vip",
        lambda key: {"email": f"{key}@canary.example", "external_id": key},
        {"email": "not-an-address"},
        path="profile-bulk-import-jobs",
        counts=("lists", "vip"),
    ),
    Case(
        "klaviyo",
        "events/Margin",
        lambda key: {
            "email": f"{key}@canary.example",
            "event_at": "2026-11-01T10:00:00+00:00",
            "value_amount": "31.4100",
            "currency": "USD",
            "property_order": f"Order{key}",
            "is_backfill": False,
        },
        {"email": "not-an-address"},
        path="event-bulk-create-jobs",
        verdict="accepted_unverified",
        unknown="",
        removes=False,
    ),
    Case(
        "klaviyo",
        "suppression",
        lambda key: {"email": f"{key}@canary.example"},
        {"email": "not-an-address"},
        path="profile-suppression-bulk-create-jobs",
        removes=False,
    ),
    Case(
        "klaviyo",
        "unsubscription",
        lambda key: {"email": f"{key}@canary.example", "phone_number": f"+1650555{key[-4:]}"},
        {"email": "not-an-address"},
        path="profile-subscription-bulk-delete-jobs",
        verdict="accepted_unverified",
        removes=False,
    ),
    Case(
        "klaviyo",
        "deletion",
        lambda key: {"email": f"{key}@canary.example"},
        {"email": "not-an-address"},
        path="data-privacy-deletion-jobs",
        verdict="accepted_unverified",
        removes=False,
    ),
    Case(
        "meta",
        "custom_audience/vip",
        lambda key: {
            "extern_id": key,
            "email_sha256": digest(f"{key}@canary.example"),
            "phone_sha256": None,
            "first_name_sha256": digest(f"given{key}"),
            "normaliser_version": "1",
        },
        {"phone_sha256": PLACEHOLDER},
        path="users",
        counts=("audiences", "vip"),
    ),
    Case(
        "meta",
        "conversions/shop",
        lambda key: {
            "event_name": "Purchase",
            "event_at": yesterday(),
            "order_id": f"order{key}",
            "currency": "USD",
            "conversion_value_amount": "31.4100",
            "email_sha256": digest(f"{key}@canary.example"),
            "phone_sha256": None,
            "external_id": key,
            "client_ip_address": "203.0.113.77",
            "client_user_agent": f"Agent {key}",
            "event_source_url": "https://shop.example/thanks",
            "is_limited_data_use": True,
            "state": "NY",
        },
        {"phone_sha256": PLACEHOLDER},
        path="events",
        removes=False,
    ),
    Case(
        "google",
        "customer_match/vip",
        lambda key: {
            "email_sha256": digest(f"{key}@canary.example"),
            "first_name_sha256": digest(f"given{key}"),
            "last_name_sha256": digest(f"family{key}"),
            "postal_code": "94043",
            "region_code": "US",
            "ad_user_data": "CONSENT_GRANTED",
            "ad_personalization": "CONSENT_GRANTED",
        },
        {"phone_sha256": PLACEHOLDER},
        path="ingest",
        counts=("audiences", "vip"),
    ),
    Case(
        "google",
        "conversions/purchase",
        lambda key: {
            "event_name": "Purchase",
            "event_at": yesterday(),
            "order_id": f"order{key}",
            "currency": "USD",
            "conversion_value_amount": "31.4100",
            "email_sha256": digest(f"{key}@canary.example"),
            "gclid": f"click{key}",
            "ad_user_data": "CONSENT_GRANTED",
            "ad_personalization": "CONSENT_GRANTED",
        },
        {"phone_sha256": PLACEHOLDER},
        path="events:ingest",
        removes=False,
    ),
    Case(
        "tiktok",
        "audience/vip",
        lambda key: {
            "email_sha256": digest(f"{key}@canary.example"),
            "phone_sha256": None,
            "normaliser_version": "1",
        },
        {"email_sha256": PLACEHOLDER},
        path="segment/mapping",
        wrong_secret="40105",
        unknown="40007",
        counts=("audiences", "vip"),
    ),
    Case(
        "tiktok",
        "conversions/web",
        lambda key: {
            "event_id": f"purchase:canary:{key}",
            "event_name": "Purchase",
            "event_at": "2026-11-20T12:00:00Z",
            "order_id": f"order-{key}",
            "currency": "USD",
            "conversion_value_amount": "31.4159",
            "email_sha256": digest(f"{key}@canary.example"),
            "external_id": key,
            "client_ip_address": "192.0.2.201",
        },
        {"email_sha256": PLACEHOLDER},
        path="event/track",
        wrong_secret="40105",
        unknown="40007",
        removes=False,
    ),
    Case(
        "postscript",
        "subscribers",
        lambda key: {
            "phone_number": f"+1650555{key[-4:]}",
            "property_segment": f"Segment{key}",
            "property_order_count": 3,
            "normaliser_version": "1",
        },
        {"phone_number": "+16509990000"},
        path="subscribers/",
        removes=False,
    ),
    Case(
        "postscript",
        "unsubscription",
        lambda key: {"phone_number": f"+1650556{key[-4:]}"},
        {"phone_number": "650 555 0100"},
        path="unsubscribe",
        verdict="accepted_unverified",
        removes=False,
    ),
    Case(
        "postscript",
        "redaction",
        lambda key: {"phone_number": f"+1650557{key[-4:]}", "email": f"{key}@canary.example"},
        {"phone_number": "650 555 0100"},
        path="redact",
        calls_per_row=2,
        verdict="accepted_unverified",
        removes=False,
    ),
    Case(
        "postscript",
        "events/back_in_stock",
        lambda key: {
            "event_id": f"event:canary:{key}",
            "event_at": "2026-11-20T12:00:00Z",
            "phone_number": f"+1650558{key[-4:]}",
            "property_product": f"Product{key}",
        },
        {"property_product": {"deep": "object"}},
        path="events",
        unknown="",
        verdict="accepted_unverified",
        removes=False,
        is_repeatable=False,
    ),
]


class World:
    """The sandbox from outside; one client and transport for all: each loads certificates."""

    def __init__(
        self, base: str, client: httpx.Client, transport: httpx.BaseTransport, home: Path
    ) -> None:
        self.base = base
        self.client = client
        self._transport = transport
        environment = {**sandbox_environment(base), "TRIBUTARY_HOME": str(home)}
        self.settings = Settings.from_env(environment).destinations
        self._files = home / "files"

    def open(self, case: Case, **changes: Any) -> Destination:
        """The plug-in of ``case``; ``changes`` go to its settings."""
        settings = replace(self.settings[case.destination], **changes)
        return open_destination(
            case.destination, case.object, settings, transport=self._transport
        )

    def truth(self) -> dict[str, Any]:
        return dict(self.client.get(f"{self.base}/_truth").json())

    def held(self) -> dict[str, Any]:
        """The truth without its counters: only who is where."""
        truth = self.truth()
        contracts = [
            json.loads(file.read_text()) for file in sorted(self._files.glob("*/*.contract.json"))
        ]
        files = {
            "files": {entry["object"].partition("/")[2]: entry["row_count"] for entry in contracts},
            "digests": [entry["sha256"] for entry in contracts],
        }
        return {**{vendor: truth[vendor] for vendor in VENDORS}, "file": files}

    def count(self, case: Case) -> int:
        """How many rows of the case's object the vendor holds."""
        held: Any = self.held()[case.destination]
        for name in case.counts:
            held = held.get(name, {})
        return int(held or 0)

    def writes(self) -> list[dict[str, Any]]:
        return list(self.client.get(f"{self.base}/_writes").json())

    def misbehave(self, case: Case, *answers: Mapping[str, Any], path: str = "") -> None:
        script = {"vendor": case.destination, "path": path, "answers": list(answers)}
        self.client.post(f"{self.base}/_faults", json={"scripts": [script]}).raise_for_status()

    def behave(self) -> None:
        self.client.delete(f"{self.base}/_faults").raise_for_status()


def without_secret(settings: DestinationSettings) -> DestinationSettings:
    return replace(settings, secret=None)


def wrong_secret() -> Secret:
    return Secret("canary-wrong-secret")


def settled(
    destination: Destination, rows: Sequence[Row], receipts: Sequence[Receipt]
) -> list[Receipt]:
    """The receipts with every queued row polled to its end, as the sender does."""
    by_key = {receipt.key: receipt for receipt in receipts}
    jobs = {r.job_id for r in receipts if r.job_id and r.verdict == "accepted_unverified"}
    for job_id in sorted(jobs):
        if not isinstance(destination, JobPolling):
            raise AssertionError("a job without polling")
        waiting = [row for row in rows if by_key[row.key].job_id == job_id]
        polled = None
        for _ in range(10):
            polled = polled or destination.poll(job_id, waiting)
        if polled is None:
            raise AssertionError("the job never ended")
        by_key.update({receipt.key: receipt for receipt in polled})
    return [by_key[receipt.key] for receipt in receipts]
