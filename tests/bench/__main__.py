"""`python -m tests.bench`: connected components of SIZE edges (1M unless set) beside their anchors.

What lives here: the order of the runs, the bars, the table and docs/benchmarks.md.
What never does: a measurement (contenders.py).

Contenders take turns, one process each on a fresh copy of the graph: one warm-up, then three turns
whose median counts. Bars hold at 10M edges; there the command exits 1 where one falls short.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.graph import SEED
from tests.bench.page import PAGE, conditions, put

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}
BARRED = "10M"
TURNS = 3
MOST_BYTES = 2_000_000_000
Sample = dict[str, float]


@dataclass(frozen=True)
class Contender:
    """`on`: the run whose warehouse it starts from. `beside`: the run that its ratio is against."""

    name: str
    text: str
    on: str = ""
    beside: str = ""
    turns: int = TURNS


CONTENDERS = (
    Contender("limit", "limit: read the edges, write the nodes"),
    Contender("native", "native union-find (numba, own hash table)", beside="limit"),
    Contender("scipy", "scipy, ids numbered by sorting", beside="limit"),
    Contender("splink", "Splink's clustering", beside="limit"),
    Contender("full", "**full run**", beside="limit"),
    Contender("given", "**1 % new edges, given by the model**", "most", "full"),
    Contender("found", "1 % new edges, found by the run", "most", "full"),
    Contender("fewer", "0.1 % of edges removed, found by the run", "full", "full"),
    Contender("same", "nothing changed, found by the run", "full", "full"),
    Contender("text_limit", "text nodes: limit", turns=1),
    Contender("text_full", "text nodes: full run", beside="text_limit", turns=1),
    Contender("text_given", "text nodes: 1 % new edges, given", "text_most", "text_full", 1),
)


@dataclass(frozen=True)
class Bar:
    text: str
    value: float
    most: float
    shown: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.most


def run(name: str, warehouse: Path) -> Sample:
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench.contenders", name, str(warehouse)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    if result.returncode != 0 or not lines:
        raise SystemExit(f"{name} failed\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return json.loads(lines[-1].removeprefix("RESULT "))


def start(folder: Path, size: int) -> None:
    """The graph, and the warehouses that later runs start from."""
    graph = folder / "graph"
    subprocess.run(
        [sys.executable, "-m", "tests.bench.graph", str(graph), str(size)], cwd=ROOT, check=True
    )
    for name in sorted({contender.on for contender in CONTENDERS} - {""}):
        shutil.copy(graph, folder / name)
        run(name, folder / name)


def measure(folder: Path, console: Console) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in CONTENDERS}
    for turn in range(TURNS + 1):
        for contender in CONTENDERS:
            if turn > contender.turns or (turn == 0 and contender.turns == 1):
                continue
            copy = folder / "copy"
            shutil.copy(folder / (contender.on or "graph"), copy)
            sample = run(contender.name, copy)
            copy.unlink()
            console.print(f"turn {turn} {contender.name}: {sample['cpu']:.2f} CPU s", style="dim")
            if turn > 0:
                samples[contender.name].append(sample)
    return samples


def middle(samples: Mapping[str, Sequence[Sample]], name: str, figure: str) -> float:
    return median(sample[figure] for sample in samples[name])


def bars(samples: Mapping[str, Sequence[Sample]]) -> list[Bar]:
    cpu = {name: middle(samples, name, "cpu") for name in samples}
    peak = max(sample["rss"] for name in ("full", "given", "found") for sample in samples[name])
    truth = samples["native"][0]["partition"]
    wrong = sum(
        sample["partition"] != truth
        for name in ("full", "given", "found", "splink", "scipy") for sample in samples[name]
    )  # fmt: skip
    ratios = (
        ("full run beside the limit", "full", "limit", 6.0),
        ("full run beside native union-find", "full", "native", 3.0),
        ("full run beside Splink", "full", "splink", 1 / 2.5),
        ("1 % new edges, given, beside a full run", "given", "full", 0.08),
    )
    return [
        *(
            Bar(text, cpu[name] / cpu[other], most, f"{cpu[name] / cpu[other]:.3g}")
            for text, name, other, most in ratios
        ),
        Bar("peak memory in GB", peak / 1e9, MOST_BYTES / 1e9, f"{peak / 1e9:.2f}"),
        Bar("runs with another partition", wrong, 0, str(wrong)),
    ]


def rows(samples: Mapping[str, Sequence[Sample]]) -> list[tuple[str, ...]]:
    made = []
    for contender in CONTENDERS:
        cpu = middle(samples, contender.name, "cpu")
        ratio = cpu / middle(samples, contender.beside, "cpu") if contender.beside else 1.0
        values = sorted(sample["cpu"] for sample in samples[contender.name])
        made.append((
            contender.text, str(len(values)), f"{cpu:.2f}", f"{values[0]:.2f} to {values[-1]:.2f}",
            f"{middle(samples, contender.name, 'wall'):.2f}",
            f"{middle(samples, contender.name, 'rss') / 1e9:.2f}",
            f"{ratio:.3g} of {contender.beside.replace('_', ' ')}" if contender.beside else "",
        ))  # fmt: skip
    return made


def section(size: str, samples: Mapping[str, Sequence[Sample]], load: str) -> str:
    nodes, components, _ = samples["native"][0]["partition"]
    barred = size == BARRED
    return "\n".join([
        f"{SIZES[size]:,} edges at most, {nodes:,} nodes, {components:,} components. {load}", "",
        "| method | n | CPU s, median | CPU s, range | wall s | RSS GB | CPU ratio |",
        "|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows(samples)), "",
        "| bar | measured | at most | verdict |", "|---|---|---|---|",
        *(
            f"| {bar.text} | {bar.shown} | {bar.most:.3g} | {verdict(bar, barred)} |"
            for bar in bars(samples)
        ), "",
    ])  # fmt: skip


def verdict(bar: Bar, barred: bool) -> str:
    if not barred:
        return "reported"
    return "PASS" if bar.is_met else "FAIL"


CHAPTER = "Connected components"
HEAD = """Connected components as the materialization `connected_components` computes them, through
dbt, beside what else could do the job. CPU seconds of the statements (for dbt: of every call of its
cursor, without parsing), DuckDB files, two threads, a process for each run, one warm-up and then n
turns of all contenders one after another (text nodes: one turn). Other work on the machine moves
CPU seconds by a third and wall seconds by more; ratios of one run are what to read. The native
anchor keeps nothing that a later run could start from, and Splink is given its nodes. Bars hold at
10M edges, for integer nodes.
"""
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "splink", "numba", "scipy", "numpy")


def write_page(size: str, text: str) -> None:
    """The section of this size beside those of other sizes, as measured last."""
    head = f"{HEAD}\nSeed {SEED}, {conditions(PACKAGES)}"
    put(PAGE, CHAPTER, head, f"{size} edges", text)


def show(size: str, samples: Mapping[str, Sequence[Sample]], console: Console) -> None:
    table = Table(title=f"connected components, {size} edges")
    for column in ("method", "n", "CPU s", "range", "wall s", "RSS GB", "CPU ratio"):
        table.add_column(column)
    for row in rows(samples):
        table.add_row(*row)
    console.print(table)
    table = Table()
    for column in ("bar", "measured", "at most", "verdict"):
        table.add_column(column)
    for bar in bars(samples):
        table.add_row(bar.text, bar.shown, f"{bar.most:.3g}", verdict(bar, size == BARRED))
    console.print(table)


def main() -> int:
    size = os.environ.get("SIZE", "1M")
    console = Console(width=140)
    if size not in SIZES:
        console.print(f"SIZE={size} is none of {', '.join(SIZES)}.")
        return 2
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        start(Path(folder), SIZES[size])
        samples = measure(Path(folder), console)
    load = f"Load {before:.1f} before, {os.getloadavg()[0]:.1f} after."
    write_page(size, section(size, samples, load))
    show(size, samples, console)
    return int(size == BARRED and not all(bar.is_met for bar in bars(samples)))


if __name__ == "__main__":
    sys.exit(main())
