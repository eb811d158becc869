"""The hand-made brand of warehouse.sql, and what of it must never be shown.

What lives here: building it, and its addresses.
What never does: dbt; a model's rule.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.settings import Settings

WAREHOUSE = Path(__file__).with_name("warehouse.sql")
ADDRESSES = (
    "annlee", "ann@", "bob@", "amnlee", "office@", "till@", "gmail", "home.example",
    "4155550101",
)  # fmt: skip


def make_home(folder: Path) -> Settings:
    """A home whose warehouse holds the brand."""
    made = Settings.from_env({"TRIBUTARY_HOME": str(folder)})
    with duckdb.connect(str(made.warehouse)) as connection:
        connection.execute(WAREHOUSE.read_text(encoding="utf-8"))
    return made


def addresses_in(text: str) -> list[str]:
    """The parts of people's addresses that stand in a text."""
    return [address for address in ADDRESSES if address in text]
