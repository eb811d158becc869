"""The door to the warehouse: a file that cannot be opened is said so, with what to do."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.errors import WarehouseDamagedError
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings


@pytest.mark.parametrize("how", ["is no database", "was cut short"])
def test_a_damaged_warehouse_is_named_with_its_remedy(tmp_path: Path, how: str) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    if how == "is no database":
        settings.warehouse.write_text("jane@example.com" * 1_000, encoding="utf-8")
    else:
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute("create table people as select range as id from range(1000000)")
        with settings.warehouse.open("r+b") as file:
            file.truncate(8_192)
    with (
        pytest.raises(WarehouseDamagedError, match="tributary run FOLDER") as caught,
        warehouse_connection(settings, "test", read_only=True),
    ):
        pass
    assert "jane" not in str(caught.value)
    settings.warehouse.unlink()
    with warehouse_connection(settings, "test") as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
