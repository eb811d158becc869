"""What a killed worker leaves behind in Dagster, put right within seconds.

What lives here: the sensor that ends runs whose process is gone, gives their slots back, and starts
a delivery again whose plan stands half sent.
What never does: sending, and any rule of delivery: a second run finds the plan's lease, or nothing
left to do.

Dagster ends such runs itself only where the code server outlived the worker, and gives slots back a
minute later; a daemon that was killed too leaves runs that nobody ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, WILL_RETRY_TAG

from orchestration.activation.spec import SyncSpec
from orchestration.assets.names import delivery_job_name, delivery_key
from orchestration.ledger import SealedPlan, leases, open_ledger
from orchestration.settings import Settings

Clock = Callable[[], datetime]
SENSOR_SECONDS = 5
# A plan that kills its worker every time is a person's matter after so many runs.
RUNS_OF_A_PLAN_MAX = 5
_RUNNING = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.QUEUED, *_RUNNING]


def build_recovery(specs: Sequence[SyncSpec], jobs: Sequence[Any]) -> dg.SensorDefinition:
    """The sensor ``dead_workers``; ``jobs`` are the delivery jobs of ``specs``."""

    @dg.sensor(
        name="dead_workers",
        description="Ends runs whose process is gone, and finishes the deliveries they began.",
        jobs=jobs,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def dead_workers(
        context: dg.SensorEvaluationContext,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        ended = end_dead_runs(context.instance)
        freed = free_slots_of_dead_runs(context.instance)
        requests = list(_restarts(context, settings, specs, now))
        yield from requests
        if not requests:
            yield dg.SkipReason(f"{ended} dead runs ended, slots of {freed} given back.")

    return dead_workers


def end_dead_runs(instance: DagsterInstance) -> int:
    """Mark runs as failed whose process is gone; Dagster's run retries take it from there."""
    dead = [
        run
        for run in instance.get_runs(filters=RunsFilter(statuses=_RUNNING))
        if is_worker_gone(instance, run.run_id)
    ]
    for run in dead:
        instance.report_run_failed(run, "The process of this run is gone.")
    return len(dead)


def free_slots_of_dead_runs(instance: DagsterInstance) -> int:
    """Give back the slots of finished runs whose process is gone; how many runs held some."""
    freed = 0
    storage = instance.event_log_storage
    for run_id in storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        # A cancelled run is finished on paper while its process still works.
        if run is None or (run.is_finished and is_worker_gone(instance, run_id)):
            storage.free_concurrency_slots_for_run(run_id)
            freed += 1
    return freed


def is_worker_gone(instance: DagsterInstance, run_id: str) -> bool:
    """True where the run had a process on this machine and has none. Unknown is: it lives."""
    records = instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)
    for entry in records:
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event is not None else None
        if pid is not None and str(pid.value).isdigit():
            return _is_gone(int(str(pid.value)), entry.timestamp)
    return False


def _is_gone(pid: int, seen_alive_at: float) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    try:
        state, started_at = _state_and_start(pid)
    except (OSError, StopIteration):
        return False
    # The same number can be another process by now: one that began after ours was seen.
    return state in ("Z", "X") or started_at > seen_alive_at + 1


def _state_and_start(pid: int) -> tuple[str, float]:
    # After the name in brackets, which may itself hold blanks: state, and as the 20th the start in
    # clock ticks since the machine began.
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    began = next(
        float(line.split()[1])
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("btime ")
    )
    return fields[0], began + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _restarts(
    context: dg.SensorEvaluationContext,
    settings: Settings,
    specs: Sequence[SyncSpec],
    now: Clock,
) -> Iterator[dg.RunRequest]:
    """One run for each started plan that no process sends and no run is going to send."""
    by_object = {(spec.destination, spec.object): spec for spec in specs}
    with open_ledger(settings, now=now) as ledger:
        started = [
            plan
            for plan in ledger.plans(("started",))
            if (plan.destination, plan.object) in by_object
        ]
        for plan in started:
            account_id = settings.destinations[plan.destination].account_id
            with ledger.read() as connection:
                lease = leases.look(connection, plan.destination, account_id, now())
            spec = by_object[plan.destination, plan.object]
            if not lease.is_held and _is_run_missing(context, plan, delivery_job_name(spec)):
                yield dg.RunRequest(
                    # The token moves with each attempt, so one attempt is followed by one run.
                    run_key=f"{plan.plan_hash}/{lease.fencing_token}",
                    job_name=delivery_job_name(spec),
                    asset_selection=[delivery_key(spec)],
                    tags={"plan": plan.plan_hash[:12]},
                )


def _is_run_missing(context: dg.SensorEvaluationContext, plan: SealedPlan, job_name: str) -> bool:
    runs = context.instance.get_runs(
        filters=RunsFilter(job_name=job_name), limit=RUNS_OF_A_PLAN_MAX + 1
    )
    if any(run.status in _UNFINISHED or _will_be_retried(run) for run in runs):
        return False
    of_plan = [run for run in runs if run.tags.get("plan") == plan.plan_hash[:12]]
    if len(of_plan) >= RUNS_OF_A_PLAN_MAX:
        context.log.error(
            f"Plan {plan.plan_hash[:12]} lost {len(of_plan)} workers; look at its runs, then use "
            "'tributary deliver'."
        )
        return False
    return True


def _will_be_retried(run: DagsterRun) -> bool:
    is_announced = run.tags.get(WILL_RETRY_TAG, "false").lower() == "true"
    return is_announced and AUTO_RETRY_RUN_ID_TAG not in run.tags
