"""The one door to the warehouse file.

What lives here: the lock that everything takes before it opens ``warehouse.duckdb``, and the
connection behind it, and what a reader misses there.
What never does: statements of a business rule; and nothing that serves people or HTTP comes here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
from filelock import FileLock, Timeout

from orchestration.errors import WarehouseBusyError, WarehouseDamagedError
from orchestration.settings import Settings


@contextmanager
def warehouse_lock(settings: Settings, holder: str) -> Iterator[None]:
    """Hold the warehouse for ``holder`` (a few words for people, e.g. ``land``).

    Raises:
        WarehouseBusyError: another holder kept it beyond ``settings.lock_timeout_seconds``.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.warehouse_lock, timeout=settings.lock_timeout_seconds)
    note = settings.warehouse_lock.with_suffix(".holder")
    try:
        lock.acquire()
    except Timeout:
        raise WarehouseBusyError(
            f"The warehouse is held by {_holder(note)}.",
            remedy=f"Wait for it, or raise TRIBUTARY_LOCK_TIMEOUT_SECONDS "
            f"(now {settings.lock_timeout_seconds:g}).",
        ) from None
    try:
        note.write_text(json.dumps({"holder": holder, "pid": os.getpid()}), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: os.PathLike[str]) -> str:
    try:
        with open(note, encoding="utf-8") as file:
            held = json.load(file)
        return f"'{held['holder']}' (process {held['pid']})"
    except (OSError, ValueError, KeyError):
        return "another process"


@contextmanager
def warehouse_connection(
    settings: Settings, holder: str, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lock and open the warehouse; UTC session, two threads.

    Raises:
        WarehouseBusyError: the lock, or the file itself (a plain ``dbt build``), stayed taken.
        WarehouseDamagedError: the file is no warehouse, or a part of it is lost.
    """
    with warehouse_lock(settings, holder):
        connection = _open(settings, read_only)
        try:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set threads = 2")
            yield connection
        finally:
            connection.close()


def _open(settings: Settings, read_only: bool) -> duckdb.DuckDBPyConnection:
    file = settings.warehouse
    try:
        return duckdb.connect(str(file), read_only=read_only)
    except duckdb.Error as error:
        if isinstance(error, duckdb.IOException) and "lock" in str(error).lower():
            raise WarehouseBusyError(
                f"{file.name} is open in another process.",
                remedy="Wait until that build or session ends and run this again.",
            ) from error
        if not file.exists():
            raise
        # The engine's text may quote what it read.
        raise WarehouseDamagedError(
            f"{file.name} cannot be opened ({type(error).__name__}).",
            remedy="Move it away and run 'tributary run FOLDER': raw files and the ledger, which"
            " holds opt-outs and customer ids, make it anew.",
        ) from None


def missing_tables(
    connection: duckdb.DuckDBPyConnection, needed: Mapping[str, Sequence[str]]
) -> list[str]:
    """Those tables (``schema.table`` → columns) that are not there, or lack a column; sorted."""
    found = set(
        connection.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns"
        ).fetchall()
    )
    return sorted(
        table
        for table, columns in needed.items()
        if any((table, column) not in found for column in columns)
    )
