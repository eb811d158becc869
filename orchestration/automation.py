"""When things run: jobs, schedules, and the sensors that wait for approvals and for segments.

What lives here: the build, one schedule per delivery from its ``meta.sync``, the sensors' assembly.
What never does: work; it only says what is selected, when, and in which time zone.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from orchestration.activation.spec import SyncSpec
from orchestration.assets.canary import CANARY_JOB, CANARY_KEY, CANARY_SCHEDULE
from orchestration.assets.erasures import ERASURES_JOB, ERASURES_KEY, build_erasure_sensor
from orchestration.assets.names import (
    account_pool,
    delivery_job_name,
    delivery_key,
    plan_key,
    segment_keys,
    snapshot_key,
)
from orchestration.assets.read_back import READ_BACK_JOB, READ_BACK_KEY, READ_BACK_SCHEDULE
from orchestration.landing import find_segments
from orchestration.ledger import SealedPlan, open_ledger
from orchestration.recovery import build_recovery
from orchestration.settings import Settings

SENSOR_SECONDS = 30
SEGMENTS_SECONDS = 60
BUILD_JOB = "hourly_build"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
ACCOUNT_TAG = "tributary/account"
# What a person let out and nobody has finished sending.
SENDABLE_STATES = ("approved", "partial")


@dataclass(frozen=True)
class Automation:
    """All of it, for ``Definitions``."""

    jobs: Sequence[Any]
    schedules: Sequence[dg.ScheduleDefinition]
    sensors: Sequence[dg.SensorDefinition]


def build_automation(
    specs: Sequence[SyncSpec],
    *,
    connected: Sequence[SyncSpec],
    ledger_keys: Sequence[dg.AssetKey],
    shop_timezone: str,
    build_schedule: str,
    has_canary: bool = False,
) -> Automation:
    """Jobs, schedules in the shop's time zone (off for what is not ``connected``, for reading back
    where nothing is, and for the canary unless ``has_canary``), and sensors.

    Args:
        ledger_keys: raw tables that the ledger fills.
    """
    # Whatever the snapshot stands on: landing, every model, their checks.
    everything_built = dg.AssetSelection.assets(snapshot_key()).upstream()
    build_job = dg.define_asset_job(
        BUILD_JOB,
        selection=everything_built,
        description="Land, build, check and publish.",
        executor_def=dg.in_process_executor,
    )
    canary_job = _asset_job(
        CANARY_JOB, CANARY_KEY, "Opt nobody out, and see that every channel forgot her."
    )
    read_back_job = _asset_job(
        READ_BACK_JOB, READ_BACK_KEY, "Hold what vendors list against what was delivered."
    )
    erasures_job = _asset_job(
        ERASURES_JOB, ERASURES_KEY, "Erase whoever asked for it, everywhere."
    )

    def schedule(job: Any, cron: str, is_on: bool) -> dg.ScheduleDefinition:
        status = dg.DefaultScheduleStatus
        return dg.ScheduleDefinition(
            name=job.name,
            job=job,
            cron_schedule=cron,
            execution_timezone=shop_timezone,
            default_status=status.RUNNING if is_on else status.STOPPED,
        )

    delivery_jobs = {spec.model: _delivery_job(spec) for spec in specs}
    schedules = [
        schedule(build_job, build_schedule, True),
        schedule(canary_job, CANARY_SCHEDULE, has_canary),
        schedule(read_back_job, READ_BACK_SCHEDULE, bool(connected)),
        *(schedule(delivery_jobs[one.model], one.schedule, one in connected) for one in specs),
    ]
    return Automation(
        jobs=[build_job, canary_job, read_back_job, erasures_job, *delivery_jobs.values()],
        schedules=schedules,
        sensors=[
            _segment_sensor(build_job, everything_built, ledger_keys),
            build_erasure_sensor(erasures_job),
            *_sensors(specs, list(delivery_jobs.values())),
        ],
    )


def _sensors(specs: Sequence[SyncSpec], jobs: Sequence[Any]) -> list[dg.SensorDefinition]:
    return [_approval_sensor(specs, jobs), build_recovery(specs, jobs)] if specs else []


def _segment_sensor(
    build_job: Any, everything_built: dg.AssetSelection, ledger_keys: Sequence[dg.AssetKey]
) -> dg.SensorDefinition:
    # Beside events and orders stands what their senders said about consent, in the ledger.
    touched = dg.AssetSelection.assets(*segment_keys(), *ledger_keys).downstream()

    @dg.sensor(
        name="closed_segments",
        description="Lands segments that the collector closed, and builds what stands on them.",
        job=build_job,
        minimum_interval_seconds=SEGMENTS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def closed_segments(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        # Ordered by number, so the newest of each stream stands.
        newest = {
            segment.stream: segment.number
            for segment in find_segments(settings.segments_dir)
            if not segment.is_open
        }
        cursor = json.dumps(newest, sort_keys=True)
        if not newest or cursor == context.cursor:
            yield dg.SkipReason("No segment was closed since.")
            return
        builds = dg.RunsFilter(job_name=BUILD_JOB, statuses=_UNFINISHED)
        if context.instance.get_runs(filters=builds, limit=1):
            # It may be past its landing: the cursor stays, and one run follows for all of them.
            yield dg.SkipReason("A build is under way; segments wait for its end.")
            return
        context.update_cursor(cursor)
        graph = context.repository_def.asset_graph if context.repository_def else None
        assert graph is not None
        selected = (touched & everything_built).resolve(graph)
        yield dg.RunRequest(asset_selection=sorted(selected), tags={"segments": cursor})

    return closed_segments


def _asset_job(name: str, key: dg.AssetKey, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(key),
        description=description,
        executor_def=dg.in_process_executor,
    )


def _delivery_job(spec: SyncSpec) -> Any:
    return dg.define_asset_job(
        delivery_job_name(spec),
        selection=dg.AssetSelection.assets(plan_key(spec), delivery_key(spec)),
        description=f"Plan {spec.object} at {spec.destination}; send it if it is approved.",
        # One run per account at a time (dagster.yaml): waiting ones take no other account's place.
        tags={ACCOUNT_TAG: account_pool(spec)},
        executor_def=dg.in_process_executor,
    )


def _approval_sensor(specs: Sequence[SyncSpec], jobs: Sequence[Any]) -> dg.SensorDefinition:
    by_object = {(spec.destination, spec.object): spec for spec in specs}

    @dg.sensor(
        name="approved_plans",
        description="Starts the delivery of a plan that a person has approved.",
        jobs=jobs,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def approved_plans(
        context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with open_ledger(settings) as ledger:
            plans = ledger.plans(SENDABLE_STATES)
        requests = [
            _request(plan, by_object[plan.destination, plan.object])
            for plan in plans
            if (plan.destination, plan.object) in by_object
        ]
        yield from requests
        if not requests:
            yield dg.SkipReason("No approved plan waits.")

    return approved_plans


def _request(plan: SealedPlan, spec: SyncSpec) -> dg.RunRequest:
    # Only the delivery: planning again would not change a plan that is approved.
    return dg.RunRequest(
        run_key=plan.plan_hash,
        job_name=delivery_job_name(spec),
        asset_selection=[delivery_key(spec)],
        tags={"plan": plan.plan_hash[:12]},
    )
