"""The published snapshot, asked about one person.

What lives here: following the pointer once a question, files that stay open from one question to
the next, and the few statements over them.
What never does: the ledger; consent as of now; contact data beyond this room unmasked or unasked.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.activation.lookup import LOOKUP_FILE
from orchestration.errors import TributaryError
from orchestration.ledger.facts import Subject
from orchestration.settings import Settings

CONTACTS_FILE = "contacts.sqlite"


class NoSnapshotError(TributaryError):
    """Nothing is published, or it cannot be read."""


@dataclass(frozen=True)
class Snapshot:
    """One build's files, open, for one question at a time."""

    build_id: str
    # Of the folder: one of the same name that was written anew is another.
    inode: int
    lookup: sqlite3.Connection
    contacts: sqlite3.Connection

    def close(self) -> None:
        """Nobody asks it any more."""
        self.lookup.close()
        self.contacts.close()

    def customers_by_identifier(self, digest: str) -> set[str]:
        """Whom an identifier of the identity map leads to: nobody or one."""
        statement = "select customer_id from identifier where identifier_digest = ?"
        return {str(row[0]) for row in self.lookup.execute(statement, [digest])}

    def customers_by_subject(self, subject: Subject, limit: int) -> set[str]:
        """Who has the address; up to ``limit`` of them, as it may be shared."""
        statement = (
            "select customer_id from subject where subject_type = ? and subject_value = ? limit ?"
        )
        return {str(row[0]) for row in self.lookup.execute(statement, [*subject, limit])}

    def profile(self, customer_id: str) -> dict[str, Any] | None:
        """The batch profile without contact data; None where the build knows no such customer."""
        statement = "select profile_json from profile where customer_id = ?"
        row = self.lookup.execute(statement, [customer_id]).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def contact(self, customer_id: str) -> dict[str, Any]:
        """Her contact data in clear; empty where there is none."""
        statement = "select contact_json from contact where customer_id = ?"
        row = self.contacts.execute(statement, [customer_id]).fetchone()
        found = {} if row is None else json.loads(row[0])
        return {name: value for name, value in found.items() if name != "customer_id"}


class Snapshots:
    """Whatever snapshot is published at each question.

    A newer one counts from the next question on. Opening two files and reading what is in them
    takes longer than an answer: who asked leaves them open for the next, until the pointer moves.
    """

    def __init__(self, settings: Settings) -> None:
        self._pointer = settings.snapshot
        # Left open; append and pop are atomic.
        self._idle: deque[Snapshot] = deque()

    @contextmanager
    def opened(self) -> Iterator[Snapshot]:
        """The snapshot that is published now, for one question.

        Raises:
            NoSnapshotError: nothing is published yet, or an older version wrote it.
        """
        try:
            snapshot = self._current()
            try:
                yield snapshot
            except BaseException:
                snapshot.close()
                raise
        except sqlite3.Error as error:
            raise _unreadable(error) from error
        self._idle.append(snapshot)

    def _current(self) -> Snapshot:
        # The folder behind the pointer: a file of the old snapshot never meets one of the new.
        folder = self._pointer.resolve()
        try:
            inode = folder.stat().st_ino
        except OSError as error:
            raise _unreadable(error) from error
        while (left := self._left_open()) is not None:
            if (left.build_id, left.inode) == (folder.name, inode):
                return left
            left.close()
        lookup = _open(folder / LOOKUP_FILE)
        try:
            return Snapshot(folder.name, inode, lookup, _open(folder / CONTACTS_FILE))
        except sqlite3.Error:
            lookup.close()
            raise

    def _left_open(self) -> Snapshot | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


def _unreadable(error: Exception) -> NoSnapshotError:
    return NoSnapshotError(
        f"No snapshot can be read ({type(error).__name__}).",
        remedy="Run 'tributary build', then 'tributary publish'.",
    )


def identifier_digest(parts: Sequence[str]) -> str:
    """The key of an identifier (type, scope, value) in the lookup file."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _open(file: Path) -> sqlite3.Connection:
    # Immutable: nobody ever writes it, and no lock file may appear beside it. One question at a
    # time, of whichever thread.
    return sqlite3.connect(
        f"{file.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
