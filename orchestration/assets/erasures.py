"""People who asked to be erased: one asset that carries their requests as far as they go.

What lives here: what a run shows of them, the check for what only a person can do, and the sensor
that starts a run.
What never does: an erasure's order and proofs (room rights).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from orchestration.destinations.registry import open_destination
from orchestration.ledger import erasures, open_ledger
from orchestration.rights.erase import Erasing, ErasureReport, work_on
from orchestration.settings import Settings

ERASURES_KEY = dg.AssetKey(["privacy", "erasures"])
ERASURES_JOB = "erasures"
ERASURES_CHECK = "no_erasure_waits_for_a_person"
SENSOR_SECONDS = 30
# One that a vendor has not proved yet is asked for again after this.
AGAIN_AFTER = timedelta(minutes=10)
Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ERASURES_KEY,
            group_name="consent",
            description="Whoever asked to be erased leaves every store and vendor, with a proof.",
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            ERASURES_CHECK,
            asset=ERASURES_KEY,
            description="Every erasure ends by itself; 'tributary privacy' lists what does not.",
        )
    ],
    pool="warehouse",
)
def erase_requested(
    settings: dg.ResourceParam[Settings],
    now: dg.ResourceParam[Clock],
    sleep: dg.ResourceParam[Sleep],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Carry every request on that is not finished."""
    with open_ledger(settings, now=now) as ledger:
        reports = work_on(Erasing(settings, ledger, open_destination, now, sleep))
    yield dg.MaterializeResult(
        asset_key=ERASURES_KEY,
        metadata={
            "requests": len(reports),
            "finished": sum(report.is_finished for report in reports),
        },
    )
    yield erasures_check(reports)


def erasures_check(reports: Sequence[ErasureReport]) -> dg.AssetCheckResult:
    """Fails where a step is a person's task; steps carry no personal data."""
    tasks = sorted(
        f"request {report.request_sequence}: {step.name}"
        for report in reports
        for step in report.steps
        if step.state == erasures.TASK
    )
    return dg.AssetCheckResult(
        asset_key=ERASURES_KEY,
        check_name=ERASURES_CHECK,
        passed=not tasks,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"tasks": ", ".join(tasks) or "none"},
    )


def build_erasure_sensor(job: Any) -> dg.SensorDefinition:
    """Starts the job for a new request at once, for one that is under way now and then."""

    @dg.sensor(
        name="erasure_requests",
        description="Starts the erasure of whoever asked for it, and goes on with it.",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def erasure_requests(
        context: dg.SensorEvaluationContext,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with open_ledger(settings) as ledger, ledger.read() as reader:
            is_due, newest = erasures.is_any_due(reader), erasures.newest_request(reader)
        if not is_due:
            yield dg.SkipReason("Nobody waits to be erased.")
            return
        seen, _, started = (context.cursor or "").partition(" ")
        is_new = str(newest) != seen
        if not is_new and now() < datetime.fromisoformat(started) + AGAIN_AFTER:
            yield dg.SkipReason("What is left was tried a short while ago.")
            return
        context.update_cursor(f"{newest} {now().isoformat()}")
        yield dg.RunRequest()

    return erasure_requests
