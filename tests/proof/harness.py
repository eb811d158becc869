"""Runs claims, prints a table of claim, figure, bar and verdict, and writes it down.

What lives here: the runner that every ``make prove-NAME`` shares.
What never does: a claim (``tests/proof/NAME.py``).

A run without ``QUICK=1`` is resumable: each finished claim is kept under ``var/proof`` with a
digest of the tracked files, and an interrupted run goes on after the last one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
Verdict = Literal["PASS", "FAIL", "OPEN", "NOTE"]
STYLES: dict[Verdict, str] = {"PASS": "green", "FAIL": "bold red", "OPEN": "yellow", "NOTE": "dim"}


@dataclass(frozen=True)
class Result:
    """What one claim came to: a measured figure, the bar it is held to, and the verdict."""

    figure: str
    bar: str
    verdict: Verdict
    seconds: float = 0.0


NOT_REACHED = Result(figure="not reached", bar="", verdict="OPEN")


@dataclass(frozen=True)
class Claim:
    """A sentence that can be measured. ``quick`` claims also run inside ``make test``."""

    name: str
    text: str
    measure: Callable[[bool], Result]
    quick: bool = True


def passed(ok: bool, figure: str, bar: str) -> Result:
    """PASS or FAIL by ``ok``."""
    return Result(figure=figure, bar=bar, verdict="PASS" if ok else "FAIL")


def prove(name: str, claims: Sequence[Claim]) -> int:
    """Run the claims, print them and, unless QUICK=1, write ``docs/proof/<name>.md``.

    The file is written after every claim; what an interrupted run did not reach stands as OPEN.
    Returns 1 where a claim falls short, else 0.
    """
    quick = os.environ.get("QUICK") == "1"
    console = Console(width=150)
    chosen = [claim for claim in claims if claim.quick or not quick]
    state = _State(name, quick)
    results = {claim.name: state.get(claim.name) or NOT_REACHED for claim in chosen}
    for claim in chosen:
        if results[claim.name] is not NOT_REACHED:
            continue
        console.print(f"· {claim.text}", style="dim")
        results[claim.name] = _measure(claim, quick, console)
        state.put(claim.name, results[claim.name])
        if not quick:
            _write(name, [(one, results[one.name]) for one in chosen])
    console.print(_table(name, [(claim, results[claim.name]) for claim in chosen]))
    console.print(_conditions(), style="dim")
    state.clear()
    return int(any(result.verdict == "FAIL" for result in results.values()))


def _measure(claim: Claim, quick: bool, console: Console) -> Result:
    started = time.monotonic()
    try:
        result = claim.measure(quick)
    except Exception as error:  # a claim that breaks has fallen short; the others still run
        console.print_exception()
        result = Result(figure=f"{type(error).__name__}: {error}"[:120], bar="runs", verdict="FAIL")
    return Result(result.figure, result.bar, result.verdict, round(time.monotonic() - started, 1))


def _table(name: str, results: Sequence[tuple[Claim, Result]]) -> Table:
    table = Table("claim", "figure", "bar", "verdict", "s", title=f"prove-{name}")
    for claim, result in results:
        style = STYLES[result.verdict]
        table.add_row(
            claim.text,
            result.figure,
            result.bar,
            f"[{style}]{result.verdict}[/{style}]",
            f"{result.seconds:.0f}",
        )
    return table


def _write(name: str, results: Sequence[tuple[Claim, Result]]) -> None:
    lines = [f"# prove-{name}", "", f"`make prove-{name}`. {_conditions()}", ""]
    lines += ["| claim | figure | bar | verdict | s |", "|---|---|---|---|---|"]
    lines += [
        f"| {claim.text} | {result.figure} | {result.bar} | {result.verdict} "
        f"| {result.seconds:.0f} |"
        for claim, result in results
    ]
    path = ROOT / "docs" / "proof" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _conditions() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f} at the end, Python {sys.version.split()[0]}."


class _State:
    """Finished claims of an interrupted run, valid for exactly this code."""

    def __init__(self, name: str, quick: bool) -> None:
        self._path = ROOT / "var" / "proof" / f"{name}.json"
        self._enabled = not quick
        self._digest = _code_digest() if self._enabled else ""
        self._results: dict[str, Result] = {}
        if self._enabled and self._path.exists():
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if kept["code"] == self._digest:
                self._results = {key: Result(**value) for key, value in kept["results"].items()}

    def get(self, claim: str) -> Result | None:
        return self._results.get(claim)

    def put(self, claim: str, result: Result) -> None:
        self._results[claim] = result
        if not self._enabled or result.verdict == "FAIL":
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "code": self._digest,
            "results": {
                key: asdict(value)
                for key, value in self._results.items()
                if value.verdict != "FAIL"
            },
        }
        self._path.write_text(json.dumps(kept, indent=1), encoding="utf-8")

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def _code_digest() -> str:
    files = subprocess.run(
        ["git", "ls-files", "-z", "--", ".", ":!docs"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.split(b"\0")
    digest = hashlib.sha256()
    for file in sorted(filter(None, files)):
        path = ROOT / os.fsdecode(file)
        digest.update(file + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()
