"""The command that tests opting out: canary.

What lives here: its options, and what its answer says.
What never does: work; an address in an answer.
"""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def canary(json: Json = False) -> None:
    """Opt a person out who does not exist, and name every channel where she is not gone."""
    import time
    from dataclasses import asdict

    from orchestration import run
    from orchestration.activation.canary import BROKEN
    from orchestration.console import Output, table
    from orchestration.ledger import utc_now
    from orchestration.settings import CanarySettings, Settings

    settings, who = Settings.from_env(), CanarySettings.from_env()
    found = run.opt_out_canary(settings, who, now=utc_now, sleep=time.sleep)
    broken = [one for one in found if one.state == BROKEN]
    rows = [(one.destination, one.object, one.state, one.reason or "") for one in found]
    names = ", ".join(f"{one.destination} {one.object}" for one in broken)
    Output.choose(json).answer(
        {"channels": [asdict(one) for one in found], "broken_count": len(broken)},
        table("Opting out", ("destination", "object", "she is", "why"), rows),
        f"Broken: {names}. Until it is repaired, opt-outs do not reach it."
        if broken
        else "She is gone everywhere; 'accepted': the vendor lets nobody read it.",
    )
    if broken:
        raise typer.Exit(int(run.ExitCode.FAILED))
