"""A home with approved plans, a sandbox that can be slow, and Dagster's daemon as a process.

What lives here: starting, killing and watching it; what the claims about Dagster share.
What never does: a claim.

The daemon is started in a session of its own, so that exactly what was started here is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from dagster import DagsterEventType, DagsterInstance, RunsFilter
from sqlalchemy import select

from orchestration.activation.approval import demo_approve
from orchestration.activation.plan import make_plans
from orchestration.activation.spec import SyncSpec, read_sync_specs
from orchestration.assets.names import delivery_job_name
from orchestration.demo import sandbox_objects
from orchestration.ledger import SealedPlan, open_ledger, utc_now
from orchestration.ledger.tables import outbox
from orchestration.ledger.tables import plan as plan_table
from orchestration.project import DbtProject
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.sandbox.truth import Truth
from orchestration.settings import Settings, child_environment
from orchestration.ui import prepare_dagster_home
from tests.unit.activation.world import World

PATIENCE_SECONDS = 300.0
CONSENT = {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED"}


@dataclass
class DagsterWorld:
    """One home; ``daemon`` is the process group that runs now, if any."""

    settings: Settings
    specs: dict[str, SyncSpec]
    base: str
    log: Path
    daemon: subprocess.Popen[bytes] | None = None
    slow_requests: int = 0
    _known: set[str] = field(default_factory=set)

    def slow(self, vendor: str, path: str, seconds: float, requests: int) -> None:
        """Let the vendor take its time for the coming requests to ``path``."""
        answers = [{"kind": "slow", "seconds": seconds}] * requests
        self.slow_requests += requests
        script = {"vendor": vendor, "path": path, "answers": answers}
        httpx.post(f"{self.base}/_faults", json={"scripts": [script]}).raise_for_status()

    def approve(self, people: int, *destinations: str) -> dict[str, SealedPlan]:
        """Desire ``people`` more in one audience of each destination; plan and approve it."""
        first = len(self._known)
        self._known |= {f"c{number:06}" for number in range(first, first + people)}
        emails: dict[str, str | None] = {key: f"{key}@example.test" for key in sorted(self._known)}
        # The desired state is made by hand: no audience stands behind it to give reasons.
        specs = [replace(self.specs[name], audience=None) for name in destinations]
        with open_ledger(self.settings) as ledger:
            for spec in specs:
                World(self.settings, ledger).desire(emails, spec, **CONSENT)
            plans = make_plans(self.settings, ledger, specs, now=utc_now)
            for plan in plans:
                demo_approve(ledger, self.settings, plan.plan_hash, now=utc_now)
        return {plan.seal.destination: plan.seal for plan in plans}

    def start_daemon(self) -> None:
        """Start Dagster's daemon with its code server, as a supervisor would."""
        command = [sys.executable, "-m", "dagster._daemon", "run"]
        command += ["-m", "orchestration.definitions"]
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen(
                command, cwd=self.settings.project_dir, env=child_environment(self.settings),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill_daemon(self) -> None:
        """SIGKILL the daemon, its code server and its run workers: all that it started."""
        if self.daemon is not None:
            os.killpg(self.daemon.pid, signal.SIGKILL)
            self.daemon.wait()
            self.daemon = None

    def worker_of(self, destination: str) -> int | None:
        """Process id of the newest run of its delivery."""
        runs_of_job = RunsFilter(job_name=delivery_job_name(self.specs[destination]))
        with DagsterInstance.from_config(str(self.settings.dagster_home)) as instance:
            for run in instance.get_runs(runs_of_job, limit=1):
                for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
                    event = entry.dagster_event
                    pid = event.engine_event_data.metadata.get("pid") if event else None
                    if pid is not None:
                        return int(str(pid.value))
        return None

    def is_sending(self, plan: SealedPlan) -> bool:
        """Whether the vendor holds a request with rows of the plan and has not answered yet."""
        played = httpx.get(f"{self.base}/_truth").raise_for_status().json()["faults_played"]
        with open_ledger(self.settings) as ledger, ledger.read() as connection:
            query = select(outbox.c.key).where(
                outbox.c.plan_hash == plan.plan_hash, outbox.c.state == "sending"
            )
            is_taken = connection.execute(query.limit(1)).first() is not None
        return bool(played == self.slow_requests and is_taken)

    def times(self, plan: SealedPlan) -> tuple[float | None, float | None]:
        """Start and end of the delivery as the ledger has them, in seconds since 1970."""
        query = select(plan_table.c.started_at, plan_table.c.finished_at).where(
            plan_table.c.plan_hash == plan.plan_hash
        )
        with open_ledger(self.settings) as ledger, ledger.read() as connection:
            row = connection.execute(query).one()
        started, finished = (None if one is None else one.timestamp() for one in row)
        return started, finished

    def members(self, destination: str) -> list[str]:
        """Who stands in the audience, by the vendor's own record."""
        truth = Truth(self.settings.home / "sandbox")
        try:
            name = self.specs[destination].object.rpartition("/")[2]
            return list(truth.members(destination, name))
        finally:
            truth.close()

    def wait_for(self, what: str, is_so: Callable[[], Any]) -> float:
        """Seconds until ``is_so()`` gave something true."""
        started = time.monotonic()
        while not is_so():
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise TimeoutError(f"Still not: {what}. See {self.log}.")
            time.sleep(0.2)
        return time.monotonic() - started


@contextmanager
def dagster_world(destinations: Sequence[str]) -> Iterator[DagsterWorld]:
    """A world with one audience per destination; the daemon is not started yet."""
    with tempfile.TemporaryDirectory(prefix="tributary-dagster-") as folder:
        home = Path(folder)
        plain = Settings.from_env({"TRIBUTARY_HOME": str(home)})
        project = DbtProject(plain)
        specs = {
            spec.destination: spec
            for spec in read_sync_specs(project.current_manifest())
            if spec.kind == "membership" and spec.destination in destinations
        }
        with start_in_background(home / "sandbox", sandbox_objects(project)) as base:
            # No build falls into the measurement.
            added = {**sandbox_environment(base), "TRIBUTARY_BUILD_SCHEDULE": "0 0 1 1 *"}
            os.environ.update(added)
            settings = Settings.from_env(child_environment(plain))
            prepare_dagster_home(settings)
            world = DagsterWorld(settings, specs, base, home / "daemon.log")
            try:
                yield world
            finally:
                world.kill_daemon()
                for name in added:
                    os.environ.pop(name, None)
