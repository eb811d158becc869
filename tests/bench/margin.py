"""`python -m tests.bench.margin`: the margin build of ORDERS orders beside a scan and a plain sum.

What lives here: the order of the runs, the bars, the table of docs/benchmarks.md.
What never does: a measurement (margin_contenders.py).

ORDERS is 200k,1M unless set. The bars hold between 1M and 5M orders, which ORDERS=1M,5M measures;
there the command exits 1 where one falls short. The parts take turns: one warm-up, then three turns
whose median counts. At 5M margin has one turn, and what lies before it a warm-up and one.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from tests.bench.margin_contenders import MEMORY_LIMIT, MODEL
from tests.bench.parts import (
    MOST_BYTES,
    Bar,
    Chapter,
    Sample,
    Samples,
    as_lines,
    asked_sizes,
    contend,
    middle,
    run,
)

SIZES = {"20k": 20_000, "200k": 200_000, "1M": 1_000_000, "5M": 5_000_000}
DEFAULT, SMALLER, BARRED = "200k,1M", "1M", "5M"
TURNS = 3
# Margin takes a quarter of an hour: one turn. The rest warms up and counts once.
TURNS_OF_BARRED = {"scan": 2, "sum": 2, "commerce": 2, "margin": 1}
# CPU seconds of one run and another differ by this much on the same input.
NOISE = 1.1
COSTLIEST = 8
# Each starts from what the ones before it left, on a copy of its own.
TEXTS = {
    "scan": "scan of the columns that the models name",
    "sum": "plain sum of gross sales by day and currency",
    "commerce": "orders, lines, refunds of commerce",
    "margin": "**margin**: costs, allocation, attribution of spend, every mart, reconciliation",
}


def measure(
    size: str, folder: Path, console: Console, turns: Mapping[str, int]
) -> dict[str, list[Sample]]:
    """Every part in turn, each on a copy: margin on what commerce left. A warm-up counts only where
    it is the only turn.

    Args:
        turns: of each part, margin no more than commerce.
    """
    shop, built = folder / f"shop-{size}", folder / f"built-{size}"
    run("margin_shop", str(shop), str(SIZES[size]))
    samples: dict[str, list[Sample]] = {name: [] for name in TEXTS}
    most = max(turns.values())
    for turn in range(most):
        last = turn == most - 1
        for name in TEXTS:
            # Who has fewer turns has the last ones.
            first = most - turns[name]
            if turn < first:
                continue
            home = built if name == "margin" else folder / "copy"
            if name != "margin":
                _copy(shop, home, move=last and name == "commerce")
            sample = contend("margin_contenders", name, home)
            console.print(f"{size} turn {turn} {name}: {sample['cpu']:.1f} CPU s", style="dim")
            if turn > first or last:
                samples[name].append(sample)
            if name == "commerce" and turn >= most - turns["margin"]:
                shutil.move(home, built)
            else:
                shutil.rmtree(home)
    return samples


def _copy(source: Path, target: Path, move: bool) -> None:
    if move:
        shutil.move(source, target)
    else:
        shutil.copytree(source, target)


def bars(samples: Samples, smaller: Samples | None) -> list[Bar]:
    parts = [sample for name in ("commerce", "margin") for sample in samples[name]]
    found = [
        Bar("peak memory in GB", max(part["rss"] for part in parts) / 1e9, MOST_BYTES / 1e9),
        Bar("largest difference of a reconciliation", middle(samples, "margin", "difference"), 0),
    ]
    if smaller is None:
        return found
    growth = [
        middle(samples, name, "cpu") / middle(smaller, name, "cpu")
        for name in ("commerce", "margin")
    ]
    more = middle(samples, "margin", "orders") / middle(smaller, "margin", "orders")
    return [
        *found,
        Bar(f"margin: growth of CPU from 1M orders, {more:.0f} times as many", growth[1],
            more * NOISE),
        Bar("commerce: the same", growth[0], more * NOISE),
    ]  # fmt: skip


def costliest(samples: Samples, smaller: Samples | None) -> list[tuple[str, str, str]]:
    """The models that cost most: name, CPU seconds, and how many times the smaller size's."""
    spent = {
        name: middle(samples, part, name)
        for part in ("commerce", "margin")
        for name in samples[part][0]
        if name.startswith(MODEL)
    }
    made = []
    for name in sorted(spent, key=lambda one: -spent[one])[:COSTLIEST]:
        part = "margin" if name in samples["margin"][0] else "commerce"
        growth = f"{spent[name] / middle(smaller, part, name):.1f}" if smaller else ""
        made.append((name.removeprefix(MODEL), f"{spent[name]:.1f}", growth))
    return made


HEAD = f"""What it costs to build margin from staged orders: CPU seconds of the statements through
dbt (every call of its cursor, without parsing or tests), one model at a time, DuckDB with two
threads and a memory limit of {MEMORY_LIMIT}, the setting of the project otherwise, a process for
each part. `commerce` and `margin` are all models of these two shelves and of what lies before them.
Orders, lines, taxes, codes, shipping, payments, fees, parcels, refunds, settlements, credits and
whose order it is are drawn: 2.4 lines an order, a quarter in euros with tax in the price, 35 % with
a code, 8 % returned. The catalogue with its unit costs and a year of ad spend are a simulated
brand's. Staging, identity and attribution are not in it. Other work on the machine moves CPU
seconds by a third. Bars hold from 1M to 5M orders: `make bench-margin ORDERS=1M,5M`.
"""


CHAPTER = Chapter("Margin", HEAD, TEXTS, ("scan", "sum"))


def main() -> int:
    console = Console(width=150)
    measured: dict[str, dict[str, list[Sample]]] = {}
    failed = False
    for size in asked_sizes("ORDERS", DEFAULT, SIZES):
        before, barred = os.getloadavg()[0], size == BARRED
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            turns = TURNS_OF_BARRED if barred else dict.fromkeys(TEXTS, TURNS + 1)
            samples = measured[size] = measure(size, Path(folder), console, turns)
        smaller = measured.get(SMALLER) if barred else None
        found = bars(samples, smaller)
        failed |= barred and any(bar.verdict == "FAIL" for bar in found)
        made = samples["margin"][0]
        begin = (
            f"{made['orders']:,.0f} orders, {made['lines']:,.0f} lines,"
            f" {made['cost_lines']:,.0f} cost lines. Load {before:.1f} before,"
            f" {os.getloadavg()[0]:.1f} after."
        )
        end = as_lines(
            ("costliest models", "CPU s", f"times {SMALLER}"), costliest(samples, smaller)
        )
        CHAPTER.publish(f"{size} orders", samples, found, begin, end, barred, console)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
