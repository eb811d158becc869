"""The snapshot of a green build: immutable files and the one pointer that readers follow.

What lives here: the export of public models, ``lookup.sqlite``, digests, the pointer's rename.
Contact data by customer stands beside them (``contacts.py``).
What never does: rules of a model; the ``activation`` schema (plans read it, nobody else); what the
ledger is told (``registration.py``).

Killed anywhere and run again, it ends in the same state.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.faults import kill_point
from orchestration.ledger import Ledger
from orchestration.ledger.audit import canonical_json, fsync_folder
from orchestration.publish import registration
from orchestration.publish.contacts import CONTACTS_FILE, write_contacts
from orchestration.publish.relations import (
    ROWS_TOGETHER,
    PublishError,
    Relation,
    batches,
    no_table,
    quoted,
)
from orchestration.publish.subjects import (
    CONTACT_COLUMNS,
    CUSTOMERS,
    IDENTITY_MAP,
    subjects,
)
from orchestration.resources import warehouse_connection
from orchestration.settings import Settings

KEPT_SNAPSHOTS = 3
POINTER = "current"
LOOKUP_FILE = "lookup.sqlite"
# Part of a build's id: a snapshot with an older lookup file is written anew.
LOOKUP_VERSION = 3


@dataclass(frozen=True)
class PublishReport:
    """``is_new`` is False where this very content was published before."""

    build_id: str
    folder: Path
    is_new: bool
    table_rows: Mapping[str, int]
    new_customer_id_count: int
    new_anchor_count: int
    new_change_count: int
    new_suppression_count: int


def publish(
    settings: Settings,
    ledger: Ledger,
    *,
    now: Callable[[], datetime],
    manifest: Path,
    suppress: registration.Suppress,
) -> PublishReport:
    """Publish the warehouse as the green build left it; call it after a green build only.

    Args:
        manifest: dbt's manifest.json, which says what is public.
        suppress: takes every suppression that the build knows and says how many were new; what
            leaves the vendors because of them is its business.

    Raises:
        PublishError: see there. Nothing that was published before is touched then.
        WarehouseBusyError: another process holds the warehouse.
    """
    relations = _public_relations(manifest)
    with warehouse_connection(settings, "publish", read_only=True) as warehouse:
        registration.check_tables(warehouse)
        tables = [_described(warehouse, relation) for relation in relations]
        build_id = hashlib.sha256(
            canonical_json(
                [[LOOKUP_FILE, LOOKUP_VERSION], *([t["table"], t["sha256"]] for t in tables)]
            ).encode()
        ).hexdigest()[:16]
        folder = settings.published_dir / build_id
        is_new = not folder.exists()
        if is_new:
            _export(settings, warehouse, relations, tables, folder, build_id)
        point(settings, folder, now())
        new = registration.register(warehouse, ledger, suppress)
    _drop_old(settings, folder)
    return PublishReport(
        build_id=build_id,
        folder=folder,
        is_new=is_new,
        table_rows={str(t["table"]): int(t["row_count"]) for t in tables},
        new_customer_id_count=new.customer_id_count,
        new_anchor_count=new.anchor_count,
        new_change_count=new.change_count,
        new_suppression_count=new.suppression_count,
    )


def warehouse_digest(settings: Settings) -> dict[str, str]:
    """SHA-256 per table over its ordered rows, for every table that models and seeds built.

    Proofs of convergence (``*_rounds``) are left out: they tell of the run that came last, not of
    the data.
    """
    with warehouse_connection(settings, "digest", read_only=True) as warehouse:
        relations = warehouse.execute("""
            select table_schema, table_name from information_schema.tables
            where table_type = 'BASE TABLE' and not starts_with(table_schema, 'raw_')
                and not ends_with(table_name, '_rounds')
            order by table_schema, table_name
        """).fetchall()
        return {
            f"{schema}.{name}": _digest(warehouse, (schema, name)) for schema, name in relations
        }


def identifier_digest(identifier_type: str, identifier_scope: str, identifier_value: str) -> str:
    """The key of ``lookup.sqlite`` for an identifier as ``identity_map`` holds it."""
    text = f"{identifier_type}|{identifier_scope}|{identifier_value}"
    return hashlib.sha256(text.encode()).hexdigest()


def _public_relations(manifest: Path) -> list[Relation]:
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    except (OSError, ValueError, KeyError) as error:
        raise PublishError(
            f"{manifest.name} cannot be read ({type(error).__name__}).",
            remedy="Run 'tributary build' first.",
        ) from error
    relations = sorted(
        (str(node["schema"]), str(node.get("alias") or node["name"]))
        for node in nodes
        if node.get("resource_type") == "model"
        and "public" in (node.get("access"), node.get("config", {}).get("access"))
        and node["schema"] != "activation"
    )
    for needed in (IDENTITY_MAP, CUSTOMERS):
        if needed not in relations:
            raise PublishError(
                f"{'.'.join(needed)} is not among the public models.",
                remedy="Keep its access public in the model's YAML.",
            )
    return relations


def _described(warehouse: duckdb.DuckDBPyConnection, relation: Relation) -> dict[str, Any]:
    try:
        count = warehouse.execute(f"select count(*) from {quoted(relation)}").fetchone()[0]
        digest = _digest(warehouse, relation)
    except duckdb.CatalogException as error:
        raise no_table(relation) from error
    return {"table": ".".join(relation), "row_count": count, "sha256": digest}


def _digest(warehouse: duckdb.DuckDBPyConnection, relation: Relation) -> str:
    reader = warehouse.execute(f"""
        select sha256(cast(to_json(built) as varchar)) as row_digest
        from {quoted(relation)} as built
        order by row_digest
    """).to_arrow_reader(ROWS_TOGETHER)
    digest = hashlib.sha256()
    for batch in reader:
        digest.update("".join(batch.column(0).to_pylist()).encode())
    return digest.hexdigest()


def _export(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    relations: list[Relation],
    tables: list[dict[str, Any]],
    folder: Path,
    build_id: str,
) -> None:
    settings.published_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in settings.published_dir.glob(".building-*"):
        shutil.rmtree(leftover)
    temporary = settings.published_dir / f".building-{build_id}"
    temporary.mkdir(mode=0o700)
    for relation in relations:
        file = temporary / f"{'.'.join(relation)}.parquet"
        warehouse.execute(
            f"copy (select * from {quoted(relation)} order by all) "
            f"to {_text(str(file))} (format parquet, compression zstd)"
        )
        kill_point("publish_exporting")
    lookup, contacts = temporary / LOOKUP_FILE, temporary / CONTACTS_FILE
    _write_lookup(warehouse, lookup)
    write_contacts(warehouse, contacts)
    content = {
        "build_id": build_id,
        "tables": tables,
        "lookup": {
            "file": LOOKUP_FILE,
            "version": LOOKUP_VERSION,
            "sha256": hashlib.sha256(lookup.read_bytes()).hexdigest(),
        },
        "contacts": {
            "file": CONTACTS_FILE,
            "sha256": hashlib.sha256(contacts.read_bytes()).hexdigest(),
        },
    }
    (temporary / "manifest.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    make_durable(temporary)
    kill_point("publish_exported")
    temporary.rename(folder)
    fsync_folder(settings.published_dir)


def _write_lookup(warehouse: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Identifier or subject digest to customer id to profile, for readers that never open the
    warehouse. A profile holds no contact data: who asks for it brings that."""
    identifiers = f"""
        select
            sha256(
                identifier_type || '|' || coalesce(identifier_scope, '') || '|' || identifier_value
            ) as identifier_digest,
            customer_id
        from {quoted(IDENTITY_MAP)}
        order by identifier_digest
    """
    profiles = f"""
        select customer_id, cast(to_json(built) as varchar) as profile_json
        from (
            select columns(name -> name not in {CONTACT_COLUMNS})
            from {quoted(CUSTOMERS)}
        ) as built
        order by customer_id
    """
    owned = f"{subjects()} order by all"
    lookup = sqlite3.connect(file)
    try:
        # A file that nobody reads before it is whole and fsynced needs no journal.
        lookup.execute("pragma journal_mode = off")
        lookup.execute("pragma synchronous = off")
        lookup.execute(
            "create table identifier (identifier_digest text primary key, customer_id text) "
            "without rowid"
        )
        lookup.execute(
            "create table profile (customer_id text primary key, profile_json text) without rowid"
        )
        lookup.execute(
            "create table subject (subject_type text, subject_value text, customer_id text, "
            "primary key (subject_type, subject_value, customer_id)) without rowid"
        )
        with lookup:
            for batch in batches(warehouse, owned):
                lookup.executemany("insert into subject values (?, ?, ?)", batch)
            for batch in batches(warehouse, identifiers):
                lookup.executemany("insert into identifier values (?, ?)", batch)
            for batch in batches(warehouse, profiles):
                lookup.executemany("insert into profile values (?, ?)", batch)
            lookup.execute("create index subject_of_customer on subject (customer_id)")
    finally:
        lookup.close()


def make_durable(folder: Path) -> None:
    """Private, and on disk as a whole, before anything points to it."""
    for file in folder.iterdir():
        file.chmod(0o600)
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    fsync_folder(folder)


def point(settings: Settings, folder: Path, at: datetime) -> None:
    """Move the pointer; readers see the old snapshot or the new one."""
    # The folder's time says when it was last current: what `_drop_old` goes by.
    os.utime(folder, (at.timestamp(), at.timestamp()))
    pointer = settings.published_dir / POINTER
    temporary = settings.published_dir / f".{POINTER}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    kill_point("publish_before_pointer")
    temporary.replace(pointer)
    fsync_folder(settings.published_dir)
    kill_point("publish_pointed")


def _drop_old(settings: Settings, current: Path) -> None:
    snapshots = sorted(
        (
            entry
            for entry in settings.published_dir.iterdir()
            if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith(".")
        ),
        key=lambda entry: (entry == current, entry.stat().st_mtime, entry.name),
        reverse=True,
    )
    for old in snapshots[KEPT_SNAPSHOTS:]:
        shutil.rmtree(old)
    for link in settings.published_dir.glob(f".{POINTER}.*"):
        link.unlink()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
