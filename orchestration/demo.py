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

from orchestration import answers
from orchestration.activation.spec import read_sync_specs
from orchestration.answers import Answer
from orchestration.brand import make_brand
from orchestration.console import table
from orchestration.errors import ConfigurationError
from orchestration.landing.report import Progress
from orchestration.project import DbtProject
from orchestration.run import ExitCode, RunReport, Source, run_day
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.scores.identity import score_identity
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
        make_brand(
            inbox,
            customers=world.customers,
            months=world.months,
            seed=world.seed,
            progress=progress,
        )
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
    return DemoReport(report, _answer(report, summary, score))


def sandbox_objects(project: DbtProject) -> dict[str, list[str]]:
    """Lists and audiences per vendor that the models deliver to."""
    objects: defaultdict[str, list[str]] = defaultdict(list)
    for spec in read_sync_specs(project.current_manifest()):
        if "/" in spec.object:
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
    """The same settings with every destination at the sandbox."""
    return Settings.from_env({**child_environment(settings), **sandbox_environment(base)})
