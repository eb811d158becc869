"""A kill point does nothing unless it is armed, and then kills at the wanted passage."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orchestration.errors import ConfigurationError
from orchestration.settings import read_kill_at


def passages_until_death(armed: str | None) -> tuple[int, str]:
    command = (
        "from orchestration.faults import kill_point\n"
        "for n in range(3):\n"
        "    kill_point('other'); print(n, end='', flush=True); kill_point('here')\n"
    )
    environment = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    if armed:
        environment["TRIBUTARY_KILL_AT"] = armed
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("armed", "outcome"),
    [(None, (0, "012")), ("here:1", (-9, "0")), ("here:3", (-9, "012")), ("there:1", (0, "012"))],
)
def test_it_kills_only_where_armed(armed: str | None, outcome: tuple[int, str]) -> None:
    assert passages_until_death(armed) == outcome


@pytest.mark.parametrize("text", ["here", "here:", ":1", "here:0", "here:x"])
def test_a_wrong_setting_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="point:n"):
        read_kill_at({"TRIBUTARY_KILL_AT": text})


def test_unset_is_unarmed() -> None:
    assert read_kill_at({}) is None
    assert read_kill_at({"TRIBUTARY_KILL_AT": "before_send:2"}) == ("before_send", 2)
