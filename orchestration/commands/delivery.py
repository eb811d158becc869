"""Commands of people who send: deliver and drift.

What lives here: their options, and which room each one calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def deliver(
    retry_dead: Annotated[
        bool,
        typer.Option(
            "--retry-dead",
            help="Let the next plan take up every rejected row again; sends nothing itself.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Send what opted out and what is approved; a receipt for every row."""
    import time

    from orchestration import answers, run
    from orchestration.console import Output
    from orchestration.ledger import delivered, open_ledger, utc_now
    from orchestration.settings import Settings

    out, settings = Output.choose(json), Settings.from_env()
    if retry_dead:
        with open_ledger(settings) as ledger, ledger.transaction() as connection:
            due = delivered.make_rejected_due(connection, utc_now())
        out.answer(
            {"due_count": due},
            f"{due} rejected rows are due again. Run: tributary plan, then approve what it holds.",
        )
        return
    with out.progress() as progress:
        report = run.deliver_all(settings, now=utc_now, sleep=time.sleep, progress=progress)
    answer = answers.delivery(report)
    out.answer(answer.value, *answer.lines)
    if report.has_failed:
        raise typer.Exit(int(run.ExitCode.FAILED))


def drift(json: Json = False) -> None:
    """Hold what the vendors list against what was delivered to them."""
    import time
    from dataclasses import asdict

    from orchestration import run
    from orchestration.console import Output, table
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    found = run.read_back_all(Settings.from_env(), now=utc_now, sleep=time.sleep)
    columns = ("destination", "object", "listed", "ours", "missing", "back again", "of others")
    rows = [tuple(asdict(one).values()) for one in found]
    out = Output.choose(json)
    note = "Missing members come back with the next plan; who opted out and is back leaves again."
    out.answer(
        {"objects": [asdict(one) for one in found]},
        table("Read back", columns, rows),
        note if found else "No destination lists its members.",
    )
