"""Claims about the day's run and what reaches the destinations."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from tests.proof.harness import Result, passed
from tests.proof.house.world import brand, sandbox, scratch, truth
from tests.support import succeed, tributary


@lru_cache(maxsize=1)
def _three_days(quick: bool) -> dict[str, int]:
    """A day that nobody approves, the same day approved, the same again, and one that fails."""
    home = scratch() / "days"
    files = str(brand(600 if quick else 2000))
    with sandbox(scratch() / "days-sandbox") as (base, extra):
        waiting = tributary(home, "run", files, extra=extra)
        before = truth(base)["writes"]
        succeed(tributary(home, "run", "--approve", extra=extra))
        written = truth(base)["writes"]
        again = tributary(home, "run", files, "--json", extra=extra)
        failed = tributary(home, "run", str(_empty(home)), extra=extra)
        plans = json.loads(again.stdout)["plans"]["plans"]
        return {
            "waiting": waiting.returncode,
            "done": again.returncode,
            "failed": failed.returncode,
            "writes unapproved": before,
            "writes": written - before,
            "writes again": truth(base)["writes"] - written,
            "plans": len(plans),
            "rows again": sum(
                plan[change] for plan in plans for change in ("add", "update", "remove")
            ),
        }


def _empty(home: Path) -> Path:
    folder = home / "nothing-here"
    folder.mkdir()
    return folder


def exit_codes(quick: bool) -> Result:
    """2 while a person has not approved, 0 when all is delivered, 1 when a step fails."""
    day = _three_days(quick)
    codes = day["waiting"], day["done"], day["failed"]
    return passed(
        codes == (2, 0, 1) and day["writes unapproved"] == 0,
        f"{', '.join(map(str, codes))}; {day['writes unapproved']} writes before approval",
        "2, 0, 1; nothing sent before approval",
    )


def second_run_is_quiet(quick: bool) -> Result:
    """The same day again: empty plans, and not one write at the sandbox."""
    day = _three_days(quick)
    return passed(
        day["writes"] > 0 and day["writes again"] == 0 and day["rows again"] == 0,
        f"{day['plans']} plans with {day['rows again']} rows, {day['writes again']} writes"
        f" after {day['writes']}",
        "0 rows, 0 writes",
    )
