"""Claims about killing the work at random moments and finding the warehouse usable.

A trial starts from a copy of the home as the step before left it, kills one step with SIGKILL, runs
the step again and compares what that step is answerable for with an undisturbed run, by digest.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from orchestration.activation.approval import create_key
from orchestration.publish import warehouse_digest
from orchestration.settings import Settings
from tests.proof.harness import Result, passed
from tests.proof.house.world import brand, sandbox, scratch, truth
from tests.support import digest, environment, kill_after, random_moment, succeed, tributary

STEPS = ("land", "build", "publish", "deliver")
KILLS = {"land": 20, "build": 6, "publish": 8, "deliver": 16}
QUICK_KILLS = {"land": 1, "build": 0, "publish": 1, "deliver": 1}


def killed(quick: bool) -> Result:
    """Kill land, build, publish and deliver at random moments; compare digests."""
    kills = QUICK_KILLS if quick else KILLS
    world = _World(brand(600), scratch() / "crash")
    world.record()
    alive = same = 0
    for step in STEPS:
        for trial in range(kills[step]):
            was_alive, is_same = world.trial(step, seed=100 * STEPS.index(step) + trial)
            alive, same = alive + was_alive, same + is_same
    total = sum(kills.values())
    # Kills that all came too late would prove nothing.
    return passed(
        same == total and alive > 0,
        f"{same} of {total} equal, {alive} died mid-step, seeds from 0",
        "all equal",
    )


class _World:
    """One brand, one approver, and the home as each step left it."""

    def __init__(self, files: Path, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self._key = folder / "approver.pem"
        self._approvers = folder / "approvers.yml"
        folder.mkdir()
        self._approvers.write_text(f"- name: proof\n  public_key: {create_key(self._key)}\n")
        self._before: dict[str, Path] = {}
        self._after: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._port = 0

    def record(self) -> None:
        """The undisturbed run: homes before each step, digests after, seconds of each."""
        home = self._folder / "home"
        home.mkdir()
        with sandbox(self._folder / "sandbox") as (base, extra):
            self._port = int(base.rpartition(":")[2])
            for step in STEPS:
                if step == "deliver":
                    self._plan_and_approve(home, extra)
                self._before[step] = self._copy(home, f"before-{step}")
                started = time.monotonic()
                succeed(tributary(home, *self._command(step), extra=self._extra(extra)))
                self._seconds[step] = time.monotonic() - started
                self._after[step] = self._state(step, home, base)

    def trial(self, step: str, seed: int) -> tuple[bool, bool]:
        """Kill one step once; (it was alive, it ended in the undisturbed state)."""
        home = self._folder / "trial"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._before[step], home, symlinks=True)
        state = self._folder / "trial-sandbox"
        shutil.rmtree(state, ignore_errors=True)
        with sandbox(state, self._port) as (base, extra):
            whole = self._extra(extra)
            moment = random_moment(seed, self._seconds[step])
            alive = kill_after(home, *self._command(step), seconds=moment, extra=whole)
            succeed(tributary(home, *self._command(step), extra=whole))
            return alive, self._state(step, home, base) == self._after[step]

    def _command(self, step: str) -> tuple[str, ...]:
        return (step, str(self._files)) if step == "land" else (step,)

    def _extra(self, extra: dict[str, str]) -> dict[str, str]:
        return {
            **extra,
            "TRIBUTARY_APPROVERS_FILE": str(self._approvers),
            "TRIBUTARY_APPROVER_KEY_FILE": str(self._key),
        }

    def _plan_and_approve(self, home: Path, extra: dict[str, str]) -> None:
        whole = self._extra(extra)
        planned = succeed(tributary(home, "plan", "--json", extra=whole))
        plans = [plan["plan_hash"] for plan in json.loads(planned.stdout)["plans"]
                 if plan["state"] == "open"]
        succeed(tributary(home, "approve", *plans, extra=whole))

    def _copy(self, home: Path, name: str) -> Path:
        return Path(shutil.copytree(home, self._folder / name, symlinks=True))

    def _state(self, step: str, home: Path, base: str) -> str:
        readers: dict[str, Callable[[], Any]] = {
            "land": lambda: raw_digest(home),
            "build": lambda: warehouse_digest(Settings.from_env(environment(home))),
            "publish": lambda: [_published(home), _ledger(home, "customer_id_register"),
                                _ledger(home, "suppression")],
            "deliver": lambda: [_members(truth(base)), _ledger(home, "delivered")],
        }
        return digest(readers[step]())


def raw_digest(home: Path) -> dict[str, str]:
    """SHA-256 per raw table over its ordered rows; landing's own clock is left out."""
    digests = {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema like 'raw_%' and table_name not in ('file', 'quarantine')"
        ).fetchall()
        for schema, name in tables:
            row = connection.execute(
                f'select sha256(string_agg(line, chr(10) order by line)) from ('
                f'select cast(t as varchar) as line from "{schema}"."{name}" as t)'
            ).fetchone()
            digests[f"{schema}.{name}"] = str(row and row[0])
    return digests


def _published(home: Path) -> Any:
    manifest = json.loads((home / "published" / "current" / "manifest.json").read_text())
    return manifest["tables"]


def _ledger(home: Path, table: str) -> list[str]:
    """Rows without the columns that a clock or a counter wrote."""
    unsteady = {"sequence", "registered_at", "recorded_at", "delivered_at", "vendor_id"}
    with sqlite3.connect(f"file:{home / 'ledger.sqlite'}?mode=ro", uri=True) as connection:
        cursor = connection.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description]
        return sorted(
            json.dumps({n: v for n, v in zip(names, row, strict=True) if n not in unsteady},
                       sort_keys=True, default=str)
            for row in cursor
        )


def _members(record: dict[str, Any]) -> dict[str, Any]:
    return {vendor: record[vendor] for vendor in ("klaviyo", "meta", "google")}


def reopened(quick: bool) -> Result:
    """Another process opens the file after a build that worked and after one that failed."""
    home = scratch() / "reopened"
    succeed(tributary(home, "land", str(brand(600 if quick else 2000))))
    outcomes = []
    for select in ("stg_shopify__orders", "no_such_model_at_all"):
        tributary(home, "build", "--select", select)
        outcomes.append(bool(raw_digest(home)))
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("drop table raw_shopify.\"order\"")
    failed = tributary(home, "build", "--select", "stg_shopify__orders")
    outcomes.append(failed.returncode == 1 and bool(raw_digest(home)))
    return passed(all(outcomes), f"{sum(outcomes)} of {len(outcomes)} opened", "all opened")
