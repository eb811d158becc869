"""What the benchmarks of whole shelves share: parts in processes of their own, bars, tables.

What lives here: running a part and reading what it came to, the rows of a table, putting a size on
the page and on the screen.
What never does: a part, a bar, what is written of them (margin.py, attribution.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.margin_contenders import ROOT
from tests.bench.page import PAGE, conditions, put

MOST_BYTES = 6_000_000_000
COLUMNS = ("part", "n", "CPU s, median", "CPU s, range", "wall s", "RSS GB")
BAR_COLUMNS = ("bar", "measured", "at most", "verdict")
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb")
Sample = dict[str, Any]
Samples = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class Bar:
    text: str
    value: float
    most: float

    @property
    def verdict(self) -> str:
        return "PASS" if self.value <= self.most else "FAIL"


@dataclass(frozen=True)
class Chapter:
    """A chapter of docs/benchmarks.md: its head, the texts of its parts in order, and beside which
    of them all are held."""

    name: str
    head: str
    texts: Mapping[str, str]
    beside: Sequence[str]

    def publish(
        self, size: str, samples: Samples, found: Sequence[Bar], begin: str, end: Sequence[str],
        barred: bool, console: Console,
    ) -> None:
        """A size's section: what was measured, the bars, and ``end``; and both on the screen."""
        columns = (*COLUMNS, *(f"of {name}" for name in self.beside))
        rows = [self._row(name, samples) for name in self.texts]
        bars = [(one.text, f"{one.value:.3g}", f"{one.most:.3g}", one.verdict) for one in found]
        told = [row if barred else (*row[:-1], "reported") for row in bars]
        text = [begin, "", *as_lines(columns, rows), "", *as_lines(BAR_COLUMNS, told), "", *end, ""]
        head = f"{self.head}\n{conditions(PACKAGES)}"
        put(PAGE, self.name, head, size, "\n".join(text))
        for names, some in ((columns, rows), (BAR_COLUMNS, bars)):
            table = Table(*names, title=f"{self.name}, {size}")
            for row in some:
                table.add_row(*row)
            console.print(table)

    def _row(self, name: str, samples: Samples) -> tuple[str, ...]:
        cpu = [sample["cpu"] for sample in samples[name]]
        return (
            self.texts[name], str(len(cpu)), f"{median(cpu):.2f}",
            f"{min(cpu):.2f} to {max(cpu):.2f}", f"{middle(samples, name, 'wall'):.2f}",
            f"{middle(samples, name, 'rss') / 1e9:.2f}",
            *(f"{median(cpu) / middle(samples, other, 'cpu'):.3g}" for other in self.beside),
        )  # fmt: skip


def as_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of Markdown."""
    return [
        f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]  # fmt: skip


def asked_sizes(variable: str, default: str, sizes: Collection[str]) -> list[str]:
    """The sizes that the environment asks for; ends the command where it knows one of them not."""
    asked = os.environ.get(variable, default).split(",")
    if unknown := [size for size in asked if size not in sizes]:
        raise SystemExit(f"{variable}={','.join(unknown)} is none of {', '.join(sizes)}.")
    return asked


def run(module: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        said = f"{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
        raise SystemExit(f"{module} {' '.join(arguments)} failed\n{said}")
    return result.stdout


def contend(module: str, name: str, home: Path) -> Sample:
    """One part on a home, in a process of its own: what it says of itself."""
    lines = run(module, name, str(home)).splitlines()
    sample: Sample = json.loads(next(
        line.removeprefix("RESULT ") for line in reversed(lines) if line.startswith("RESULT ")
    ))  # fmt: skip
    return sample


def middle(samples: Samples, name: str, figure: str) -> float:
    return float(median(sample[figure] for sample in samples[name]))
