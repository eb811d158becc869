"""Runs claims, prints a table of claim, figure, bar and verdict, and writes it down.

What lives here: the runner that every ``make prove-NAME`` shares.
What never does: a claim (``tests/proof/NAME.py``).

A run without ``QUICK=1`` is resumable: each finished claim is kept under ``var/proof`` with a
digest of the files that it rests on (its rooms), and an interrupted run goes on after the last one.
Finished claims also stand in ``docs/proof/NAME.json`` beside the page, which says of what day and
commit each is. A claim that this run did not reach keeps its line there while its rooms are as they
were, else it is OPEN. ``RESUME=1`` measures only what has no such line: a page of many hours can be
of several evenings.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
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
    # Day and commit, with a + where tracked files differed from it.
    seen: str = ""


NOT_REACHED = Result(figure="not reached", bar="", verdict="OPEN")


@dataclass(frozen=True)
class Claim:
    """A sentence that can be measured. ``quick`` claims also run inside ``make test``.

    ``rooms`` are the folders and files that the figure rests on; without them it is every tracked
    file outside of docs. They hold at least what the claim imports (tests/architecture).
    """

    name: str
    text: str
    measure: Callable[[bool], Result]
    quick: bool = True
    rooms: tuple[str, ...] = ()


def passed(ok: bool, figure: str, bar: str) -> Result:
    """PASS or FAIL by ``ok``."""
    return Result(figure=figure, bar=bar, verdict="PASS" if ok else "FAIL")


def prove(name: str, claims: Sequence[Claim]) -> int:
    """Run the claims, print them and, unless QUICK=1, write ``docs/proof/<name>.md``.

    The file is written before every claim and at the end.
    Returns 1 where a claim falls short, else 0.
    """
    quick = os.environ.get("QUICK") == "1"
    console = Console(width=150)
    chosen = [claim for claim in claims if claim.quick or not quick]
    kept = _Kept(name, chosen) if not quick else None
    results = {claim.name: (kept and kept.done(claim)) or NOT_REACHED for claim in chosen}
    for claim in chosen:
        if kept:
            _write(name, [(one, kept.line(one)) for one in chosen])
        if results[claim.name] is not NOT_REACHED:
            continue
        console.print(f"· {claim.text}", style="dim")
        results[claim.name] = _measure(claim, quick, console)
        if kept:
            kept.put(claim, results[claim.name])
    console.print(_table(name, [(claim, results[claim.name]) for claim in chosen]))
    console.print(_conditions(), style="dim")
    if kept:
        _write(name, [(one, kept.line(one)) for one in chosen])
        kept.clear()
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
    lines += ["| claim | figure | bar | verdict | s | seen |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {claim.text} | {result.figure} | {result.bar} | {result.verdict} "
        f"| {result.seconds:.0f} | {result.seen} |"
        for claim, result in results
    ]
    path = ROOT / "docs" / "proof" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _conditions() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f} at the end, Python {sys.version.split()[0]}."


class _Kept:
    """Finished claims of this run and of those before it, each valid for its rooms as they are."""

    def __init__(self, name: str, claims: Sequence[Claim]) -> None:
        self._own = ROOT / "var" / "proof" / f"{name}.json"
        self._page = ROOT / "docs" / "proof" / f"{name}.json"
        self._digests = {claim.name: _digest(claim.rooms) for claim in claims}
        self._seen = _seen()
        before = self._read(self._page)
        self._results = self._read(self._own)
        if os.environ.get("RESUME") == "1":
            self._results = before | self._results
        self._lines = before | self._results

    def done(self, claim: Claim) -> Result | None:
        """What is not to be measured again."""
        result = self._results.get(claim.name)
        return None if result is None or result.verdict == "FAIL" else result

    def line(self, claim: Claim) -> Result:
        """What the page says of it."""
        return self._lines.get(claim.name, NOT_REACHED)

    def put(self, claim: Claim, result: Result) -> None:
        self._results[claim.name] = self._lines[claim.name] = replace(result, seen=self._seen)
        self._store(self._own, self._results)
        self._store(self._page, self._lines)

    def clear(self) -> None:
        self._own.unlink(missing_ok=True)

    def _read(self, path: Path) -> dict[str, Result]:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {
            name: Result(**one["result"])
            for name, one in kept.items()
            if one["rooms"] == self._digests.get(name)
        }

    def _store(self, path: Path, results: dict[str, Result]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            name: {"rooms": self._digests[name], "result": asdict(result)}
            for name, result in sorted(results.items())
        }
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _seen() -> str:
    commit = _git("rev-parse", "--short", "HEAD").strip()
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs").strip()
    return f"{datetime.now(UTC):%Y-%m-%d} {commit}{'+' if changed else ''}"


def _digest(rooms: Sequence[str]) -> str:
    files = _git("ls-files", "-z", "--", *(rooms or (".",)), ":!docs").split("\0")
    digest = hashlib.sha256()
    for file in sorted(filter(None, files)):
        path = ROOT / file
        content = path.read_bytes() if path.is_file() else b""
        digest.update(file.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
