"""Claims about what leaves: the vendors' own clients read our bodies, vectors read our macros.

What lives here: running those tests and counting what they say.
What never does: a payload or a vector.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.proof.harness import ROOT, Result, passed
from tests.support import SHARED_DATA

_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?)")


def vectors(_: bool) -> Result:
    """Every target row of the shared vectors, and no trap."""
    if not SHARED_DATA.exists():
        return Result("no vectors beside the project", "all target rows", "OPEN")
    files = sorted((ROOT / "tests").rglob("test_normalisation_vectors.py"))
    counts = _tests([sys.executable, "-m", "pytest", *map(str, files)])
    return _verdict(counts, "tests over every row hold")


def oracles(_: bool) -> Result:
    """In an environment of their own, made by ``make oracles``; a known-bad body is refused."""
    counts = _tests(["make", "oracles"])
    return _verdict(counts, "every body read whole, every known-bad one refused, none skipped")


def _verdict(counts: dict[str, int], bar: str) -> Result:
    figure = ", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "no tests"
    return passed(counts.keys() == {"passed"}, figure, bar)


def _tests(command: list[str]) -> dict[str, int]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts = {word: int(number) for number, word in _COUNTS.findall(done.stdout[-2_000:])}
    if done.returncode != 0:
        counts.setdefault("failed", 1)
    return counts
