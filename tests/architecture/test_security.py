"""The page of security says what is tested, and the tests that it names are there.

What lives here: the page against the tests, and lines that no other test covers.
What never does: what a line means in code; the tests that the page names prove that.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration import ui
from orchestration.destinations.registry import PLUGINS
from orchestration.ledger.tables import dead_letter
from orchestration.settings import Settings
from tests.architecture.pages import NAMED, missing_tests, page, rows

PAGE = page("security.md")


def test_every_line_names_tests_that_are_there() -> None:
    lines = rows(PAGE, "line")
    assert len(lines) > 25
    wrong = [line[0] for line in lines if not NAMED.search(line[-1])]
    assert not [*wrong, *missing_tests(PAGE)]


def test_every_destination_says_what_its_credential_needs() -> None:
    assert {row[0] for row in rows(PAGE, "destination")} == set(PLUGINS)


def test_a_dead_letter_holds_no_payload() -> None:
    names = {column.name for column in dead_letter.columns}
    assert {"key", "reason"} <= names
    assert not {name for name in names if re.search(r"payload|email|phone|json", name)}


def test_the_console_listens_at_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    manifest = SimpleNamespace(current_manifest=lambda: None)
    monkeypatch.setattr(ui, "DbtProject", lambda _: manifest)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given[1]))
    ui.open_ui(Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)}), port=3_000)
    (command,) = started
    assert command[command.index("--host") + 1] == "127.0.0.1"
