"""The margin build at a small size, so that the claim stands beside the others with a figure.

What lives here: one turn of the benchmark and a sentence of it.
What never does: the bars, which hold at 5M orders: `make bench-margin`, docs/benchmarks.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench.margin import measure
from tests.bench.parts import middle
from tests.proof.harness import Result

SIZE = "200k"


def small_size(quick: bool) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        samples = measure(SIZE, Path(folder), Console(quiet=True), turns=1)
    margin, scan, plain = (middle(samples, name, "cpu") for name in ("margin", "scan", "sum"))
    peak, difference = (middle(samples, "margin", figure) for figure in ("rss", "difference"))
    return Result(
        f"{middle(samples, 'margin', 'orders'):,.0f} orders: {margin:.0f} CPU s (scan {scan:.1f},"
        f" sum {plain:.1f}), {peak / 1e9:.1f} GB, largest difference {difference:.2f}",
        "at most 6 GB and linear up to 5M orders: docs/benchmarks.md",
        "NOTE",
    )
