"""Which quick tests run which line of the engine, and how long each takes.

What lives here: one traced run of the quick suite; the tests of a mutant's statement, fastest
first.
What never does: a verdict (``mutants.py``).

A test that does not run a changed line cannot notice the change, so only those that do are asked.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path

import coverage
import pytest

from tests.faults.mutation import MODULES, ROOT, Mutant

SEEDS = range(24)
SUITE = (
    "tests/unit/activation", "tests/unit/ledger", "tests/faults/test_simulation.py",
)  # fmt: skip
# Of the processor, for all tests of one mutant.
SECONDS_MAX = 45
# Plays the seeds that are asked one by one.
LEFT_OUT = "test_every_invariant_holds_on_these_seeds"


@dataclass(frozen=True)
class Test:
    """One seed of the simulation, or one test function; ``seconds`` of the processor."""

    name: str
    seconds: float

    @property
    def seed(self) -> int | None:
        return int(self.name.removeprefix("seed:")) if self.name.startswith("seed:") else None


Reach = Mapping[str, Mapping[int, Sequence[Test]]]


def reached(mutant: Mutant, reach: Reach) -> list[Test] | None:
    """Tests that run the statement of a mutant, fastest first, as many as ``SECONDS_MAX`` allow: a
    test left out can only let a mutant live. None: it runs at import, so that any test may see it.
    """
    around = [
        node
        for node in ast.walk(ast.parse((ROOT / mutant.file).read_text(encoding="utf-8")))
        if isinstance(node, ast.stmt)
        and node.lineno <= mutant.line <= (node.end_lineno or node.lineno)
    ]
    if not any(isinstance(node, ast.FunctionDef) for node in around):
        return None
    smallest = min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno)
    lines = reach.get(mutant.file, {})
    own = range(smallest.lineno, (smallest.end_lineno or smallest.lineno) + 1)
    # Threads of DuckDB pull rows out of generators and are not traced: then the file's tests stand.
    tests = {test for line in own for test in lines.get(line, ())} or {
        test for some in lines.values() for test in some
    }
    ordered = sorted(tests, key=lambda test: test.seconds)
    sums = accumulate(test.seconds for test in ordered)
    return [test for test, spent in zip(ordered, sums, strict=True) if spent <= SECONDS_MAX]


def trace(processes: int) -> Reach:
    """Run the quick suite once, traced, in processes of its own."""
    parts: list[str] = [*SUITE, "seeds"]
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        merged: dict[str, dict[int, list[Test]]] = {}
        for part in pool.map(_traced, parts):
            for file, lines in part.items():
                for line, tests in lines.items():
                    merged.setdefault(file, {}).setdefault(line, []).extend(tests)
    return merged


def _traced(part: str) -> dict[str, dict[int, list[Test]]]:
    recorder = coverage.Coverage(
        data_file=None, include=[str(ROOT / file) for file in MODULES], messages=False
    )
    recorder.start()
    seconds: dict[str, float] = {}
    if part == "seeds":
        _play(recorder, seconds)
    else:
        if pytest.main(
            ["-q", "-p", "no:cacheprovider", "-k", f"not {LEFT_OUT}", str(ROOT / part)],
            plugins=[_Plugin(recorder, seconds)],
        ) != pytest.ExitCode.OK:
            raise RuntimeError(f"{part} does not pass as it is: mend it before it judges mutants.")
    recorder.stop()
    return _by_line(recorder.get_data(), seconds)


def _play(recorder: coverage.Coverage, seconds: dict[str, float]) -> None:
    from tests.faults.simulation.runs import play

    for seed in SEEDS:
        recorder.switch_context(f"seed:{seed}")
        started = time.process_time()
        play(seed)
        seconds[f"seed:{seed}"] = time.process_time() - started


class _Plugin:
    def __init__(self, recorder: coverage.Coverage, seconds: dict[str, float]) -> None:
        self._recorder = recorder
        self._seconds = seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        # All cases of a function are one: a test is asked by its function's name.
        name = item.nodeid.partition("[")[0]
        self._recorder.switch_context(name)
        started = time.process_time()
        result = yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.process_time() - started
        return result


def _by_line(
    data: coverage.CoverageData, seconds: Mapping[str, float]
) -> dict[str, dict[int, list[Test]]]:
    return {
        str(Path(file).relative_to(ROOT)): {
            line: [Test(name, seconds[name]) for name in names if name in seconds]
            for line, names in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
