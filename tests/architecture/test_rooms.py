"""What may stand in which Python room, and how large it may grow.

What lives here: statements, vendors' names, charters and sizes, over the files themselves.
What never does: imports (.importlinter) and models (test_walls.py).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.conftest import ROOT, vendor_of, without_comments

# The sandbox keeps a vendor's own record, which is no store of ours.
# identity and margin ask inner tables why, and hold no rule of their own (ADR 24, 27).
SQL_ROOMS = (
    "identity", "landing", "ledger", "margin", "publish", "rights", "scores", "sandbox",
)  # fmt: skip
SQL_FILES = (
    "activation/diff.py", "activation/leaving.py", "activation/lookup.py",
    "activation/surveys.py", "profiles/snapshot.py", "resources.py",
)  # fmt: skip
# scores speaks the brand's words: it holds what was built against its truth.
VENDOR_ROOMS = ("landing", "collector", "destinations", "brand", "sandbox", "scores")
# settings.py maps a vendor to its host: the one line that adding a destination asks for.
VENDOR_FILES = ("settings.py",)
STATEMENT = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+(or\s+\w+\s+)?into\s|update\s+\S+\s+set\s|delete\s+from\s"
    r"|create\s+(or\s+replace\s+)?(temp\s+|temporary\s+)?(table|view|schema)\s|drop\s+(table|view)"
    r"|with\s+\w+\s+as\s*\(|copy\s+.+\s(to|from)\s|attach\s+'|pragma\s+\w+)",
    re.IGNORECASE | re.DOTALL,
)
OUTSIDE_OF_SQL = re.compile(
    r"\bhttpfs\b|\b(http_get|http_post|read_(csv|parquet|json)\w*)\s*\(|\b(install|load)\s+'"
)

# Guides; twice the figure fails.
GUIDES = (
    ("models/**/*.sql", 150), ("macros/**/*.sql", 150), ("tests/dbt/**/*.sql", 150),
    ("orchestration/destinations/base.py", 100),
    *((f"orchestration/destinations/{name}.py", 300) for name in ("http", "batches", "registry")),
    ("orchestration/destinations/**/*.py", 120), ("orchestration/**/*.py", 300),
    ("tests/**/*.py", 300),
)  # fmt: skip
FUNCTION_LINES = 40


def test_dbt_reads_no_file_and_no_address_of_the_web() -> None:
    wrong = [
        str(file.relative_to(ROOT))
        for folder in ("models", "macros", "tests/dbt")
        for file in sorted((ROOT / folder).rglob("*.sql"))
        if OUTSIDE_OF_SQL.search(without_comments(file.read_text(encoding="utf-8")))
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_statements_stand_only_in_the_rooms_that_may_hold_them() -> None:
    wrong = [
        f"{path}:{line}"
        for path, line, text in python_texts()
        if path.parts[0] not in SQL_ROOMS
        and path.as_posix() not in SQL_FILES
        and STATEMENT.match(text)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_vendors_are_named_only_in_the_rooms_that_speak_to_them() -> None:
    wrong = sorted({
        f"{path}:{line} {name[:60]}"
        for path, line, name in python_names()
        if path.parts[0] not in VENDOR_ROOMS
        and path.as_posix() not in VENDOR_FILES
        and any(
            vendor_of(word) not in (None, "meta")  # meta is dbt's word for what we declare
            for word in re.findall(r"\w+", name)
        )
    })
    assert not wrong, "\n".join(map(str, wrong))


def test_files_keep_to_twice_their_guide() -> None:
    above, wrong, seen = [], [], set()
    for pattern, guide in GUIDES:
        for file in sorted(ROOT.glob(pattern)):
            if file in seen:
                continue
            seen.add(file)
            lines = len(file.read_text(encoding="utf-8").splitlines())
            if lines > guide:
                above.append(f"{file.relative_to(ROOT)}: {lines} lines (guide {guide})")
            if lines > 2 * guide:
                wrong.append(above[-1])
    if above:
        warnings.warn("Above the guide: " + "; ".join(above), stacklevel=1)
    assert not wrong, "\n".join(map(str, wrong))


def test_functions_keep_to_twice_their_guide() -> None:
    above, wrong = [], []
    for file in python_files():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                place = f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
                if lines > FUNCTION_LINES:
                    above.append(place)
                if lines > 2 * FUNCTION_LINES:
                    wrong.append(place)
    if above:
        warnings.warn(f"Above {FUNCTION_LINES} lines: " + "; ".join(above), stacklevel=1)
    assert not wrong, "\n".join(map(str, wrong))


def test_everypython_file_opens_with_its_charter() -> None:
    wrong = []
    for file in python_files():
        text = file.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text)) or ""
        is_empty = file.name == "__init__.py" and not text.strip()
        if not is_empty and not (
            "What lives here" in docstring and "What never does" in docstring
        ):
            wrong.append(str(file.relative_to(ROOT)))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    ("name", "vendor"),
    [("meta_email_sha256", "meta"), ("shopify_order_id", None), ("metadata", None),
     ("stg_klaviyo__events", "klaviyo"), ("segment", None), ("tiktok_order_ids", None)],
)  # fmt: skip
def test_a_vendor_is_a_whole_word_and_an_id_may_name_its_issuer(
    name: str, vendor: str | None
) -> None:
    assert vendor_of(name) == vendor


def python_files() -> list[Path]:
    return sorted((ROOT / "orchestration").rglob("*.py"))


def python_texts() -> Iterator[tuple[Path, int, str]]:
    """Every text of a Python file but docstrings; the parts of an f-string joined."""
    for file in python_files():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inner = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node) if part is not node
        }  # fmt: skip
        docstrings = {
            id(node.value) for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }  # fmt: skip
        path = file.relative_to(ROOT / "orchestration")
        for node in ast.walk(tree):
            if id(node) in inner or id(node) in docstrings:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.lineno, node.value
            elif isinstance(node, ast.JoinedStr):
                yield path, node.lineno, "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "x"
                    for part in node.values
                )


def python_names() -> Iterator[tuple[Path, int, str]]:
    """Names that a Python file defines or uses, and its texts but docstrings."""
    yield from python_texts()
    for file in python_files():
        path = file.relative_to(ROOT / "orchestration")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                yield path, node.lineno, node.id
            elif isinstance(node, ast.Attribute):
                yield path, node.lineno, node.attr
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield path, node.lineno, node.name
            elif isinstance(node, ast.arg):
                yield path, node.lineno, node.arg
