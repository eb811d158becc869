"""The published snapshot, asked about one person.

What lives here: following the pointer once a question, and the few statements over its two files.
What never does: the ledger; consent as of now; contact data beyond this room unmasked or unasked.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
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
    """One build's files, open for one question."""

    build_id: str
    folder: Path
    lookup: sqlite3.Connection

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
        with closing(_open(self.folder / CONTACTS_FILE)) as contacts:
            statement = "select contact_json from contact where customer_id = ?"
            row = contacts.execute(statement, [customer_id]).fetchone()
        found = {} if row is None else json.loads(row[0])
        return {name: value for name, value in found.items() if name != "customer_id"}


@contextmanager
def open_snapshot(settings: Settings) -> Iterator[Snapshot]:
    """The snapshot that is published now; a newer one counts from the next question on.

    Raises:
        NoSnapshotError: nothing is published yet, or an older version wrote it.
    """
    # The folder behind the pointer: a file of the old snapshot never meets one of the new.
    folder = settings.snapshot.resolve()
    try:
        with closing(_open(folder / LOOKUP_FILE)) as lookup:
            yield Snapshot(folder.name, folder, lookup)
    except sqlite3.Error as error:
        raise NoSnapshotError(
            f"No snapshot can be read ({type(error).__name__}).",
            remedy="Run 'tributary build', then 'tributary publish'.",
        ) from error


def identifier_digest(parts: Sequence[str]) -> str:
    """The key of an identifier (type, scope, value) in the lookup file."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _open(file: Path) -> sqlite3.Connection:
    # Immutable: nobody ever writes it, and no lock file may appear beside it.
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
