"""A home for claims about attribution: raw files land in it, or tables are put before the models.

What lives here: one home per run, because reading the project costs more than any model of it.
What never does: a figure, a verdict.
"""

from __future__ import annotations

import csv
import functools
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.project import DbtProject
from orchestration.settings import Settings
from tests.support import environment, succeed, tributary

# The models between touches and what is published of them, in no need of anything landed.
CREDITS = (
    "attribution_models", "int_attributed_orders", "int_path_candidates", "int_path_touches",
    "int_visitors", "int_replicates", "int_transitions", "int_walks_8", "int_walks_64",
    "int_walks_512", "int_removal_effects", "int_credit_weights", "fct_order_credits",
    "int_channel_credit_replicates", "fct_channel_credits",
)  # fmt: skip


class World:
    """A home whose warehouse the claims share."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings.from_env(environment(directory))
        self.project = DbtProject(self.settings)

    def build(self, *select: str) -> None:
        self.project.build(select, indirect_selection="empty").raise_for_failures()

    def land(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """``source/table`` → rows, landed as files are."""
        with tempfile.TemporaryDirectory(prefix="tributary-marketing-") as holder:
            for name, rows in tables.items():
                file = Path(holder, f"{name}.csv")
                file.parent.mkdir(exist_ok=True)
                with file.open("w", encoding="utf-8", newline="") as target:
                    writer = csv.DictWriter(target, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            succeed(tributary(self.settings.home, "land", holder))

    def put(self, statements: Iterable[str]) -> None:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return list(connection.execute(query).fetchall())


@functools.lru_cache(maxsize=1)
def world() -> World:
    """The shared home; its files go with the process."""
    holder = tempfile.TemporaryDirectory(prefix="tributary-marketing-")
    _HELD.append(holder)
    return World(Path(holder.name))


_HELD: list[tempfile.TemporaryDirectory[str]] = []
