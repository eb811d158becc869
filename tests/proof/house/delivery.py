"""Claims about the day's run and what reaches the destinations."""

from __future__ import annotations

import json
from pathlib import Path

from tests.proof.harness import Result, passed
from tests.proof.house.world import brand, sandbox, scratch, truth
from tests.support import succeed, tributary


def exit_codes(quick: bool) -> Result:
    """2 while a person has not approved, 0 when all is delivered, 1 when a step fails."""
    home = scratch() / "codes"
    files = brand(600 if quick else 2000)
    with sandbox(scratch() / "codes-sandbox") as (_, extra):
        codes = [
            tributary(home, "run", str(files), extra=extra).returncode,
            tributary(home, "run", "--approve", extra=extra).returncode,
            tributary(home, "run", str(_empty(home)), extra=extra).returncode,
        ]
    return passed(codes == [2, 0, 1], ", ".join(map(str, codes)), "2, 0, 1")


def _empty(home: Path) -> Path:
    folder = home / "nothing-here"
    folder.mkdir()
    return folder


def second_run_is_quiet(quick: bool) -> Result:
    """The same day again: empty plans, and not one write at the sandbox."""
    home = scratch() / "quiet"
    files = brand(600 if quick else 20000)
    with sandbox(scratch() / "quiet-sandbox") as (base, extra):
        succeed(tributary(home, "run", str(files), "--approve", extra=extra))
        first = truth(base)["writes"]
        again = succeed(tributary(home, "run", str(files), "--approve", "--json", extra=extra))
        writes = truth(base)["writes"] - first
    plans = json.loads(again.stdout)["plans"]
    rows = sum(plan["adds"] + plan["updates"] + plan["removals"] for plan in plans)
    return passed(
        first > 0 and writes == 0 and rows == 0,
        f"{len(plans)} plans with {rows} rows, {writes} writes after {first}",
        "0 rows, 0 writes",
    )
