"""The day's work, in order: land, check, build, publish, plan, approve, deliver.

What lives here: the order of the steps, their seconds, and the exit code that cron reads.
What never does: the work of a step (its room), output, a way past an approval.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from orchestration.activation import approval, desk
from orchestration.activation.canary import Channel, opt_canary_out
from orchestration.activation.connected import Skipped, split_connected
from orchestration.activation.deliver import DeliveryReport, deliver, side_by_side
from orchestration.activation.drift import Drift, check_drift
from orchestration.activation.plan import make_plans
from orchestration.activation.preview import Plan
from orchestration.activation.published_optouts import suppress_published
from orchestration.activation.spec import SyncSpec, read_sync_specs
from orchestration.checks.landing_border import BorderReport, check_landing
from orchestration.checks.leaving_border import LeavingBorder
from orchestration.destinations.registry import open_destination
from orchestration.errors import (
    ConfigurationError,
    TributaryError,
    UnknownNameError,
    WarehouseBusyError,
)
from orchestration.fitting import fit_identity, is_probabilistic
from orchestration.landing import (
    LandingReport,
    land_directory,
    land_ledger,
    land_orders_export,
    land_segments,
    register_tables,
)
from orchestration.landing.quarantine import quarantine_counts
from orchestration.landing.report import Progress, no_progress
from orchestration.ledger import SealedPlan, StoredApproval, delivered, erasures, open_ledger
from orchestration.margin.findings import FindingCount, finding_counts
from orchestration.project import BuildFailedError, BuildResult, DbtProject
from orchestration.publish import POINTER, PublishReport, publish
from orchestration.rights.erase import Erasing, ErasureReport, work_on
from orchestration.rights.requests import Requests, stand
from orchestration.settings import CanarySettings, Settings


class BorderError(TributaryError):
    """Raw rows that landing let in break the contract all the same."""

    def __init__(self, report: BorderReport) -> None:
        broken = [
            f"raw_{table.source}.{table.table}: {', '.join(table.failed)}"
            for table in report.tables
            if table.failed
        ]
        super().__init__(
            f"{len(broken)} raw tables break their contract. {' | '.join(broken[:5])}",
            remedy=f"Look at {report.data_docs}, mend the source and land it again.",
        )


Clock = Callable[[], datetime]
DELIVERABLE_STATES = ("approved", "started", "partial")
WAITING_STATES = ("open", "halted")
SHOWN_REASONS = 5


class ExitCode(IntEnum):
    """What cron learns from a run."""

    DONE = 0
    FAILED = 1
    WAITS_FOR_APPROVAL = 2


@dataclass(frozen=True)
class Source:
    """Where new rows come from: a folder in the raw layout, an export, tables of a loader.

    ``registered`` maps our source to the loader's schema, e.g. ``shopify`` → ``fivetran_shopify``.
    """

    directory: Path | None = None
    relation: str | None = None
    orders_export: Path | None = None
    mapping: Path | None = None
    registered: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.orders_export is None) != (self.mapping is None):
            raise ConfigurationError(
                "An orders export and its mapping go together.",
                remedy="Give both --orders-export FILE and --mapping FILE.yml.",
            )


@dataclass(frozen=True)
class Step:
    """One step and its seconds of wall-clock."""

    name: str
    seconds: float


@dataclass
class RunReport:
    """What a day's work came to, step by step."""

    steps: list[Step] = field(default_factory=list)
    landing: list[LandingReport] = field(default_factory=list)
    build: BuildResult | None = None
    publication: PublishReport | None = None
    findings: tuple[FindingCount, ...] = ()
    plans: list[Plan] = field(default_factory=list)
    delivery: DeliveryReport | None = None
    waiting: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    erasures: tuple[ErasureReport, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        if self.delivery is not None and self.delivery.has_failed:
            return ExitCode.FAILED
        return ExitCode.WAITS_FOR_APPROVAL if self.waiting else ExitCode.DONE

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure the block as step ``name``."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.steps.append(Step(name, round(time.monotonic() - started, 2)))


def run_day(
    settings: Settings,
    project: DbtProject,
    *,
    source: Source | None,
    approve: bool,
    now: Clock,
    sleep: Callable[[float], None],
    progress: Progress = no_progress,
) -> RunReport:
    """Do the day's work. Killed anywhere and run again, it ends in the same state.

    Args:
        source: what to land first; None where a loader or the fast lane brought everything.
        approve: sign every open plan with the demo key, which is good for loopback hosts only.
        progress: hears (what, done, total).

    Raises:
        TributaryError: a step failed; what it left is consistent, later steps did not run.
    """
    if approve:
        # Now, not after an hour's build.
        approval.refuse_demo_beyond_loopback(settings)
    report = RunReport()
    report.erasures = erase_requested(settings, report, now=now, sleep=sleep)
    with report.timed("land"):
        report.landing = land(settings, source, now=now, progress=progress)
    with report.timed("check border"):
        check_border(settings, progress=progress)
    if is_probabilistic(project):
        with report.timed("fit"):
            report.landing.append(fit_identity(settings, project, now=now, progress=progress))
    with report.timed("build"):
        report.build = build(project, progress=progress)
    with report.timed("publish"):
        report.publication = publish_build(settings, project, now=now)
    report.findings = finding_counts(settings.published_dir / POINTER)
    with report.timed("plan"):
        report.plans = plan(settings, project, now=now)
        report.skipped = skipped_deliveries(settings, project)
    if approve:
        with report.timed("approve"):
            approve_open_plans(settings, now=now)
    with open_ledger(settings, now=now) as ledger:
        is_anything_approved = bool(ledger.plans(DELIVERABLE_STATES))
    # `deliver` refuses where nothing is approved; in a day's work that means: ask a person.
    if is_anything_approved:
        with report.timed("deliver"):
            report.delivery = deliver_all(settings, now=now, sleep=sleep, progress=progress)
    with open_ledger(settings, now=now) as ledger:
        report.waiting = tuple(waiting.plan_hash for waiting in ledger.plans(WAITING_STATES))
        report.plans = [replace(made, seal=ledger.plan(made.plan_hash)) for made in report.plans]
    return report


def erase_requested(
    settings: Settings, report: RunReport, *, now: Clock, sleep: Callable[[float], None]
) -> tuple[ErasureReport, ...]:
    """Erase whoever asked for it since, before anything of her is built or planned."""
    with open_ledger(settings, now=now) as ledger:
        with ledger.read() as reader:
            if not erasures.is_any_due(reader):
                return ()
        with report.timed("erase"):
            return tuple(work_on(Erasing(settings, ledger, open_destination, now, sleep)))


def land(
    settings: Settings, source: Source | None, *, now: Clock, progress: Progress = no_progress
) -> list[LandingReport]:
    """Land the source, if there is one, and always what collector and ledger learned since."""
    reports = []
    if source is not None and source.directory is not None:
        reports.append(
            land_directory(
                settings, source.directory, relation=source.relation, now=now, progress=progress
            )
        )
    if source is not None and source.orders_export is not None and source.mapping is not None:
        reports.append(
            land_orders_export(
                settings, source.orders_export, source.mapping, now=now, progress=progress
            )
        )
    if source is not None and source.registered:
        reports.append(
            register_tables(
                settings, source.registered, relation=source.relation, now=now, progress=progress
            )
        )
    reports.append(land_segments(settings, now=now, progress=progress))
    with open_ledger(settings, now=now) as ledger:
        reports.append(land_ledger(settings, ledger, progress=progress))
    return reports


def check_border(settings: Settings, *, progress: Progress = no_progress) -> BorderReport:
    """Hold what stands in the raw tables against the contract.

    Raises:
        BorderError: it does not keep the contract; nothing may be built on it.
    """
    report = check_landing(settings, progress=progress)
    if not report.is_green:
        raise BorderError(report)
    return report


def build(
    project: DbtProject,
    select: Sequence[str] | None = None,
    *,
    full_refresh: bool = False,
    progress: Progress = no_progress,
) -> BuildResult:
    """Build and test the models.

    Raises:
        BuildFailedError: a model or a test failed; the error tells what stands in quarantine too.
    """
    nodes = json.loads(project.current_manifest().read_text(encoding="utf-8"))["nodes"]
    finished = itertools.count(1)
    result = project.build(
        select,
        full_refresh=full_refresh,
        on_result=lambda _: progress("dbt", next(finished), len(nodes)),
    )
    if not result.succeeded:
        raise BuildFailedError(result, _in_quarantine(project.settings))
    return result


def _in_quarantine(settings: Settings) -> str:
    """What was kept out of the build and may be why it failed; nothing where all was landed."""
    try:
        counts = quarantine_counts(settings)
    except WarehouseBusyError:
        # Somebody else is next already; that must not hide the failure.
        return ""
    shown = "; ".join(one.text for one in counts[:SHOWN_REASONS])
    more = f"; and {len(counts) - SHOWN_REASONS} more reasons" if counts[SHOWN_REASONS:] else ""
    return f"In raw_landing.quarantine: {shown}{more}." if counts else ""


def publish_build(settings: Settings, project: DbtProject, *, now: Clock) -> PublishReport:
    """Publish the green build and land what that taught the ledger."""
    with open_ledger(settings, now=now) as ledger:
        report = publish(
            settings,
            ledger,
            now=now,
            manifest=project.current_manifest(),
            suppress=suppress_published(settings, ledger, now),
        )
        land_ledger(settings, ledger)
    return report


def plan(
    settings: Settings, project: DbtProject, models: Sequence[str] = (), *, now: Clock
) -> list[Plan]:
    """Seal one plan per delivery that the models declare, or for the named models only.

    Raises:
        UnknownNameError: no model of that name declares a delivery.
        ConfigurationError: a named model's destination is not connected; where none is named, such
            deliveries are skipped (``skipped_deliveries``).
    """
    chosen = chosen_specs(settings, project, models)
    if not chosen:
        return []
    border = LeavingBorder(settings)
    with open_ledger(settings, now=now) as ledger:
        return make_plans(settings, ledger, chosen, now=now, border=border)


def chosen_specs(
    settings: Settings, project: DbtProject, models: Sequence[str] = ()
) -> list[SyncSpec]:
    """The deliveries that these models declare, or all that are connected.

    Raises:
        UnknownNameError: no model of that name declares a delivery.
        ConfigurationError: a named model's destination is not connected.
    """
    specs = read_sync_specs(project.current_manifest())
    known = {spec.model: spec for spec in specs}
    for model in models:
        if model not in known:
            raise UnknownNameError("delivery", model, list(known))
    named = [known[model] for model in models]
    chosen, skipped = split_connected(settings, named or specs)
    if named and skipped:
        raise ConfigurationError(
            f"{skipped[0].object} at {skipped[0].destination} cannot be planned: "
            f"{skipped[0].reason}.",
            remedy="Connect the destination, or plan without naming this model.",
        )
    return list(chosen)


def skipped_deliveries(settings: Settings, project: DbtProject) -> tuple[Skipped, ...]:
    """Deliveries that the models declare and nobody connected here."""
    return tuple(split_connected(settings, read_sync_specs(project.current_manifest()))[1])


def approve(
    settings: Settings, plan_hashes: Sequence[str], *, reason: str | None, now: Clock
) -> list[StoredApproval]:
    """Sign plans with the approver's key; with a ``reason`` also what a guard halted.

    Raises:
        ConfigurationError: no key is set.
        ApprovalError: see ``activation/approval.py``; plans before the refused one are signed.
    """
    key = desk.approver_key(settings)
    with open_ledger(settings, now=now) as ledger:
        return [
            approval.approve(ledger, settings, one, approver_key=key, now=now)
            if reason is None
            else approval.approve_halted(
                ledger, settings, one, approver_key=key, reason=reason, now=now
            )
            for one in plan_hashes
        ]


def approve_open_plans(settings: Settings, *, now: Clock) -> list[str]:
    """Sign every open plan with the demo key; a plan that a guard halted stays for a person."""
    with open_ledger(settings, now=now) as ledger:
        hashes = [sealed.plan_hash for sealed in ledger.plans(("open",))]
        for plan_hash in hashes:
            approval.demo_approve(ledger, settings, plan_hash, now=now)
    return hashes


def deliver_all(
    settings: Settings,
    *,
    now: Clock,
    sleep: Callable[[float], None],
    progress: Progress = no_progress,
) -> DeliveryReport:
    """Send what is approved and finish what was started.

    Raises:
        NotDeliverableError: plans wait for approval and nothing is approved.
    """
    decided: Counter[str] = Counter()

    def count(sealed: SealedPlan, rows: int) -> None:
        decided[sealed.plan_hash] += rows
        what = f"{sealed.destination} {sealed.object}"
        progress(what, decided[sealed.plan_hash], sealed.row_count)

    with open_ledger(settings, now=now) as ledger:
        return deliver(
            settings,
            ledger,
            open_destination=open_destination,
            now=now,
            sleep=sleep,
            progress=count,
            run_accounts=side_by_side,
        )


def read_back_all(
    settings: Settings, *, now: Clock, sleep: Callable[[float], None]
) -> list[Drift]:
    """Hold what the vendors list against what was delivered.

    Raises:
        LeaseHeldError, DeliveryError: see ``activation/drift.py``.
    """
    specs = read_sync_specs(DbtProject(settings).current_manifest())
    with open_ledger(settings, now=now) as ledger:
        return check_drift(
            settings, ledger, specs, open_destination=open_destination, now=now, sleep=sleep
        )


def opt_out_canary(
    settings: Settings, who: CanarySettings, *, now: Clock, sleep: Callable[[float], None]
) -> list[Channel]:
    """Opt the canary out and ask every connected channel.

    Raises:
        ConfigurationError, NoLookupError: see ``activation/canary.py``.
    """
    specs, _ = split_connected(
        settings, read_sync_specs(DbtProject(settings).current_manifest())
    )
    with open_ledger(settings, now=now) as ledger:
        return opt_canary_out(
            settings, ledger, specs, who, open_destination=open_destination, now=now, sleep=sleep
        )


@dataclass(frozen=True)
class Status:
    """What stands now: the snapshot and its findings, unfinished plans, rows per object."""

    build_id: str | None
    plans: tuple[SealedPlan, ...]
    delivered: dict[tuple[str, str], int]
    findings: tuple[FindingCount, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    requests: Requests = field(default_factory=Requests)


def status(settings: Settings, project: DbtProject, *, now: Clock) -> Status:
    """Read the pointer, the ledger and the manifest; the warehouse stays closed."""
    pointer = settings.published_dir / POINTER
    with open_ledger(settings, now=now) as ledger:
        with ledger.read() as connection:
            standing = delivered.standing_counts(connection)
        return Status(
            build_id=pointer.resolve().name if pointer.exists() else None,
            plans=tuple(ledger.plans()),
            delivered=standing,
            findings=finding_counts(pointer),
            skipped=skipped_deliveries(settings, project),
            requests=stand(ledger),
        )
