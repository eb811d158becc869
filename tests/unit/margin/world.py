"""The hand-made shop of warehouse.sql.

What lives here: building it.
What never does: dbt; a model's rule.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.settings import Settings

WAREHOUSE = Path(__file__).with_name("warehouse.sql")


def make_home(folder: Path, *statements: str) -> Settings:
    """A home whose warehouse holds the shop, changed by ``statements``."""
    made = Settings.from_env({"TRIBUTARY_HOME": str(folder)})
    with duckdb.connect(str(made.warehouse)) as connection:
        connection.execute(WAREHOUSE.read_text(encoding="utf-8"))
        for statement in statements:
            connection.execute(statement)
    return made
