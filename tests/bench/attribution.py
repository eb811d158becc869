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
from pathlib import Path

from rich.console import Console

from tests.bench.attribution_contenders import CONTENDERS
from tests.bench.margin_contenders import MEMORY_LIMIT
from tests.bench.parts import (
    MOST_BYTES,
    Bar,
    Chapter,
    Sample,
    Samples,
    asked_sizes,
    contend,
    middle,
    run,
)

SIZES = {"100k": 100_000, "1M": 1_000_000, "10M": 10_000_000, "100M": 100_000_000}
DEFAULT, BARRED, TURNS = "10M", 10_000_000, 3
MOST_OF_SCAN, MOST_OF_FULL = 35, 0.15
TEXTS = {
    "scan": "scan of four columns of the landed events",
    "sessions": "**sessions**: events cut, their source, whose they were",
    "attribution": "**attribution**: touches, paths, eight models, credits, intervals",
    "day": "**one more day** of both, on what stands",
}


def measure(size: str, folder: Path, console: Console, turns: int) -> Samples:
    """Each turn on a copy: a build without the last day, the day, a scan, then all anew. A warm-up
    counts only where there is one turn."""
    web, home = folder / "web", folder / "copy"
    run("attribution_web", str(web), str(SIZES[size]))
    samples: dict[str, list[Sample]] = {name: [] for name in CONTENDERS}
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


CHAPTER = Chapter("Sessions and attribution", HEAD, TEXTS, ("scan",))


def main() -> int:
    console = Console(width=150)
    failed = False
    for size in asked_sizes("EVENTS", DEFAULT, SIZES):
        load, barred = os.getloadavg()[0], SIZES[size] >= BARRED
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            samples = measure(size, Path(folder), console, 1 if barred else TURNS + 1)
        found = bars(samples)
        failed |= barred and any(bar.verdict == "FAIL" for bar in found)
        before, after = samples["start"][0], samples["attribution"][0]
        begin = (
            f"{after['events']:,.0f} events, {after['sessions']:,.0f} sessions,"
            f" {after['orders']:,.0f} orders; the last day, with what came late, has"
            f" {after['events'] - before['events']:,.0f} of the events. Load {load:.1f} before,"
            f" {os.getloadavg()[0]:.1f} after."
        )
        CHAPTER.publish(f"{size} events", samples, found, begin, (), barred, console)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
