"""Commands around a plan: plan, its dry run, show, cancel.

What lives here: their options, and which room each one calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from typing import Annotated

import typer

plan_app = typer.Typer(
    help="Compute what each destination lacks, and seal it under a hash.",
    invoke_without_command=True,
)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Hash = Annotated[str, typer.Argument(help="The plan's hash, or its first 8 characters.")]
Actor = Annotated[str | None, typer.Option(help="Who says so; by default who is logged in.")]


@plan_app.callback()
def plan(
    context: typer.Context,
    model: Annotated[list[str] | None, typer.Option(help="sync_ model; all if none.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what a plan would hold; seal nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Compute what each destination lacks, and seal it under a hash."""
    if context.invoked_subcommand is not None:
        return
    from orchestration import answers, run
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings = Settings.from_env()
    project = DbtProject(settings)
    if dry_run:
        from orchestration.activation import desk
        from orchestration.activation.report import as_json, as_lines
        from orchestration.checks.leaving_border import LeavingBorder

        specs = run.chosen_specs(settings, project, model or ())
        views = desk.preview(settings, specs, now=utc_now, border=LeavingBorder(settings))
        lines = [line for view in views for line in as_lines(view)]
        lines.append("A dry run: nothing was sealed, landed or sent.")
        Output.choose(json).answer({"plans": [as_json(view) for view in views]}, *lines)
        return
    run.land(settings, None, now=utc_now)
    made = run.plan(settings, project, model or (), now=utc_now)
    skipped = () if model else run.skipped_deliveries(settings, project)
    answer = answers.planning([one.seal for one in made], skipped)
    Output.choose(json).answer(answer.value, *answer.lines)


@plan_app.command()
def show(plan: Hash, json: Json = False) -> None:
    """One sealed plan: counts, cost, match forecast, reasons, masked samples. No warehouse."""
    from orchestration.activation import desk
    from orchestration.activation.report import as_json, as_lines
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    view = desk.show(Settings.from_env(), plan, now=utc_now)
    Output.choose(json).answer(as_json(view), *as_lines(view))


@plan_app.command()
def cancel(
    plan: Hash,
    reason: Annotated[str, typer.Option(help="Why; it stands in the ledger.")],
    actor: Actor = None,
    json: Json = False,
) -> None:
    """Take back a plan that was not started."""
    from orchestration.activation import desk
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    taken = desk.cancel(Settings.from_env(), plan, actor=actor, reason=reason, now=utc_now)
    Output.choose(json).answer(
        {"plan_hash": taken.plan_hash, "state": taken.state, "reason": taken.reason},
        f"{taken.plan_hash[:12]} {taken.reason}",
    )
