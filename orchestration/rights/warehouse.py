"""An erasure in the warehouse file: raw rows, built rows, and the free blocks that held them.

What lives here: deleting from every table, and writing the file anew.
What never does: who she is; which raw row is hers (landing/erased.py); building.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.landing import erased
from orchestration.landing.contract import RawContract, quoted
from orchestration.landing.tables import registered_tables
from orchestration.ledger.erasures import Person
from orchestration.publish.erased import delete_hers


def take_out(
    warehouse: duckdb.DuckDBPyConnection, contract: RawContract, person: Person, key: bytes,
    digests: list[str],
) -> dict[str, int]:  # fmt: skip
    """Delete or blank every row of hers, in one transaction; rows by table (raw ones as
    ``source.table``).

    Args:
        digests: keyed, of everything by which she must not come back.
    """
    warehouse.execute("set enable_progress_bar = false")
    erased.know(warehouse, key, digests)
    warehouse.execute("begin transaction")
    try:
        counts = erased.take_out(warehouse, contract)
        for schema, name in _others(warehouse):
            relation = f"{quoted(schema)}.{quoted(name)}"
            gone = delete_hers(warehouse, relation, schema, person.customer_ids, person.pattern)
            if gone:
                counts[f"{schema}.{name}"] = gone
        warehouse.execute("commit")
    except BaseException:
        warehouse.execute("rollback")
        raise
    return counts


def rename_files(warehouse: duckdb.DuckDBPyConnection, digests: Mapping[str, str]) -> None:
    """Files that were rewritten are landed already: know them by their new digest."""
    for before, after in digests.items():
        warehouse.execute(
            "update raw_landing.file set file_digest = ? where file_digest = ?", [after, before]
        )


def count_raw(
    warehouse: duckdb.DuckDBPyConnection, contract: RawContract, key: bytes, digests: list[str]
) -> dict[str, int]:
    """Raw rows that are hers, by table; nothing is changed."""
    erased.know(warehouse, key, digests)
    counts = {}
    for table, condition in erased.hers_by_table(warehouse, contract).items():
        row = warehouse.execute(
            f"select count(*) from {table.relation} where {condition}"
        ).fetchone()
        if row and row[0]:
            counts[table.source_table] = int(row[0])
    return counts


def loaders_tables(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """Raw tables that are views over a loader's: that loader must erase, and a person ask it."""
    return sorted(".".join(one) for one in registered_tables(warehouse))


def count_betrayed(warehouse: duckdb.DuckDBPyConnection, pattern: str) -> dict[str, int]:
    """Rows of any table in which a text betrays her."""
    warehouse.execute("set enable_progress_bar = false")
    found = {}
    for schema, name in _tables(warehouse):
        relation = f"{quoted(schema)}.{quoted(name)}"
        row = warehouse.execute(
            f"select count(*) from {relation} as t"
            " where regexp_matches(lower(cast(to_json(t) as varchar)), ?)",
            [pattern],
        ).fetchone()
        if row and row[0]:
            found[f"{schema}.{name}"] = int(row[0])
    return found


def write_anew(file: Path) -> None:
    """Copy the file and put the copy in its place: free blocks keep what was deleted from them.

    The caller holds the lock and has no connection open.
    """
    new = file.with_name(f".{file.stem}.anew")
    for leftover in (new, new.with_name(f"{new.name}.wal")):
        leftover.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        # Under its own name, so that views find their tables.
        connection.execute(f"attach '{_text(file)}' as {quoted(file.stem)}")
        connection.execute(f"attach '{_text(new)}' as anew")
        connection.execute(f"copy from database {quoted(file.stem)} to anew")
        connection.execute("detach anew")
        connection.execute(f"detach {quoted(file.stem)}")
    new.chmod(file.stat().st_mode & 0o777)
    new.replace(file)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def _others(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Every table but raw ones that landing filled; what it refused (quarantine) is among them."""
    return [
        (schema, name)
        for schema, name in _tables(warehouse)
        if not schema.startswith("raw_") or schema in ("raw_landing", "raw_ledger")
    ]


def _tables(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = warehouse.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_catalog = current_database()"
        " order by table_schema, table_name"
    ).fetchall()
    return [(schema, name) for schema, name in rows]


def _text(file: Path) -> str:
    return str(file).replace("'", "''")
