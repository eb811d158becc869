"""Everything about a person in one file of her own: what the right to know asks for.

What lives here: gathering it from raw rows, her profile, the ledger; writing it privately.
What never does: another person's data; keeping a copy; a vendor's own store.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection

from orchestration.errors import ConfigurationError
from orchestration.landing import erased
from orchestration.landing.contract import RawContract, read_contract
from orchestration.ledger import Ledger, erasures, tombstones
from orchestration.ledger.erasures import Person
from orchestration.ledger.facts import Subject
from orchestration.resources import missing_tables, warehouse_connection
from orchestration.rights import person
from orchestration.settings import Settings

_PROFILE = ("customer", "dim_customers")


def export(
    settings: Settings, ledger: Ledger, subjects: Set[Subject], file: Path, at: datetime
) -> dict[str, int]:
    """Write all of it as JSON to a new file of mode 0600; how many rows of each part.

    Raises:
        ConfigurationError: the file is there already.
        SeveralPeopleError: the subjects name several people.
    """
    contract = read_contract(settings.project_dir)
    with ledger.read() as reader:
        key = tombstones.key_of(reader)
        with warehouse_connection(settings, "export", read_only=True) as connection:
            found = person.find_person(connection, reader, contract, key, subjects)
            raw = _raw(connection, contract, found, key)
            profile = _profile(connection, found)
        content: dict[str, Any] = {
            "written_at": at,
            "sources": raw,
            "profile": profile,
            **_ledger(reader, found),
        }
    _write(file, content)
    parts = ("profile", "consent_history", "suppressions", "sent", "receipts")
    return {**{name: len(rows) for name, rows in raw.items()},
            **{name: len(content[name]) for name in parts}}


def _raw(
    warehouse: duckdb.DuckDBPyConnection, contract: RawContract, found: Person, key: bytes
) -> dict[str, list[dict[str, Any]]]:
    erased.know(warehouse, key, person.identities(found, key))
    rows = {
        table.source_table: _rows(warehouse, f"select * from {table.relation} where {condition}")
        for table, condition in erased.hers_by_table(warehouse, contract).items()
    }
    return {name: some for name, some in rows.items() if some}


def _profile(warehouse: duckdb.DuckDBPyConnection, found: Person) -> list[dict[str, Any]]:
    table = ".".join(_PROFILE)
    if missing_tables(warehouse, {table: ("customer_id",)}):
        return []
    return _rows(
        warehouse,
        f"select * from {table} where customer_id in (select unnest(?))",
        [sorted(found.customer_ids)],
    )


def _rows(
    warehouse: duckdb.DuckDBPyConnection, statement: str, values: list[Any] | None = None
) -> list[dict[str, Any]]:
    result = warehouse.execute(statement, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _ledger(reader: Connection, found: Person) -> dict[str, list[dict[str, Any]]]:
    """What she said, what is suppressed, what stands where and what was sent when."""
    held = erasures.everything(reader, found)
    return {
        "consent_history": held["consent_event"],
        "suppressions": [*held["suppression"], *held["suppression_lift"]],
        "sent": held["delivered"],
        "receipts": held["receipt"],
        "requests": held["privacy_request"],
    }


def _write(file: Path, content: Mapping[str, Any]) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{file.name} exists already.", remedy="Name a new file: an export replaces none."
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2, default=str, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
