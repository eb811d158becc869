"""What people and scripts see of a command: tables, progress, JSON, errors in plain words.

What lives here: rendering, and the one place where an error becomes text and an exit code.
What never does: work of any room; a row's value.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from orchestration.errors import TributaryError, without_values

ProgressHandler = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``."""


@dataclass(frozen=True)
class Output:
    """Where a command writes: JSON for scripts, else tables and progress for people."""

    is_json: bool
    console: Console

    @classmethod
    def choose(cls, is_json: bool) -> Output:
        """Answers go to stdout, progress to stderr."""
        # A file or pipe has no width; 80 columns would break every name.
        width = None if sys.stdout.isatty() else 140
        return cls(is_json=is_json, console=Console(highlight=False, width=width))

    def answer(self, value: Mapping[str, Any], *lines: str | Table) -> None:
        """Give the command's answer: ``value`` as JSON, or the lines and tables that have rows."""
        if self.is_json:
            self.console.print_json(json.dumps(value, default=str))
            return
        for line in lines:
            if isinstance(line, str) or line.row_count:
                # Soft wrap: a command in a sentence must survive being copied.
                self.console.print(line, soft_wrap=isinstance(line, str))

    @contextmanager
    def progress(self) -> Iterator[ProgressHandler]:
        """A handler that draws one bar per ``what``; draws nothing for scripts."""
        bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=self.is_json or not sys.stderr.isatty(),
        )
        tasks: dict[str, Any] = {}

        def handle(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(escape(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        with bars:
            yield handle


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; numbers are set right and grouped by thousands."""
    rows = [list(row) for row in rows]
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for position, column in enumerate(columns):
        numeric = all(isinstance(row[position], int | float) for row in rows) and bool(rows)
        made.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


def run_plainly(command: Callable[[], None], *, is_json: bool) -> int:
    """Run a command line; errors become plain words. Returns the exit code of a failure: 1."""
    try:
        command()
    except TributaryError as error:
        _report({"error": error.what, "remedy": error.remedy}, is_json)
    except KeyboardInterrupt:
        _report({"error": "Interrupted.", "remedy": "Run it again; it goes on safely."}, is_json)
    except Exception as error:
        # A bug of ours. Frames and names are no data; a library's message may quote a row.
        message = str(error)
        if not isinstance(error, ImportError | NameError | AttributeError):
            message = without_values(message)
        trace = traceback.extract_tb(error.__traceback__)
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in trace]
        _report(
            {
                "error": f"Unexpected {type(error).__name__}: {message}",
                "remedy": "This is a defect of Tributary: report it with these lines.",
                "frames": frames,
            },
            is_json,
        )
    else:
        return 0
    return 1


def _report(error: Mapping[str, Any], is_json: bool) -> None:
    if is_json:
        Console().print_json(json.dumps(error))
        return
    console = Console(stderr=True, highlight=False)
    # Soft wrap: a command in the remedy must survive being copied.
    console.print(f"[bold red]{escape(error['error'])}[/]", soft_wrap=True)
    console.print(escape(error["remedy"]), soft_wrap=True)
    for frame in error.get("frames", []):
        console.print(f"  {escape(frame)}", style="dim", soft_wrap=True)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "" if value is None else escape(str(value))
