"""A small world to deliver in: a hand-made warehouse, a ledger, a clock, a vendor with a memory.

What lives here: what the tests of planning, approving and delivering share.
What never does: assertions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.activation.approval import demo_approve
from orchestration.activation.deliver import DeliveryReport, deliver
from orchestration.activation.plan import make_plans
from orchestration.activation.preview import Plan
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.base import Limits, Receipt, Row
from orchestration.ledger import Ledger, open_ledger
from orchestration.ledger.tables import dead_letter, delivered, outbox, plan, receipt
from orchestration.settings import DestinationSettings, Settings

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
SPEC = SyncSpec(
    model="sync_meta__audience_vip",
    schema="activation",
    destination="meta",
    object="custom_audience/vip",
    key="customer_id",
    kind="membership",
    schedule="0 6 * * *",
    purpose="ads_sharing",
)
# Customer id -> e-mail address.
FOUR = {f"customer-{n}": f"person{n}@example.test" for n in range(4)}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hashes(emails: Mapping[str, str]) -> set[str]:
    """As a vendor that takes hashed addresses holds them."""
    return {sha(email) for email in emails.values()}


@dataclass
class Clock:
    """A clock that only the test moves; it can stand for ``now`` and ``sleep``."""

    moment: datetime = START
    slept: float = 0.0

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.moment += timedelta(seconds=seconds)


Answer = Exception | Callable[[Row], Receipt] | None


@dataclass
class Vendor:
    """A destination with its own truth: the e-mail hashes that stand in its list.

    ``script`` holds one entry per call: an error to raise, a rule for receipts, or None.
    ``effect_before_error``: the request took effect and only its answer was lost.
    """

    name: str = "meta"
    limits: Limits = field(default_factory=lambda: Limits(rows_per_request=1_000))
    members: set[str] = field(default_factory=set)
    calls: list[tuple[str, list[Row]]] = field(default_factory=list)
    script: list[Answer] = field(default_factory=list)
    effect_before_error: bool = False

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        return self._call("upsert", rows, self.members.update)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return self._call("remove", rows, self.members.difference_update)

    def _call(
        self, name: str, rows: Sequence[Row], change: Callable[[set[str]], None]
    ) -> list[Receipt]:
        self.calls.append((name, list(rows)))
        answer = self.script.pop(0) if self.script else None
        if isinstance(answer, Exception):
            if self.effect_before_error:
                change({row.payload["email_sha256"] for row in rows})
            raise answer
        rule = answer or (lambda row: Receipt(row.key, "accepted"))
        receipts = [rule(row) for row in rows]
        taken = {r.key for r in receipts if r.verdict in ("accepted", "accepted_unverified")}
        change({row.payload["email_sha256"] for row in rows if row.key in taken})
        return receipts


@dataclass
class World:
    settings: Settings
    ledger: Ledger
    clock: Clock = field(default_factory=Clock)

    def desire(
        self, emails: Mapping[str, str | None], spec: SyncSpec = SPEC, **columns: Any
    ) -> None:
        """Build the desired state: customer id -> e-mail address."""
        rows = []
        for customer_id, email in emails.items():
            payload = {"email_sha256": None if email is None else sha(email), **columns}
            text = json.dumps(payload, sort_keys=True)
            rows.append((customer_id, *payload.values(), hashlib.md5(text.encode()).hexdigest()))
        self.build(spec, ["customer_id", "email_sha256", *columns, "row_hash"], rows)

    def build(
        self, spec: SyncSpec, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            connection.execute(f"create schema if not exists {spec.schema}")
            schema = pa.schema([(name, pa.string()) for name in columns])
            built = pa.Table.from_pylist(
                [dict(zip(columns, row, strict=True)) for row in rows], schema
            )
            connection.register("built", built)
            connection.execute(
                f"create or replace table {spec.schema}.{spec.model} as select * from built"
            )

    def plan(self, spec: SyncSpec = SPEC) -> Plan:
        return make_plans(self.settings, self.ledger, [spec], now=self.clock)[0]

    def approve(self, plan_hash: str) -> None:
        demo_approve(self.ledger, self.settings, plan_hash, now=self.clock)

    def deliver(self, vendor: Vendor, **given: Any) -> DeliveryReport:
        return deliver(
            self.settings,
            self.ledger,
            open_destination=lambda *_: vendor,
            now=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
            **given,
        )

    def sync(
        self, vendor: Vendor, emails: Mapping[str, str | None], spec: SyncSpec = SPEC
    ) -> DeliveryReport:
        """One whole day: desired state, plan, approval, delivery."""
        self.desire(emails, spec)
        made = self.plan(spec)
        if made.state == "open":
            self.approve(made.plan_hash)
        return self.deliver(vendor)

    def suppress(self, subject_type: str, subject_value: str, **given: str) -> None:
        row = {
            "subject_type": subject_type,
            "subject_value": subject_value,
            "channel": "ads",
            "purpose": "ads_sharing",
            "source_event": "test",
            "suppressed_at": self.clock(),
        }
        self.ledger.record_suppressions([{**row, **given}])

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.ledger.read() as connection:
            return [dict(row._mapping) for row in connection.execute(table.select())]


def loopback(name: str, url: str = "http://127.0.0.1:9") -> DestinationSettings:
    return DestinationSettings(name, url, "account-1", None)


def settings_in(home: Path, **given: Any) -> Settings:
    fields: dict[str, Any] = {
        "project_dir": home,
        "home": home,
        "ledger_url": f"sqlite:///{home / 'ledger.sqlite'}",
        "approvers_file": home / "approvers.yml",
        "approver_key_file": None,
        "destinations": {name: loopback(name) for name in ("klaviyo", "meta", "google")},
        "lock_timeout_seconds": 1.0,
    }
    return Settings(**{**fields, **given})


@contextmanager
def world_in(home: Path, **given: Any) -> Iterator[World]:
    settings, clock = settings_in(home, **given), Clock()
    with open_ledger(settings, now=clock) as ledger:
        yield World(settings, ledger, clock)


def ledger_state(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """What a crash must not change: everything but times, sequences, hashes of plans, and the
    empty plans that a further run adds."""
    kept = {
        delivered: ("destination", "object", "key", "row_hash", "payload_json", "is_removed"),
        receipt: ("destination", "object", "key", "operation", "row_hash", "verdict", "reason"),
        dead_letter: ("destination", "object", "key", "row_hash", "reason"),
        outbox: ("destination", "object", "key", "operation", "state"),
        plan: ("destination", "object", "state", "add_count", "update_count", "remove_count"),
    }
    with ledger.read() as connection:
        return {
            table.name: sorted(
                (
                    tuple(str(row._mapping[name]) for name in names)
                    for row in connection.execute(table.select())
                    if row._mapping.get("state") != "nothing_to_do"
                ),
            )
            for table, names in kept.items()
        }
