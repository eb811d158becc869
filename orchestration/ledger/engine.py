"""How the ledger's store is opened: durable, private and one writer at a time.

What lives here: the SQLAlchemy engine, SQLite pragmas, file mode, the check of the file itself.
What never does: tables, business statements, the audit chain.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledger.errors import LedgerDamagedError, LedgerError

BUSY_TIMEOUT_MS = 30_000
# SQLite's own wait for the writer's turn grows to 100 ms between two looks, and whoever writes
# often is always quicker: an opt-out would wait for seconds beside processes that send.
TURN_SECONDS = 0.002
READ_OPTION = "tributary_read_only"
# Any constant will do: whoever writes a Postgres ledger waits for this one advisory lock.
POSTGRES_WRITER_LOCK = 7_281_943
SQLITE_MAGIC = b"SQLite format 3\x00"


def sqlite_file(ledger_url: str) -> Path | None:
    """The file behind a SQLite URL; None for a server."""
    url = make_url(ledger_url)
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise LedgerError(
            "TRIBUTARY_LEDGER_URL names a ledger in memory.", remedy="Name a file or a server."
        )
    return Path(url.database)


def open_engine(ledger_url: str) -> Engine:
    """Make the engine; errors never show parameters, since those hold personal data."""
    file = sqlite_file(ledger_url)
    engine = create_engine(ledger_url, hide_parameters=True)
    if file is None:
        event.listen(engine, "begin", _begin_on_server)
        return engine
    file.parent.mkdir(parents=True, exist_ok=True)
    # Created here, so that it is never readable by others; WAL and SHM files inherit the mode.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    file.chmod(0o600)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def check_file(file: Path) -> None:
    """Refuse a SQLite file that is no SQLite file or has lost its end.

    Raises:
        LedgerDamagedError: the header is wrong or the file is shorter than its header says.
    """
    size = file.stat().st_size if file.exists() else 0
    if size == 0:
        return
    with file.open("rb") as stream:
        header = stream.read(100)
    if len(header) < 100 or not header.startswith(SQLITE_MAGIC):
        raise damaged(file.name, "is not a ledger file")
    page_size = int.from_bytes(header[16:18], "big")
    page_count = int.from_bytes(header[28:32], "big")
    wal = file.with_name(file.name + "-wal")
    # With a WAL the newest pages may stand there and not yet in the file.
    has_wal = wal.exists() and wal.stat().st_size > 0
    if not has_wal and size < page_count * (65_536 if page_size == 1 else page_size):
        raise damaged(file.name, "has been cut short")


def check_pages(connection: Connection) -> None:
    """Let SQLite check its own pages; nothing to do on a server."""
    if connection.dialect.name != "sqlite":
        return
    try:
        answers: list[str] = list(
            connection.exec_driver_sql("pragma quick_check(1)").scalars()
        )
    except SQLAlchemyError as error:
        raise damaged("The ledger", "cannot be read") from error
    if answers != ["ok"]:
        raise damaged("The ledger", "has damaged pages")


def damaged(name: str, how: str) -> LedgerDamagedError:
    """The error for a ledger that must not be used."""
    return LedgerDamagedError(
        f"{name} {how}; nothing is sent from it.",
        remedy="Restore the ledger and its .anchor file together from the newest backup.",
    )


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_on_sqlite` says how they begin.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma foreign_keys = on")
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ_OPTION, False)
    if reading:
        connection.exec_driver_sql("begin")
        return
    # The driver itself: the look is made often, and costs a hundredth of SQLAlchemy's error.
    driver: Any = connection.connection.driver_connection
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    driver.execute("pragma busy_timeout = 0")
    try:
        while not _is_ours(driver) and time.monotonic() < until:
            time.sleep(TURN_SECONDS)
        if not driver.in_transaction:
            raise sqlite3.OperationalError
    except sqlite3.OperationalError:
        # Once more through SQLAlchemy: what it raises is worded as every error of the store.
        connection.exec_driver_sql("begin immediate")
    finally:
        driver.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")


def _is_ours(driver: sqlite3.Connection) -> bool:
    """Whether the writer's turn is ours now."""
    try:
        driver.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _begin_on_server(connection: Connection) -> None:
    if connection.get_execution_options().get(READ_OPTION, False):
        connection.exec_driver_sql("set transaction isolation level repeatable read read only")
    else:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({POSTGRES_WRITER_LOCK})")
