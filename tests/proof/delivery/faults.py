"""Claims about schedules of faults, real kills, and the judges themselves."""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.faults.invariants import INVARIANTS
from tests.faults.killing import PAIRS, Kill, drawn_death, evening, kill_and_run_again
from tests.faults.mutants import judge_drawn
from tests.faults.simulation.runs import play_many
from tests.proof.harness import ROOT, Result, passed

PROCESSES = os.cpu_count() or 1
SEEDS_IN_ALL, KILLS_IN_ALL, MUTANTS = 10_000, 1_000, 300
PARTS = 5
KILLED_RATIO = 0.9
# What deliver to vendors' record: each of these must call all invariants.
FAULT_TESTS = ("test_simulation.py", "test_kills.py", "test_properties.py")
SURVIVORS = ROOT / "docs" / "proof" / "mutants.md"


def schedules(part: int) -> Callable[[bool], Result]:
    """One of ``PARTS`` ranges of seeds, so that an interrupted proof goes on after the last."""

    def measure(quick: bool) -> Result:
        count = 40 if quick else SEEDS_IN_ALL // PARTS
        played = list(play_many(part * count, count, PROCESSES))
        failed = [one for one in played if one.failure is not None]
        intents = sum(one.intent_count for one in played)
        writes = sum(one.write_count for one in played)
        unneeded = sum(one.unneeded_write_count for one in played)
        figure = (
            f"{len(played) - len(failed):,} of {len(played):,} schedules hold; {intents:,} approved"
            f" rows, {writes:,} writes, {unneeded} unneeded"
        )
        if failed:
            seeds = ", ".join(str(one.seed) for one in failed[:5])
            figure += f"; seeds {seeds} ({failed[0].failure})"[:200]
        return passed(not failed and unneeded == 0, figure, "all; 0 lost, 0 unneeded writes")

    return measure


def kills(pair: int) -> Callable[[bool], Result]:
    """Real SIGKILLs while one pair of deliveries is under way; nothing of the disk is relaxed."""

    def measure(quick: bool) -> Result:
        count = 8 if quick else KILLS_IN_ALL // len(PAIRS)
        parts = [range(start, count, PROCESSES) for start in range(PROCESSES)]
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            done = [kill for some in pool.map(_kills, [pair] * len(parts), parts) for kill in some]
        failed = [kill for kill in done if kill.failure is not None]
        killed = sum(kill.was_killed for kill in done)
        figure = f"{killed:,} deaths in {len(done):,} runs; {len(failed)} ended otherwise"
        if failed:
            figure += f": {failed[0].where} {failed[0].failure}"[:160]
        return passed(
            not failed and killed >= (1 if quick else count),
            figure,
            "as many deaths as runs are asked for; every promise kept, every day ends alike",
        )

    return measure


def _kills(pair: int, seeds: range) -> list[Kill]:
    """So many deaths: a seed whose point was passed alive is followed by another."""
    with tempfile.TemporaryDirectory(prefix="kills") as folder:
        prepared = evening(Path(folder), PAIRS[pair])
        done = []
        for seed in seeds:
            for again in range(20):
                death = drawn_death(seed + again * 1_000_000, prepared.seconds)
                kill = kill_and_run_again(prepared, Path(folder), death)
                done.append(kill)
                if kill.was_killed or kill.failure is not None:
                    break
        return done


def invariants(quick: bool) -> Result:
    """Sixteen functions, and every test with faults in it calls them all."""
    names = [invariant.__name__ for invariant in INVARIANTS]
    numbers = [int(name[1:].partition("_")[0]) for name in names]
    without = []
    for name in FAULT_TESTS:
        tree = ast.parse((ROOT / "tests" / "faults" / name).read_text(encoding="utf-8"))
        called = {
            node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        }
        if not called & {"check_all", "judge", "play", "kill_and_run_again"}:
            without.append(name)
    return passed(
        numbers == list(range(1, 17)) and not without,
        f"{len(names)} functions, called by {len(FAULT_TESTS) - len(without)} of"
        f" {len(FAULT_TESTS)} files of fault tests",
        "I1 to I16, all files",
    )


def mutants(quick: bool) -> Result:
    """Mutants of ledger, planner, guards, approval, gate and sender, drawn with seed 0."""
    verdicts = judge_drawn(4 if quick else MUTANTS, 0, PROCESSES)
    survivors = [verdict.mutant for verdict in verdicts if verdict.by is None]
    by_faults = sum(verdict.by in ("faults", "time") for verdict in verdicts)
    killed = len(verdicts) - len(survivors)
    if not quick:
        lines = "\n".join(f"- {mutant}" for mutant in sorted(survivors, key=str))
        SURVIVORS.write_text(f"# Mutants that no quick test noticed\n\n{lines}\n", encoding="utf-8")
    return passed(
        killed >= KILLED_RATIO * len(verdicts),
        f"{killed} of {len(verdicts)} noticed ({by_faults} by faults, the rest by units);"
        f" survivors by line in docs/proof/{SURVIVORS.name}",
        f"at least {KILLED_RATIO:.0%}",
    )
