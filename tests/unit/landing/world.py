"""A small landing world: settings in a scratch home, files to land, digests of what landed.

What lives here: what several landing tests share.
What never does: an assertion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.contract import read_contract
from orchestration.settings import PROJECT_DIR, Settings

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTRACT = read_contract(PROJECT_DIR)
SYNCED = "2026-02-01T00:00:00Z"


def now() -> datetime:
    return MOMENT


def settings_at(home: Path) -> Settings:
    return Settings.from_env({"TRIBUTARY_HOME": str(home), "TRIBUTARY_LOCK_TIMEOUT_SECONDS": "5"})


def write(path: Path, content: str | bytes) -> Path:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path)
    return path


def fetch(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse)) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return rows


def digests(settings: Settings) -> dict[str, str]:
    """SHA-256 of the ordered rows of every raw table, by name; columns of the contract only.

    The quarantine is evidence and says where in which file a row stood, which may differ.
    """
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            table.source_table: _digest(
                connection, table.relation, ", ".join(f'"{name}"' for name in table.names)
            )
            for table in CONTRACT.tables.values()
            if table.source_table != "landing.quarantine"
        }


def _digest(connection: duckdb.DuckDBPyConnection, relation: str, columns: str) -> str:
    rows = connection.execute(f"select {columns} from {relation} order by all").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()
