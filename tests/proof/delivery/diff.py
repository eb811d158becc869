"""The diff of many rows: memory and time of a plan, beside a bare scan of both sides.

``python -m tests.proof.delivery.diff HOME (plan | scan)`` is the measured child.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.activation.plan import make_plans
from orchestration.activation.spec import SyncSpec
from orchestration.ledger import delivered, open_ledger, utc_now
from orchestration.ledger.statements import upsert
from orchestration.ledger.tables import delivered as delivered_table
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings
from tests.proof.harness import ROOT, Result, passed
from tests.support import environment

MEGABYTES_MAX = 512
# One row in a hundred is new or changed or gone: a day like others.
CHANGED_EVERY = 100
SPEC = SyncSpec(
    model="sync_meta__vip",
    schema="activation",
    destination="meta",
    object="custom_audience/vip",
    key="customer_id",
    kind="membership",
    schedule="0 6 * * *",
    purpose="ads_sharing",
)


@dataclass(frozen=True)
class Cost:
    """Peak memory in MB (RSS, of the whole process), processor and wall seconds, rows planned."""

    megabytes: float
    cpu_seconds: float
    wall_seconds: float
    row_count: int


def diff(quick: bool) -> Result:
    """Plan a day over a million desired and a million delivered rows, in a process of its own."""
    row_count = 50_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="diff") as folder:
        home = Path(folder)
        _prepare(home, row_count)
        plan, scan = _measured(home, "plan"), _measured(home, "scan")
    return passed(
        plan.megabytes <= MEGABYTES_MAX and plan.row_count > 0,
        f"{row_count:,} rows, {plan.row_count:,} planned: {plan.megabytes:.0f} MB,"
        f" {plan.cpu_seconds:.1f} s CPU ({plan.wall_seconds:.1f} s);"
        f" a bare scan of both sides {scan.megabytes:.0f} MB, {scan.cpu_seconds:.1f} s CPU",
        f"at most {MEGABYTES_MAX} MB resident; CPU beside a bare scan",
    )


def _prepare(home: Path, row_count: int) -> None:
    settings = _settings(home)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema activation")
        connection.execute(f"""
            create table activation.{SPEC.model} as
            select 'cus_' || number as customer_id, 'cus_' || number as extern_id,
                sha256(number::varchar) as email_sha256, '1' as normaliser_version,
                md5((case when number % {CHANGED_EVERY} = 0 then -number else number end)::varchar)
                    as row_hash
            from range({row_count // 200}, {row_count} + {row_count // 200}) as numbers (number)
        """)
        made = connection.execute(f"""
            select 'cus_' || number as key, md5(number::varchar) as row_hash,
                '{{"email_sha256": "' || sha256(number::varchar) || '"}}' as payload_json
            from range({row_count}) as numbers (number)
        """)
        _fill(settings, made)


def _fill(settings: Settings, made: duckdb.DuckDBPyConnection) -> None:
    at, sequence = datetime(2026, 1, 1, tzinfo=UTC), 0
    with open_ledger(settings) as ledger:
        while some := made.fetchmany(50_000):
            rows = [
                {
                    "destination": SPEC.destination, "object": SPEC.object, "key": key,
                    "sequence": sequence + place, "row_hash": row_hash,
                    "payload_json": payload_json, "stale_payloads_json": None,
                    "vendor_id": None, "plan_hash": "0" * 64, "delivered_at": at,
                    "is_removed": False,
                }
                for place, (key, row_hash, payload_json) in enumerate(some, start=1)
            ]  # fmt: skip
            with ledger.transaction() as connection:
                upsert(connection, delivered_table, rows)
            sequence += len(rows)


def _settings(home: Path) -> Settings:
    return Settings.from_env(environment(home))


def _measured(home: Path, what: str) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(home), what],
        cwd=ROOT, env=environment(home), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Cost(**json.loads(done.stdout))


def _child(home: Path, what: str) -> Cost:
    settings, started = _settings(home), time.monotonic()
    before = time.process_time()
    with open_ledger(settings) as ledger:
        if what == "plan":
            plan = make_plans(settings, ledger, [SPEC], now=utc_now)[0]
            row_count = plan.seal.row_count
        else:
            with warehouse_connection(settings, "scan", read_only=True) as warehouse:
                relation = f"{SPEC.schema}.{SPEC.model}"
                warehouse.execute(f"select max(customer_id), max(row_hash) from {relation}")
            with ledger.read() as reader:
                held = delivered.stream_hashes(reader, SPEC.destination, SPEC.object)
                row_count = sum(1 for _ in held)
    return Cost(
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        cpu_seconds=round(time.process_time() - before, 2),
        wall_seconds=round(time.monotonic() - started, 2),
        row_count=row_count,
    )


if __name__ == "__main__":
    os.environ.pop("TRIBUTARY_KILL_AT", None)
    print(json.dumps(vars(_child(Path(sys.argv[1]), sys.argv[2]))))  # noqa: T201
