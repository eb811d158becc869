"""The command line: ``tributary``.

What lives here: commands, their options, and which room each one calls.
What never does: work. Rooms are imported inside commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands.approvals import approve, key
from orchestration.commands.canary import canary
from orchestration.commands.delivery import deliver, drift
from orchestration.commands.identity import explain_app, identity_app
from orchestration.commands.ledger import ledger_app
from orchestration.commands.margin import explain_order
from orchestration.commands.optouts import optout
from orchestration.commands.plans import plan_app
from orchestration.commands.privacy import erase, export, privacy_app
from orchestration.commands.serve import reader, serve
from orchestration.errors import ConfigurationError

if TYPE_CHECKING:
    from orchestration.answers import Answer
    from orchestration.console import Output
    from orchestration.run import Source

app = typer.Typer(
    name="tributary",
    help="Raw tables to approved delivery: identity, margin, audiences, receipts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
score_app = typer.Typer(help="Measure against known truth.", no_args_is_help=True)
app.add_typer(score_app, name="score")
explain_app.command("order")(explain_order)
app.add_typer(explain_app, name="explain")
app.add_typer(identity_app, name="identity")
app.add_typer(plan_app, name="plan")
app.command()(approve)
app.command()(key)
app.command()(reader)
app.command()(serve)
app.add_typer(ledger_app, name="ledger")
app.command()(erase)
app.command()(export)
app.add_typer(privacy_app, name="privacy")
fit_app = typer.Typer(help="Estimate what SQL cannot, and land it.", no_args_is_help=True)
app.add_typer(fit_app, name="fit")

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Directory = Annotated[Path | None, typer.Argument(help="DIR/<source>/<table>.parquet|csv|csv.gz")]
Relation = Annotated[str | None, typer.Option(help="Shop or account of files that name none.")]
Export = Annotated[Path | None, typer.Option(help="One flat file of order lines, CSV or Parquet.")]
Mapping = Annotated[Path | None, typer.Option(help="YAML that says which column is which.")]
Register = Annotated[
    list[str] | None, typer.Option(help="schema=source: tables that a loader already wrote.")
]


def main() -> None:
    """Entry point: exit 0 done, 1 failed (in plain words), 2 waits for approval or wrong usage."""
    from orchestration.console import run_plainly

    sys.exit(run_plainly(app, is_json="--json" in sys.argv))


@app.command()
def brand(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    customers: Annotated[int, typer.Option(min=1)] = 20_000,
    months: Annotated[int, typer.Option(min=1)] = 18,
    seed: int = 7,
    json: Json = False,
) -> None:
    """Make a simulated brand: raw tables, and the truth beside them."""
    from dataclasses import asdict

    from orchestration.demo import World, make_world

    out = _output(json)
    with out.progress() as progress:
        summary = make_world(directory, World(customers, months, seed), progress=progress)
    out.answer(asdict(summary), f"Brand of {customers:,} customers in {directory}.")


@app.command()
def land(
    directory: Directory = None,
    relation: Relation = None,
    register: Register = None,
    orders_export: Export = None,
    mapping: Mapping = None,
    json: Json = False,
) -> None:
    """Land files, an orders export or a loader's tables, and the ledger's facts."""
    from orchestration import answers, run
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    source = _source(directory, relation, register, orders_export, mapping)
    if source is None:
        raise ConfigurationError(
            "There is nothing to land.", remedy="Give DIR, --register or --orders-export."
        )
    settings, out = Settings.from_env(), _output(json)
    with out.progress() as progress:
        reports = run.land(settings, source, now=utc_now, progress=progress)
        run.check_border(settings, progress=progress)
    _answer(out, answers.landing(reports))


@app.command()
def build(
    select: Annotated[list[str] | None, typer.Option(help="dbt selector; may repeat.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh")] = False,
    json: Json = False,
) -> None:
    """Build and test the models."""
    from orchestration import answers, run
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    out = _output(json)
    with out.progress() as progress:
        result = run.build(
            DbtProject(Settings.from_env()), select, full_refresh=full_refresh, progress=progress
        )
    _answer(out, answers.build(result))


@app.command()
def publish(json: Json = False) -> None:
    """Publish the green build: snapshot, pointer, ids and suppressions to the ledger."""
    from orchestration import answers, run
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings = Settings.from_env()
    report = run.publish_build(settings, DbtProject(settings), now=utc_now)
    _answer(_output(json), answers.publication(report))


app.command()(deliver)
app.command()(drift)
app.command()(canary)
app.command()(optout)


@app.command(name="run")
def run_command(
    directory: Directory = None,
    relation: Relation = None,
    register: Register = None,
    orders_export: Export = None,
    mapping: Mapping = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Sign with the demo key; loopback hosts only.")
    ] = False,
    json: Json = False,
) -> None:
    """The day's work: land, build, publish, plan, deliver. Exit 2 waits for approval."""
    import time

    from orchestration import answers, run
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings, out = Settings.from_env(), _output(json)
    with out.progress() as progress:
        report = run.run_day(
            settings,
            DbtProject(settings),
            source=_source(directory, relation, register, orders_export, mapping),
            approve=approve,
            now=utc_now,
            sleep=time.sleep,
            progress=progress,
        )
    _answer(out, answers.run(report))
    raise typer.Exit(int(report.exit_code))


@app.command()
def status(json: Json = False) -> None:
    """What is published, planned and delivered. Opens no warehouse."""
    from orchestration import answers, run
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings = Settings.from_env()
    now = run.status(settings, DbtProject(settings), now=utc_now)
    _answer(_output(json), answers.status(now, utc_now().date()))


@app.command()
def sandbox(
    directory: Annotated[Path | None, typer.Option(help="Where it keeps its own record.")] = None,
    port: int = 8765,
    json: Json = False,
) -> None:
    """Serve every destination's wire format on loopback, until interrupted."""
    from orchestration.demo import sandbox_variables, serve_sandbox
    from orchestration.settings import Settings

    variables = sandbox_variables(port)
    _output(json).answer(variables, *(f"export {k}={v}" for k, v in variables.items()))
    serve_sandbox(Settings.from_env(), directory, port)


@score_app.command()
def identity(
    truth: Annotated[Path, typer.Argument(help="DIR/truth of the simulated brand.")],
    json: Json = False,
) -> None:
    """Customers found against true persons: precision and recall of pairs."""
    from dataclasses import asdict

    from orchestration.console import table
    from orchestration.scores.identity import score_identity
    from orchestration.settings import Settings

    score = asdict(score_identity(Settings.from_env(), truth))
    shown = [(name.replace("_", " "), _figure(value)) for name, value in score.items()]
    _output(json).answer(score, table("Identity", ("what", "figure"), shown))


@fit_app.command(name="identity")
def fit_identity(json: Json = False) -> None:
    """Score pairs of records that are probably one person; the next build reads them."""
    from orchestration import fitting
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings, out = Settings.from_env(), _output(json)
    project = DbtProject(settings)
    with out.progress() as progress:
        report = fitting.fit_identity(settings, project, now=utc_now, progress=progress)
    is_on = fitting.is_probabilistic(project)
    pairs = report.table("fits.identity_match").landed
    out.answer(
        {"pairs": pairs, "is_read_by_the_build": is_on},
        f"{pairs:,} pairs of records that may be one person.",
        "Read by the next build."
        if is_on
        else "No build reads them: set probabilistic_identity: true in dbt_project.yml.",
    )


@fit_app.command(name="lifetime")
def fit_lifetime(json: Json = False) -> None:
    """Fit repeat purchase and spend to what was last published; the next build scores with it."""
    from orchestration import fitting
    from orchestration.console import table
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings = Settings.from_env()
    fit, _ = fitting.fit_lifetime_values(settings, DbtProject(settings), now=utc_now)
    told = [
        (one.history_window, one.model_name, f"{one.repeater_count:,}", one.refusal or "taken")
        for one in fit.fits
    ]
    columns = ("window", "model", "bought again", "fit")
    _output(json).answer(
        {"fits": [dict(zip(columns, row, strict=True)) for row in told]},
        table("Lifetime value", columns, told),
    )


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1)] = 20_000,
    months: Annotated[int, typer.Option(min=1)] = 18,
    seed: int = 7,
    json: Json = False,
) -> None:
    """The main job end to end on a simulated brand, delivered to loopback sandboxes."""
    import time

    from orchestration.demo import World, run_demo
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    out = _output(json)
    with out.progress() as progress:
        report = run_demo(
            Settings.from_env(),
            World(customers=customers, months=months, seed=seed),
            now=utc_now,
            sleep=time.sleep,
            progress=progress,
        )
    _answer(out, report.answer)
    raise typer.Exit(int(report.exit_code))


@app.command()
def ui(port: int = 3000) -> None:
    """Open Dagster on loopback, with its schedules and sensor."""
    from orchestration.settings import Settings
    from orchestration.ui import open_ui

    open_ui(Settings.from_env(), port=port)


def _figure(value: float | None) -> str:
    if value is None:
        return "nothing to compare"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _output(is_json: bool) -> Output:
    from orchestration.console import Output

    return Output.choose(is_json)


def _answer(out: Output, answer: Answer) -> None:
    out.answer(answer.value, *answer.lines)


def _source(
    directory: Path | None,
    relation: str | None,
    register: Sequence[str] | None,
    orders_export: Path | None,
    mapping: Path | None,
) -> Source | None:
    from orchestration.run import Source

    pairs = [pair.partition("=") for pair in register or ()]
    registered = {source: schema for schema, _, source in pairs}
    if not all(schema and source for schema, _, source in pairs):
        raise ConfigurationError(
            "--register needs schema=source.", remedy="For example my_schema=web."
        )
    if not (directory or registered or orders_export or mapping):
        return None
    return Source(
        directory=directory,
        relation=relation,
        orders_export=orders_export,
        mapping=mapping,
        registered=registered,
    )
