"""How the ledger's store is opened: durable, private and one writer at a time.

What lives here: the SQLAlchemy engine, SQLite pragmas, file mode, the check of the file itself.
What never does: tables, business statements, the audit chain.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledger.errors import LedgerDamagedError, LedgerError

BUSY_TIMEOUT_MS = 30_000
READ_OPTION = "tributary_read_only"
# Any constant will do: whoever writes a Postgres ledger waits for this one advisory lock.
POSTGRES_WRITER_LOCK = 7_281_943
LOG_KEY = "tributary_log"
_DAMAGES = {"SQLITE_NOTADB": "is not a ledger file", "SQLITE_CORRUPT": "has been cut short"}


@dataclass(frozen=True)
class Log:
    """The write-ahead log of a SQLite file, by name and by what the name stood for when opened."""

    file: Path
    inode: int


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
    _create(file)
    event.listen(engine, "connect", partial(_prepare_sqlite, file))
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def _create(file: Path) -> None:
    """Never readable by others; WAL and SHM files inherit the mode. See ``check_file``: a file that
    is there is not opened."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    file.chmod(0o600)


def check_file(file: Path) -> None:
    """Refuse a SQLite file that is no SQLite file or has lost its end.

    SQLite looks for itself: whoever closes a descriptor of the file drops every lock that the
    process holds on it (POSIX), and another process then removes the log under it.

    Raises:
        LedgerDamagedError: the header is wrong or the file is shorter than its header says.
    """
    if not file.exists() or file.stat().st_size == 0:
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            reader.execute("pragma schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        how = _DAMAGES.get(error.sqlite_errorname)
        if how is not None:
            raise damaged(file.name, how) from None
        # Whatever else it is, it will be told by whoever opens it.


def log_of(connection: Connection) -> Log | None:
    """The write-ahead log that the connection writes to; None on a server."""
    return connection.info.get(LOG_KEY)


def check_log(log: Log | None) -> None:
    """Whether what was written just now stands where others look for it.

    Raises:
        LedgerDamagedError: the log was removed while this process had it open.
    """
    if log is None:
        return
    try:
        is_there = log.file.stat().st_ino == log.inode
    except FileNotFoundError:
        is_there = False
    if not is_there:
        raise damaged(log.file.name, "is a log that was removed while it was in use")


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


def _prepare_sqlite(file: Path, dbapi_connection: Any, record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_on_sqlite` says how they begin.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma foreign_keys = on")
    # What is deleted is overwritten: payloads must not live on in free pages.
    cursor.execute("pragma secure_delete = on")
    # The log is opened by whoever reads first.
    cursor.execute("pragma schema_version")
    cursor.fetchall()
    cursor.close()
    log = file.with_name(f"{file.name}-wal")
    record.info[LOG_KEY] = Log(log, log.stat().st_ino)


def _begin_on_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ_OPTION, False)
    connection.exec_driver_sql("begin" if reading else "begin immediate")


def _begin_on_server(connection: Connection) -> None:
    if connection.get_execution_options().get(READ_OPTION, False):
        connection.exec_driver_sql("set transaction isolation level repeatable read read only")
    else:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({POSTGRES_WRITER_LOCK})")
