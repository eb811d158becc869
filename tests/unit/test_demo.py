"""The demo keeps to its own home."""

from pathlib import Path

import pytest

from orchestration.demo import World, claim_home
from orchestration.errors import ConfigurationError
from orchestration.settings import Settings

WORLD = World(customers=10, months=1, seed=7)


def settings_of(home: Path) -> Settings:
    return Settings.from_env({"TRIBUTARY_HOME": str(home)})


def test_the_same_demo_may_run_again(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "var")
    claim_home(settings, WORLD)
    settings.warehouse.touch()
    claim_home(settings, WORLD)


def test_a_demo_of_another_seed_is_refused(tmp_path: Path) -> None:
    claim_home(settings_of(tmp_path), WORLD)
    with pytest.raises(ConfigurationError, match="another size or seed"):
        claim_home(settings_of(tmp_path), World(customers=10, months=1, seed=8))


@pytest.mark.parametrize("held", ["warehouse.duckdb", "inbox"])
def test_a_home_with_other_data_is_refused(tmp_path: Path, held: str) -> None:
    (tmp_path / held).mkdir()
    with pytest.raises(ConfigurationError, match="not the demo's"):
        claim_home(settings_of(tmp_path), WORLD)
