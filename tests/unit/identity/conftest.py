"""A home with the hand-made warehouse of warehouse.sql.

What lives here: fixtures that the tests of this room share.
What never does: dbt; a model's rule.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.identity.door import Connection, identity_tables
from orchestration.settings import Settings
from tests.unit.identity.world import make_home


@pytest.fixture(scope="session")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """For tests that only read."""
    return make_home(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def settings(shared_settings: Settings, tmp_path: Path) -> Settings:
    """A home of the test's own, for those that write to its ledger."""
    own = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    shutil.copy(shared_settings.warehouse, own.warehouse)
    return own


@pytest.fixture(scope="session")
def connection(shared_settings: Settings) -> Iterator[Connection]:
    # The lock would keep other tests out for the whole session: open a copy.
    home = shared_settings.home / "reading"
    home.mkdir()
    own = Settings.from_env({"TRIBUTARY_HOME": str(home)})
    shutil.copy(shared_settings.warehouse, own.warehouse)
    with identity_tables(own, "test") as opened:
        yield opened
