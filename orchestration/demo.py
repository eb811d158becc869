"""``tributary demo``: the main job on a simulated brand, delivered to the sandbox.

What lives here: the demo world (brand, sandbox, their settings) around ``run_day``.
What never does: work that a real day does not do. Nothing else imports brand or sandbox.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from orchestration import answers
from orchestration.activation.spec import read_sync_specs
from orchestration.answers import Answer
from orchestration.brand import BrandSummary, make_brand
from orchestration.console import table
from orchestration.destinations.registry import has_plugin
from orchestration.errors import ConfigurationError
from orchestration.landing.report import Progress
from orchestration.project import DbtProject
from orchestration.run import ExitCode, RunReport, Source, run_day
from orchestration.sandbox.server import (
    HOST,
    QUICK_DESTINATIONS,
    sandbox_environment,
    serve,
    start_in_background,
)
from orchestration.sandbox.truth import VENDORS
from orchestration.scores.identity import IdentityScore, score_identity
from orchestration.scores.summary import Summary, summarise
from orchestration.settings import Settings, child_environment


@dataclass(frozen=True)
class World:
    """How large the simulated brand is."""

    customers: int
    months: int
    seed: int


@dataclass(frozen=True)
class DemoReport:
    """The day's report, and what it came to beside the truth."""

    run: RunReport
    answer: Answer

    @property
    def exit_code(self) -> ExitCode:
        return self.run.exit_code


def run_demo(
    settings: Settings,
    world: World,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    progress: Progress,
) -> DemoReport:
    """Make the brand in the inbox, serve the sandbox, do the day's work, score it.

    Raises:
        TributaryError: a step failed.
    """
    claim_home(settings, world)
    project = DbtProject(settings)
    measured = RunReport()
    inbox = settings.inbox_dir
    with measured.timed("make the brand"):
        brand = make_world(inbox, world, progress=progress)
    with measured.timed("parse the models"):
        objects = sandbox_objects(project)
    with start_in_background(settings.home / "sandbox", objects) as base:
        report = run_day(
            _loopback(settings, base),
            project,
            source=Source(directory=inbox),
            approve=True,
            now=now,
            sleep=sleep,
            progress=progress,
        )
    with measured.timed("score"):
        summary = summarise(settings)
        score = score_identity(settings, inbox / "truth")
    report.steps = [*measured.steps[:2], *report.steps, *measured.steps[2:]]
    currency = str(project.variable("reporting_currency"))
    return DemoReport(report, _answer(report, brand, summary, score, currency))


def make_world(directory: Path, world: World, *, progress: Progress) -> BrandSummary:
    """Write the brand's files, raw tables and truth, below ``directory``."""
    return make_brand(
        directory,
        customers=world.customers,
        months=world.months,
        seed=world.seed,
        progress=lambda done, total: progress("customers", done, total),
    )


def serve_sandbox(settings: Settings, directory: Path | None, port: int) -> None:
    """Serve the sandbox until interrupted; it knows every object that the models deliver to."""
    objects = sandbox_objects(DbtProject(settings))
    serve(directory or settings.home / "sandbox", port, objects)


def sandbox_variables(port: int) -> dict[str, str]:
    """The environment that points every destination at the sandbox on this port."""
    return sandbox_environment(f"http://{HOST}:{port}")


def sandbox_objects(project: DbtProject) -> dict[str, list[str]]:
    """Lists and audiences per vendor that the models deliver to and the sandbox knows."""
    objects: defaultdict[str, list[str]] = defaultdict(list)
    for spec in read_sync_specs(project.current_manifest()):
        is_known = spec.destination in VENDORS and has_plugin(spec.destination, spec.object)
        if is_known and "/" in spec.object:
            objects[spec.destination].append(spec.object)
    return dict(objects)


def claim_home(settings: Settings, world: World) -> None:
    """Mark the home as this demo's own.

    Raises:
        ConfigurationError: it holds other data, or a demo of another size.
    """
    marker = settings.home / "demo.json"
    known = json.loads(marker.read_text(encoding="utf-8")) if marker.exists() else None
    if known == asdict(world):
        return
    if known is not None or settings.warehouse.exists() or settings.inbox_dir.exists():
        what = "a demo of another size or seed" if known else "data that is not the demo's"
        raise ConfigurationError(
            f"{settings.home} holds {what}.",
            remedy="Set TRIBUTARY_HOME to another folder, or remove this one.",
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(asdict(world)), encoding="utf-8")


def _loopback(settings: Settings, base: str) -> Settings:
    """The same settings with the demo's destinations at the sandbox."""
    chosen = {"TRIBUTARY_DESTINATIONS": ",".join(QUICK_DESTINATIONS)}
    return Settings.from_env(
        {**chosen, **child_environment(settings), **sandbox_environment(base)}
    )


def _answer(
    report: RunReport, brand: BrandSummary, summary: Summary, score: IdentityScore, currency: str
) -> Answer:
    """What the demo shows: found beside true, audiences, plans, receipts, seconds."""
    facts: list[tuple[str, object, object]] = [
        ("rows landed", sum(landing.landed for landing in report.landing), None),
        ("rows in quarantine", sum(landing.quarantined for landing in report.landing), None),
        ("customers; true persons", score.customers, score.true_persons),
        ("precision of pairs", _ratio(score.precision), None),
        ("recall of pairs", _ratio(score.recall), None),
        ("orders", summary.order_count, None),
        (f"net sales, {currency}", f"{summary.net_sales_amount:,.2f}", None),
        (f"CM1, {currency}", f"{summary.cm1_amount:,.2f}", f"{brand.cm1_minor / 100:,.2f}"),
        (f"CM2, {currency}", f"{summary.cm2_amount:,.2f}", f"{brand.cm2_minor / 100:,.2f}"),
    ]
    facts += [
        (f"audience {name.replace('_', ' ')}", rows, None)
        for name, rows in summary.audience_sizes.items()
    ]
    plans = answers.plans([plan.seal for plan in report.plans])
    return Answer(
        {
            **answers.run(report).value,
            "summary": {name: {"found": found, "true": true} for name, found, true in facts},
        },
        (
            table("The simulated brand", ("what", "found", "true"), facts),
            plans.lines[0],
            *answers.delivery(report.delivery).lines,
            answers.steps(report.steps),
        ),
    )


def _ratio(value: float | None) -> str:
    return "nothing to compare" if value is None else f"{value:.4f}"
