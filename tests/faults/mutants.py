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
from tests.faults.simulation.homes import fast_disk

# Seeds that between them reach most of the engine; found by trying.
FIRST_SEEDS, MORE_SEEDS = range(4), range(4, 24)
CPU_SECONDS_MAX, WALL_SECONDS_MAX = 120, 1_800
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


def judge(mutant: Mutant) -> Verdict:
    """Run the suite over a mutant in a fork of this process."""
    started = time.monotonic()
    folder = tempfile.mkdtemp(prefix="mutant", dir=fast_disk())
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            os.environ["SIMULATION_DISK"] = folder
            signal.alarm(WALL_SECONDS_MAX)
            # The processor's seconds decide: a busy machine must not count as a mutant noticed.
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX + 5))
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            code = _suite(mutant)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    by = {
        SURVIVED: None, KILLED_BY_UNITS: "units", -signal.SIGALRM: "time", -signal.SIGXCPU: "time",
    }.get(os.waitstatus_to_exitcode(status), "faults")  # fmt: skip
    return Verdict(mutant, by, time.monotonic() - started)


def _suite(mutant: Mutant) -> int:
    """Quickest killers first; stop at the first that notices."""
    name = mutant.file.removesuffix(".py").replace("/", ".")
    for module in [one for one in sys.modules if one.startswith(("orchestration", "tests."))]:
        if not module.startswith("tests.faults.mut"):
            del sys.modules[module]
    code = compile(mutated(mutant), str(ROOT / mutant.file), "exec")
    sys.meta_path.insert(0, _Changed(name, code))
    if not _seeds_hold(FIRST_SEEDS):
        return KILLED_BY_FAULTS
    room, file = mutant.file.split("/")[1:]
    own = ROOT / "tests" / "unit" / room / f"test_{file}"
    if own.exists() and not _units_hold([str(own)]):
        return KILLED_BY_UNITS
    scenes = [str(ROOT / "tests" / "faults" / "test_simulation.py"), "-k", "not seed"]
    if not _units_hold(scenes) or not _seeds_hold(MORE_SEEDS):
        return KILLED_BY_FAULTS
    units = [str(ROOT / "tests" / "unit" / name) for name in ("activation", "ledger")]
    return SURVIVED if _units_hold(units) else KILLED_BY_UNITS


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


def judge_some(mutants: Sequence[Mutant]) -> list[Verdict]:
    """Judge one after the other; each verdict is told at once, because hundreds take an hour."""
    warm()
    verdicts = []
    for mutant in mutants:
        verdicts.append(judge(mutant))
        told = verdicts[-1].by or "SURVIVED"
        print(f"{told} ({verdicts[-1].seconds:.0f} s): {mutant}", file=sys.stderr)  # noqa: T201
    return verdicts


def judge_drawn(count: int, seed: int, processes: int) -> list[Verdict]:
    """Draw mutants and run the suite over each."""
    mutants = drawn(count, seed)
    parts = [mutants[start :: processes * 8] for start in range(processes * 8)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [verdict for part in pool.map(judge_some, parts) for verdict in part]


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
