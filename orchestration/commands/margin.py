"""Commands of people who ask what an order earned: explain order.

What lives here: its options, and which room it calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class ClockName(StrEnum):
    """Which date an amount counts on."""

    COHORT = "cohort"
    EVENT = "event"


def explain_order(
    order: Annotated[
        str, typer.Argument(help="order_id (shop:id), or the shop's own id, name or number.")
    ],
    clock: Annotated[
        ClockName,
        typer.Option(help="cohort: all on the order's date; event: each on the day it happened."),
    ] = ClockName.COHORT,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """An order's margin line by line, each amount with its rule and its source row."""
    from orchestration.console import Output
    from orchestration.margin.explain import explain_order as explain
    from orchestration.margin.report import as_json, as_lines
    from orchestration.settings import Settings

    statement = explain(Settings.from_env(), order)
    lines = as_lines(statement, clock.value)
    Output.choose(json).answer(as_json(statement, clock.value), *lines)
