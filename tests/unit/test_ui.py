"""Dagster's home as ``tributary ui`` leaves it."""

from pathlib import Path

import yaml

from orchestration.settings import Settings
from orchestration.ui import prepare_dagster_home


def test_the_home_has_the_instance_and_no_first_visit_dialog(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    for _ in range(2):
        home = prepare_dagster_home(settings)
    assert yaml.safe_load((home / ".nux" / "nux.yaml").read_text()) == {"seen": 1}
    instance = yaml.safe_load((home / "dagster.yaml").read_text())
    assert instance["telemetry"] == {"enabled": False}
    assert instance["concurrency"]["pools"]["default_limit"] == 1
