"""`python -m tests.bench.attribution`: sessions, credits and one more day beside a scan of EVENTS.

What lives here: the order of the runs, the bars, the table of docs/benchmarks.md.
What never does: a measurement (attribution_contenders.py).

EVENTS is 10M unless set; 100k, 1M and 100M are the others. Up to 1M events there is one warm-up,
then three turns whose median counts; beyond, one turn. From 10M on the command exits 1 where a bar
falls short.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.attribution_contenders import CONTENDERS
from tests.bench.margin import MOST_BYTES, Bar, contend, run
from tests.bench.margin_contenders import MEMORY_LIMIT
from tests.bench.page import PAGE, conditions, put

SIZES = {"100k": 100_000, "1M": 1_000_000, "10M": 10_000_000, "100M": 100_000_000}
DEFAULT, BARRED, TURNS = "10M", 10_000_000, 3
MOST_OF_SCAN, MOST_OF_FULL = 35, 0.15
CHAPTER = "Sessions and attribution"
TEXTS = {
    "scan": "scan of four columns of the landed events",
    "sessions": "**sessions**: events cut, their source, whose they were",
    "attribution": "**attribution**: touches, paths, eight models, credits, intervals",
    "day": "**one more day** of both, on what stands",
}
Samples = Mapping[str, Sequence[Mapping[str, float]]]


def measure(size: str, folder: Path, console: Console, turns: int) -> Samples:
    """Each turn on a copy: a build without the last day, the day, a scan, then all anew. A warm-up
    counts only where there is one turn."""
    web, home = folder / "web", folder / "copy"
    run("attribution_web", str(web), str(SIZES[size]))
    samples: dict[str, list[Mapping[str, float]]] = {name: [] for name in CONTENDERS}
    for turn in range(turns):
        last = turn == turns - 1
        if last:
            shutil.move(web, home)
        else:
            shutil.copytree(web, home)
        for name in CONTENDERS:
            sample = contend("attribution_contenders", name, home)
            console.print(f"{size} turn {turn} {name}: {sample['cpu']:.1f} CPU s", style="dim")
            if turn > 0 or last:
                samples[name].append(sample)
        shutil.rmtree(home)
    return samples


def middle(samples: Samples, name: str, figure: str) -> float:
    return median(sample[figure] for sample in samples[name])


def bars(samples: Samples) -> list[Bar]:
    cpu = {name: middle(samples, name, "cpu") for name in samples}
    peak = max(sample["rss"] for name in samples for sample in samples[name])
    unlike = sum(
        day["digest"] != anew["digest"]
        for day, anew in zip(samples["day"], samples["attribution"], strict=True)
    )
    return [
        Bar("sessions beside the scan", cpu["sessions"] / cpu["scan"], MOST_OF_SCAN),
        Bar("one more day beside all anew", cpu["day"] / (cpu["sessions"] + cpu["attribution"]),
            MOST_OF_FULL),
        Bar("peak memory in GB", peak / 1e9, MOST_BYTES / 1e9),
        Bar("days that left other rows than a build anew", unlike, 0),
    ]  # fmt: skip


COLUMNS = ("part", "n", "CPU s, median", "CPU s, range", "wall s", "RSS GB", "of scan")


def rows(samples: Samples) -> list[tuple[str, ...]]:
    made = []
    for name, text in TEXTS.items():
        cpu = [sample["cpu"] for sample in samples[name]]
        made.append((
            text, str(len(cpu)), f"{median(cpu):.2f}", f"{min(cpu):.2f} to {max(cpu):.2f}",
            f"{middle(samples, name, 'wall'):.2f}", f"{middle(samples, name, 'rss') / 1e9:.2f}",
            f"{median(cpu) / middle(samples, 'scan', 'cpu'):.3g}",
        ))  # fmt: skip
    return made


def section(samples: Samples, found: Sequence[Bar], barred: bool, load: str) -> str:
    before, after = samples["start"][0], samples["attribution"][0]
    return "\n".join([
        f"{after['events']:,.0f} events, {after['sessions']:,.0f} sessions, {after['orders']:,.0f}"
        f" orders; the last day, with what came late, has {after['events'] - before['events']:,.0f}"
        f" of the events. {load}", "",
        f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(row)} |" for row in rows(samples)), "",
        "| bar | measured | at most | verdict |", "|---|---|---|---|",
        *(
            f"| {bar.text} | {bar.value:.3g} | {bar.most:.3g}"
            f" | {bar.verdict if barred else 'reported'} |"
            for bar in found
        ), "",
    ])  # fmt: skip


HEAD = f"""What it costs to make sessions and credits of landed storefront events: CPU seconds of
the statements through dbt (every call of its cursor, without parsing or tests), one model at a
time, DuckDB with two threads and a memory limit of {MEMORY_LIMIT}, a process for each part.
`sessions` is `fct_sessions` and what lies before it, from the landed table with all its columns;
`attribution` is the rest of the shelf, with 200 replicates. 30 days are drawn: 5.7 events a visit,
some browsers often and most once or twice, a third of them of somebody known, evenings that run
past midnight, at most one visit of 40 with an order, one event of 200 late. Whose browser and order
it is, and what people object to, is drawn too: identity, consent and commerce are not in it. Other
work on the machine moves CPU seconds by a third. Bars hold from 10M events:
`make bench-attribution EVENTS=10M,100M`.
"""


def show(size: str, samples: Samples, found: Sequence[Bar], console: Console) -> None:
    table = Table(*COLUMNS, title=f"sessions and attribution of {size} events")
    for row in rows(samples):
        table.add_row(*row)
    console.print(table)
    table = Table("bar", "measured", "at most", "verdict")
    for bar in found:
        table.add_row(bar.text, f"{bar.value:.3g}", f"{bar.most:.3g}", bar.verdict)
    console.print(table)


def main() -> int:
    sizes = os.environ.get("EVENTS", DEFAULT).split(",")
    console = Console(width=150)
    if unknown := [size for size in sizes if size not in SIZES]:
        console.print(f"EVENTS={','.join(unknown)} is none of {', '.join(SIZES)}.")
        return 2
    failed = False
    for size in sizes:
        before = os.getloadavg()[0]
        barred = SIZES[size] >= BARRED
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            samples = measure(size, Path(folder), console, 1 if barred else TURNS + 1)
        load = f"Load {before:.1f} before, {os.getloadavg()[0]:.1f} after."
        found = bars(samples)
        failed |= barred and any(bar.verdict == "FAIL" for bar in found)
        head = f"{HEAD}\n{conditions(('duckdb', 'dbt-core', 'dbt-duckdb'))}"
        put(PAGE, CHAPTER, head, f"{size} events", section(samples, found, barred, load))
        show(size, samples, found, console)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
