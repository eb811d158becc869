"""Pages that say which test shows what.

What lives here: how such a page names tests, and whether they are there.
What never does: what a page says; whoever writes a line reads the test.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

from tests.architecture.conftest import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def page(name: str) -> str:
    """The text of a page of docs."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str, first: str) -> list[list[str]]:
    """Cells of every table whose head begins with that word, without head and rule."""
    tables = [table.partition("\n\n")[0] for table in text.split(f"| {first} |")[1:]]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for table in tables
        for line in table.splitlines()[2:]
    ]


def missing_tests(text: str) -> list[str]:
    """Tests that the text names and that are not there."""
    return [f"{file}::{name}" for file, name in NAMED.findall(text) if name not in _tests(file)]


@lru_cache
def _tests(file: str) -> frozenset[str]:
    path: Path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
