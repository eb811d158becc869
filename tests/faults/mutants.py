"""Does the quick suite notice a fault in our own code? ``python -m tests.faults.mutants COUNT``.

What lives here: the suite in the order of how fast it notices, a fork with one changed module.
What never does: changing a file; the change lives in the fork's memory only.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import CodeType, ModuleType

from tests.faults.mutation import ROOT, Mutant, drawn, mutated
from tests.faults.reach import LEFT_OUT, SEEDS, SUITE, Reach, Test, reached, trace
from tests.faults.simulation.homes import fast_disk

# So many seeds are asked before the units, the others after them.
FIRST_SEEDS = 2
CPU_SECONDS_MAX, WALL_SECONDS_MAX = 120, 1_800
# A mutant that takes so many times what its tests take without it does not end.
PATIENCE, STARTING_SECONDS = 5, 15
# A child's verdict.
SURVIVED, KILLED_BY_FAULTS, KILLED_BY_UNITS, BROKEN = 0, 11, 12, 13


@dataclass(frozen=True)
class Verdict:
    """``by``: what noticed the mutant (faults, units, time), or None: it survived."""

    mutant: Mutant
    by: str | None
    seconds: float


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module its changed code; all others come from their files."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self._code.co_filename))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._code.co_filename
        exec(self._code, module.__dict__)


def judge(mutant: Mutant, reach: Reach | None = None) -> Verdict:
    """Run over a mutant the tests that reach it, in a fork of this process: all of them without
    ``reach``."""
    tests = None if reach is None else reached(mutant, reach)
    cpu_seconds = CPU_SECONDS_MAX
    if tests is not None:
        expected = STARTING_SECONDS + PATIENCE * sum(test.seconds for test in tests)
        cpu_seconds = min(CPU_SECONDS_MAX, int(expected))
    started = time.monotonic()
    folder = tempfile.mkdtemp(prefix="mutant", dir=fast_disk())
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            os.environ["SIMULATION_DISK"] = folder
            signal.alarm(WALL_SECONDS_MAX)
            # The processor's seconds decide: a busy machine must not count as a mutant noticed.
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            code = _suite(mutant, tests)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    by = {
        SURVIVED: None, KILLED_BY_UNITS: "units", -signal.SIGALRM: "time", -signal.SIGXCPU: "time",
    }.get(os.waitstatus_to_exitcode(status), "faults")  # fmt: skip
    return Verdict(mutant, by, time.monotonic() - started)


def _suite(mutant: Mutant, tests: Sequence[Test] | None) -> int:
    """Quickest killers first; stop at the first that notices."""
    name = mutant.file.removesuffix(".py").replace("/", ".")
    for module in [one for one in sys.modules if one.startswith(("orchestration", "tests."))]:
        if not module.startswith("tests.faults.mut"):
            del sys.modules[module]
    code = compile(mutated(mutant), str(ROOT / mutant.file), "exec")
    sys.meta_path.insert(0, _Changed(name, code))
    if tests is None:
        return _whole_suite()
    seeds = [test.seed for test in tests if test.seed is not None]
    units = [test.name for test in tests if test.seed is None]
    if not _seeds_hold(seeds[:FIRST_SEEDS]):
        return KILLED_BY_FAULTS
    if units and not _units_hold([str(ROOT / unit) for unit in units]):
        return KILLED_BY_UNITS
    return SURVIVED if _seeds_hold(seeds[FIRST_SEEDS:]) else KILLED_BY_FAULTS


def _whole_suite() -> int:
    if not _seeds_hold(SEEDS[:FIRST_SEEDS]):
        return KILLED_BY_FAULTS
    if not _units_hold(["-k", f"not {LEFT_OUT}", *(str(ROOT / part) for part in SUITE)]):
        return KILLED_BY_UNITS
    return SURVIVED if _seeds_hold(SEEDS[FIRST_SEEDS:]) else KILLED_BY_FAULTS


def _seeds_hold(seeds: Sequence[int]) -> bool:
    try:
        from tests.faults.simulation.runs import play

        for seed in seeds:
            play(seed)
    except Exception:
        return False
    return True


def _units_hold(arguments: Sequence[str]) -> bool:
    import pytest

    # On a disk that forgets: what a dead process leaves is no question of these tests.
    with tempfile.TemporaryDirectory(prefix="units", dir=fast_disk()) as folder:
        own = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={folder}/t"]
        return pytest.main([*own, *arguments]) == 0


def warm() -> None:
    """Import once what every fork needs, and use none of it: no thread may be left behind."""
    import hypothesis  # noqa: F401
    import pandas  # noqa: F401
    import pytest  # noqa: F401

    import tests.faults.simulation.runs  # noqa: F401


def judge_some(mutants: Sequence[Mutant], reach: Reach) -> list[Verdict]:
    """Judge one after the other; each verdict is told at once, because hundreds take an hour."""
    warm()
    verdicts = []
    for mutant in mutants:
        verdicts.append(judge(mutant, reach))
        told = verdicts[-1].by or "SURVIVED"
        print(f"{told} ({verdicts[-1].seconds:.0f} s): {mutant}", file=sys.stderr)  # noqa: T201
    return verdicts


def judge_drawn(count: int, seed: int, processes: int) -> list[Verdict]:
    """Draw mutants and run over each the tests that reach it."""
    mutants = drawn(count, seed)
    reach = trace(processes)
    parts = [mutants[start :: processes * 8] for start in range(processes * 8)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        judged = pool.map(judge_some, parts, [reach] * len(parts))
        return [verdict for part in judged for verdict in part]


def main(count: int) -> int:
    verdicts = judge_drawn(count, 0, os.cpu_count() or 1)
    for verdict in verdicts:
        if verdict.by is None:
            print(f"survived: {verdict.mutant}")  # noqa: T201
    killed = sum(verdict.by is not None for verdict in verdicts)
    print(f"{killed} of {len(verdicts)} noticed")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
