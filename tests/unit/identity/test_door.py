"""The door says what is missing before the engine would say it in its own words."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.identity.door import identity_tables
from orchestration.identity.errors import IdentityMissingError
from orchestration.settings import Settings


def test_a_home_without_a_warehouse_says_what_to_run(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    with (
        pytest.raises(IdentityMissingError, match=r"no warehouse\.duckdb") as raised,
        identity_tables(settings, "test"),
    ):
        pass
    assert "tributary run" in raised.value.remedy
    assert not settings.warehouse.exists()


def test_a_warehouse_of_an_older_version_names_what_it_lacks(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("drop table identity.guard_log")
        connection.execute("alter table identity.int_identity_edges drop identifier_value")
    with (
        pytest.raises(IdentityMissingError, match=r"identity\.guard_log, .*_edges"),
        identity_tables(settings, "test"),
    ):
        pass


def test_the_warehouse_cannot_be_written(settings: Settings) -> None:
    with (
        identity_tables(settings, "test") as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("delete from identity.guard_log")
