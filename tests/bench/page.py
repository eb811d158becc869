"""docs/benchmarks.md: a chapter for each benchmark, a section for each size as measured last.

What lives here: taking the page apart and putting one section in its place.
What never does: a measurement, a table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
TITLE = "# Benchmarks\n\nWritten by `make bench`.\n\n"
CHAPTER, SECTION = "## ", "### "


def conditions(packages: Sequence[str]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {versions}."


def put(page: Path, chapter: str, head: str, section: str, text: str) -> None:
    """The chapter with its new head, and the section with its new text where it was, or first."""
    chapters = _parts(page.read_text(encoding="utf-8") if page.exists() else "", CHAPTER)
    sections = _parts(chapters.get(chapter, ""), SECTION)
    kept = {section: text, **{name: old for name, old in sections.items() if name}}
    if section in sections:
        kept = {name: text if name == section else old for name, old in sections.items() if name}
    body = "".join(f"{SECTION}{name}\n\n{part.strip()}\n\n" for name, part in kept.items())
    chapters[chapter] = f"{head.strip()}\n\n{body}"
    pages = (f"{CHAPTER}{name}\n\n{part.strip()}\n" for name, part in chapters.items() if name)
    page.write_text(TITLE + "\n".join(pages), encoding="utf-8")


def _parts(text: str, mark: str) -> dict[str, str]:
    """Headings of this mark and what stands under each; what comes before has the heading ''."""
    name, parts = "", {"": ""}
    for line in text.splitlines(keepends=True):
        if line.startswith(mark):
            name = line.removeprefix(mark).strip()
            parts[name] = ""
        else:
            parts[name] += line
    return parts
