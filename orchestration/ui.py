"""``tributary ui``: Dagster on loopback, its home prepared.

What lives here: the instance's files and the start of ``dagster dev``.
What never does: definitions; a server on any other address.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from orchestration.project import DbtProject
from orchestration.settings import Settings, child_environment

HOST = "127.0.0.1"
_TEMPLATE = Path(__file__).with_name("dagster.yaml")


def prepare_dagster_home(settings: Settings) -> Path:
    """Copy ``dagster.yaml`` and answer the first-visit dialog; returns the folder."""
    home = settings.dagster_home
    (home / ".nux").mkdir(parents=True, exist_ok=True)
    (home / ".nux" / "nux.yaml").write_text("seen: 1\n", encoding="utf-8")
    shutil.copyfile(_TEMPLATE, home / "dagster.yaml")
    return home


def open_ui(settings: Settings, *, port: int) -> None:
    """Become ``dagster dev``; ends with it.

    Raises:
        DbtFailedError: the dbt project does not parse, so there would be nothing to show.
    """
    prepare_dagster_home(settings)
    DbtProject(settings).current_manifest()
    command = [sys.executable, "-m", "dagster", "dev", "--module-name", "orchestration.definitions"]
    command += ["--host", HOST, "--port", str(port)]
    # The same process: an interrupt reaches Dagster, which then ends its own children.
    os.chdir(settings.project_dir)
    os.execve(sys.executable, command, child_environment(settings))  # noqa: S606
