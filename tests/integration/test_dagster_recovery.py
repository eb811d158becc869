"""What a killed worker leaves in Dagster is ended, given back and started again, once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster._core.utils import make_new_run_id

from orchestration.assets.names import delivery_job_name, delivery_key
from orchestration.ledger import SealedPlan, leases, open_ledger, seals
from orchestration.recovery import (
    RUNS_OF_A_PLAN_MAX,
    build_recovery,
    end_dead_runs,
    free_slots_of_dead_runs,
    is_worker_gone,
)
from orchestration.settings import Settings
from tests.unit.activation.world import SPEC

AT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
PLAN_HASH = "a" * 64
JOB = delivery_job_name(SPEC)
PLAN = SealedPlan(
    plan_hash=PLAN_HASH,
    destination=SPEC.destination,
    object=SPEC.object,
    model=SPEC.model,
    kind=SPEC.kind,
    purpose=SPEC.purpose,
    seal_json="{}",
    state="started",
    reason=None,
    delivered_version=0,
    desired_count=1,
    delivered_count=0,
    add_count=1,
    update_count=0,
    remove_count=0,
    held_back_count=0,
    planned_at=AT,
)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until a test kills it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.wait()


def add_run(
    instance: DagsterInstance,
    pid: int | None,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
    **tags: str,
) -> str:
    run = DagsterRun(job_name=JOB, run_id=make_new_run_id(), status=status, tags=tags)
    instance.add_run(run)
    if pid is not None:
        instance.report_engine_event("Started process.", run, EngineEventData.in_process(pid))
    return run.run_id


def seal(settings: Settings, plan: SealedPlan = PLAN) -> None:
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        seals.seal(connection, plan, AT)


def requests(
    instance: DagsterInstance, settings: Settings, now: Callable[[], datetime] = lambda: AT
) -> list[dg.RunRequest]:
    job: Any = dg.define_asset_job(JOB, selection=[delivery_key(SPEC)])
    sensor = build_recovery([SPEC], [job])
    context = dg.build_sensor_context(
        instance=instance, resources={"settings": settings, "now": now}
    )
    return list(sensor.evaluate_tick(context).run_requests or [])


def test_a_run_whose_process_is_gone_is_ended_and_no_other(
    instance: DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    alive = add_run(instance, process.pid)
    unknown = add_run(instance, None)
    assert end_dead_runs(instance) == 0
    process.kill()
    # Not waited for: a process that nobody collected is gone all the same.
    while not is_worker_gone(instance, alive):
        pass
    assert end_dead_runs(instance) == 1
    assert instance.get_run_by_id(alive).status == DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    assert instance.get_run_by_id(unknown).status == DagsterRunStatus.STARTED  # type: ignore[union-attr]
    assert end_dead_runs(instance) == 0


def test_another_process_under_the_same_number_does_not_keep_a_run_alive(
    instance: DagsterInstance,
    process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = add_run(instance, process.pid)
    assert not is_worker_gone(instance, run_id)
    began_later = (AT + timedelta(days=36_500)).timestamp()
    monkeypatch.setattr("orchestration.recovery._state_and_start", lambda _: ("S", began_later))
    assert is_worker_gone(instance, run_id)


def test_slots_of_a_dead_run_come_back_at_once_and_those_of_a_living_one_stay(
    instance: DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    storage = instance.event_log_storage
    storage.set_concurrency_slots("send_meta", 2)
    run_id = add_run(instance, process.pid)
    cancelled = add_run(instance, process.pid, DagsterRunStatus.CANCELED)
    for one in (run_id, cancelled):
        assert storage.claim_concurrency_slot("send_meta", one, "step").is_claimed
    assert free_slots_of_dead_runs(instance) == 0
    process.kill()
    process.wait()
    assert free_slots_of_dead_runs(instance) == 1
    end_dead_runs(instance)
    assert free_slots_of_dead_runs(instance) == 1
    assert storage.get_concurrency_info("send_meta").active_slot_count == 0


def test_a_started_plan_that_nobody_sends_is_started_again_once(
    instance: DagsterInstance, settings: Settings
) -> None:
    seal(settings)
    (request,) = requests(instance, settings)
    assert request.job_name == JOB
    assert request.asset_selection == [delivery_key(SPEC)]
    assert request.run_key == f"{PLAN_HASH}/0"
    add_run(instance, None, DagsterRunStatus.NOT_STARTED)
    assert requests(instance, settings) == []


@pytest.mark.parametrize("state", ["open", "approved", "partial", "done"])
def test_only_a_plan_that_was_left_in_the_middle_is_started_again(
    instance: DagsterInstance, settings: Settings, state: str
) -> None:
    seal(settings, replace(PLAN, state=state))
    assert requests(instance, settings) == []


def test_a_living_sender_is_left_alone_until_its_lease_runs_out(
    instance: DagsterInstance, settings: Settings
) -> None:
    seal(settings)
    account_id = settings.destinations[SPEC.destination].account_id
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        leases.acquire(connection, SPEC.destination, account_id, "elsewhere|1|1", AT)
    assert requests(instance, settings) == []
    later = AT + timedelta(seconds=leases.LEASE_SECONDS)
    (request,) = requests(instance, settings, now=lambda: later)
    assert request.run_key == f"{PLAN_HASH}/1"


def test_a_dead_sender_on_this_machine_is_followed_at_once(
    instance: DagsterInstance, settings: Settings, process: subprocess.Popen[bytes]
) -> None:
    seal(settings)
    machine = leases.this_process().rpartition("|")[0].rpartition("|")[0]
    account_id = settings.destinations[SPEC.destination].account_id
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        holder = f"{machine}|{process.pid}|0"
        process.kill()
        process.wait()
        leases.acquire(connection, SPEC.destination, account_id, holder, AT)
    assert len(requests(instance, settings)) == 1


def test_what_dagster_is_about_to_retry_is_not_started_twice(
    instance: DagsterInstance, settings: Settings
) -> None:
    seal(settings)
    add_run(instance, None, DagsterRunStatus.FAILURE, **{WILL_RETRY_TAG: "true"})
    assert requests(instance, settings) == []


def test_a_plan_that_kills_every_worker_is_left_to_a_person(
    instance: DagsterInstance, settings: Settings
) -> None:
    seal(settings)
    for _ in range(RUNS_OF_A_PLAN_MAX - 1):
        add_run(instance, None, DagsterRunStatus.FAILURE, plan=PLAN_HASH[:12])
    assert len(requests(instance, settings)) == 1
    add_run(instance, None, DagsterRunStatus.FAILURE, plan=PLAN_HASH[:12])
    assert requests(instance, settings) == []
