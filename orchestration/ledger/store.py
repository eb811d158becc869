"""The door to the ledger: opened, verified, one short transaction at a time.

What lives here: ``open_ledger`` and ``Ledger``, with the few calls that other rooms need most.
What never does: tables and their statements (the files beside this one).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from orchestration.errors import TributaryError
from orchestration.ledger import (
    audit,
    consent_events,
    customer_ids,
    facts,
    gaps,
    instructions,
    migrations,
    seals,
    standing,
    tombstones,
)
from orchestration.ledger.engine import (
    READ_OPTION,
    check_file,
    check_log,
    check_pages,
    damaged,
    log_of,
    open_engine,
    sqlite_file,
)
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.seals import SealedPlan
from orchestration.ledger.statements import INSERTED_ROWS
from orchestration.ledger.tables import schema_version
from orchestration.settings import Settings

WITNESSES: Mapping[str, audit.Witness] = {
    "approval": seals.approval_stands,
    "consent_event": consent_events.events_stand,
    "identity_instruction": instructions.instructions_stand,
    "privacy_request": consent_events.requests_stand,
    "restore": gaps.gap_stands,
    "standing_approval": standing.approval_stands,
    "standing_revocation": standing.revocation_stands,
    "suppression": facts.suppressions_stand,
    "suppression_lift": facts.lifts_stand,
    "tombstone": tombstones.tombstones_stand,
}


class Ledger:
    """The system of record. Use as a context manager, or call ``close``.

    ``transaction`` writes (at most ``TRANSACTION_ROWS`` rows each), ``read`` sees one moment.
    """

    def __init__(self, engine: Engine, anchor: audit.Anchor, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._anchor = anchor
        self._now = now
        self._anchored = anchor.read()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the ledger cannot be used afterwards."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: all of it is durable when the block ends, or none of it.

        Raises:
            LedgerError: the store cannot be written (full disk, locked for too long).
            LedgerDamagedError: its log was removed under this process.
        """
        with _store_errors():
            with self._engine.begin() as connection:
                yield connection
                newest, log = audit.head(connection), log_of(connection)
            check_log(log)
            if newest is not None and newest != self._anchored:
                self._anchor.advance(newest)
                self._anchored = newest

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read one consistent moment without keeping writers out."""
        with _store_errors(), self._engine.connect() as connection:
            yield connection.execution_options(**{READ_OPTION: True})

    def write_anew(self) -> None:
        """Write a SQLite ledger's file anew and empty its log, so that no byte of what was deleted
        is left; a server's own vacuum does that there. What is open in other processes may go on.

        Raises:
            LedgerError: somebody is in the middle of reading or writing: run this again.
        """
        if self._engine.dialect.name != "sqlite":
            return
        pooled = self._engine.raw_connection()
        try:
            cursor = pooled.cursor()
            cursor.execute("vacuum")
            cursor.execute("pragma wal_checkpoint(truncate)")
            is_busy = any(row[0] for row in cursor.fetchall())
            cursor.close()
        except sqlite3.OperationalError as error:
            raise _busy() from error
        finally:
            pooled.close()
        if is_busy:
            raise _busy()

    def verify(self) -> int:
        """Check the pages, the chain, and what its links speak of; the number of links.

        Raises:
            LedgerDamagedError: something was edited, removed, reordered or cut off.
        """
        # The anchor first: the chain may grow while we read, the anchor never beyond it.
        anchored = self._anchor.read()
        with self.read() as connection:
            check_pages(connection)
            return audit.verify_chain(connection, anchored, WITNESSES)

    def rows_since(self, table: str, sequence: int, limit: int) -> list[dict[str, Any]]:
        """See ``facts.rows_since``."""
        with self.read() as connection:
            return facts.rows_since(connection, table, sequence, limit)

    def register_customer_ids(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Register published ids; rows hold customer_id, source_relation, source_table,
        source_row_id, and where known first_ordered_at, first_seen_at, as_of_at (aware). Ids that
        are known stay as they are. Returns how many were new."""
        return self._in_chunks(rows, customer_ids.unregistered, customer_ids.register)

    def register_customer_anchors(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Register the records that ids keep; rows hold customer_id, source_relation, source_table,
        source_row_id, anchor_number, and where known as_of_at (aware). A source row stays with its
        first id. Returns how many were new."""
        return self._in_chunks(rows, customer_ids.unanchored, customer_ids.register_anchors)

    def record_customer_id_changes(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Record merges and splits; rows hold old_customer_id, customer_id (null for a split),
        kind, reason, changed_at (aware). Idempotent by old id and time. Returns how many were
        new."""
        return self._in_chunks(rows, customer_ids.unrecorded_changes, customer_ids.record_changes)

    def record_identity_instruction(self, kind: str, **given: str | None) -> int:
        """Record what a person decided: ``link`` and ``unlink`` with left_node_key and
        right_node_key, ``block`` and ``unblock`` with identifier_type, identifier_scope and
        identifier_value; always with reason and actor. Returns its sequence."""
        with self.transaction() as connection:
            return instructions.record(connection, [{**given, "kind": kind}], self._now())

    def record_suppressions(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Record suppressions; rows hold subject_type, subject_value, channel, purpose,
        source_event, suppressed_at (aware). Idempotent. Returns how many were new."""
        return self._in_chunks(rows, facts.unrecorded, facts.record_suppressions)

    def plan(self, plan_hash: str) -> SealedPlan:
        """The plan with this hash or unambiguous beginning (8 characters or more)."""
        with self.read() as connection:
            return seals.get(connection, plan_hash)

    def plans(self, states: Sequence[str] = seals.CURRENT) -> list[SealedPlan]:
        """Plans in these states, oldest first."""
        with self.read() as connection:
            return seals.in_states(connection, states)

    def _in_chunks(
        self,
        rows: Iterable[Mapping[str, Any]],
        new_of: Callable[[Connection, Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]],
        write: Callable[[Connection, Sequence[Mapping[str, Any]], datetime], int],
    ) -> int:
        # Most rows are known from the run before: look first, and lock only for what is new.
        iterator, written = iter(rows), 0
        while some := list(islice(iterator, INSERTED_ROWS)):
            with self.read() as connection:
                new = new_of(connection, some)
            if new:
                with self.transaction() as connection:
                    written += write(connection, new, self._now())
        return written


def utc_now() -> datetime:
    """The clock of an entry point."""
    return datetime.now(UTC)


def open_ledger(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Ledger:
    """Open the ledger of ``settings.ledger_url``, creating it where there never was one.

    Raises:
        LedgerDamagedError: it is missing although its anchor is there, is cut short, has damaged
            pages, or its chain does not verify.
        LedgerError: a newer version wrote it, or it cannot be opened.
    """
    file = sqlite_file(settings.ledger_url)
    anchor_folder = settings.home if file is None else file.parent
    anchor = audit.Anchor(anchor_folder / f"{'ledger' if file is None else file.name}.anchor")
    anchored = anchor.read()
    if file is not None:
        if anchored is not None and (not file.exists() or file.stat().st_size == 0):
            raise damaged(file.name, "is missing although its anchor is there")
        check_file(file)
    try:
        engine = open_engine(settings.ledger_url)
        key = tombstones.key_loader(settings.tombstone_key, anchor_folder / tombstones.KEY_FILE)
        engine.update_execution_options(**{tombstones.KEY_OPTION: key})
    except (OSError, SQLAlchemyError, ImportError) as error:
        raise LedgerError(
            f"The ledger cannot be opened ({type(error).__name__}).",
            remedy="Check TRIBUTARY_LEDGER_URL, the folder's rights and the database driver.",
        ) from None
    try:
        ledger = Ledger(engine, anchor, now)
        _bring_up(ledger, anchored, now)
        return ledger
    except BaseException:
        engine.dispose()
        raise


def _bring_up(ledger: Ledger, anchored: audit.Head | None, now: Callable[[], datetime]) -> None:
    with ledger.read() as connection:
        check_pages(connection)
        is_new = not inspect(connection).has_table(schema_version.name)
    if is_new and anchored is not None:
        raise damaged("The ledger", "is empty although its anchor is there")
    if not is_new:
        with ledger.read() as connection:
            links = audit.verify_chain(connection, anchored, {})
        # Only a ledger that died at its birth may lack the anchor.
        if anchored is None and links > 1:
            raise damaged("The ledger's anchor", "is missing")
    with ledger.transaction() as connection:
        migrations.migrate(connection, now())


def _busy() -> LedgerError:
    return LedgerError(
        "The ledger's file is in use and cannot be written anew.",
        remedy="Wait for what runs now, then run this again.",
    )


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except TributaryError:
        raise
    except DBAPIError as error:
        # The driver's text can hold values; its class and code cannot.
        code = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
        raise LedgerError(
            f"The ledger cannot be read or written ({code}).",
            remedy="Free the disk or end the process that holds it, then run this again.",
        ) from None
