"""Who an address belongs to, and which addresses a customer has, without the warehouse.

What lives here: the role, and its reading of the published snapshot's ``lookup.sqlite``.
What never does: writing; an address in clear (the file holds digests); the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from orchestration.errors import TributaryError
from orchestration.ledger.facts import Subject
from orchestration.ledger.statements import chunks
from orchestration.settings import Settings

LOOKUP_FILE = "lookup.sqlite"
_LOOKED_UP = 900


class NoLookupError(TributaryError):
    """The published snapshot cannot tell who an address belongs to."""


class Lookup(Protocol):
    """Who is who, by digests as ``payloads.subjects`` makes them.

    Raises (both methods): NoLookupError.
    """

    def owners(self, subjects: Set[Subject]) -> dict[Subject, set[str]]:
        """The customers who have each of the subjects; of a shared address, all who share it. What
        nobody has is absent."""
        ...

    def subjects_of(self, customer_ids: Set[str]) -> dict[str, set[Subject]]:
        """Digests of every address that each of them is known by; who has none is absent."""
        ...


class SnapshotLookup:
    """The snapshot that is published now. The pointer is followed anew by each question, so that
    a new snapshot counts at once and an old one may be deleted.

    Before anything was ever published nobody is known, which is an answer and no error.
    """

    def __init__(self, settings: Settings) -> None:
        self._pointer = settings.snapshot

    def owners(self, subjects: Set[Subject]) -> dict[Subject, set[str]]:
        """See ``Lookup.owners``."""
        statement = (
            "select subject_type, subject_value, customer_id from subject "
            "where subject_type in ('email_sha256', 'phone_sha256') and subject_value in ({})"
        )
        found = themselves(subjects)
        values = sorted({value for kind, value in subjects if kind != "customer_id"})
        for kind, value, customer_id in self._rows(statement, values):
            if (kind, value) in subjects:
                found.setdefault((kind, value), set()).add(customer_id)
        return found

    def subjects_of(self, customer_ids: Set[str]) -> dict[str, set[Subject]]:
        """See ``Lookup.subjects_of``."""
        statement = (
            "select customer_id, subject_type, subject_value from subject where customer_id in ({})"
        )
        found: dict[str, set[Subject]] = {}
        for customer_id, kind, value in self._rows(statement, sorted(customer_ids)):
            found.setdefault(customer_id, set()).add((kind, value))
        return found

    def _rows(self, statement: str, values: list[str]) -> list[tuple[str, ...]]:
        if not values:
            return []
        with self._opened() as lookup:
            if lookup is None:
                return []
            return list(_read(lookup, statement, values))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        if not self._pointer.exists():
            yield None
            return
        # The folder behind the pointer: a file of the old snapshot never meets one of the new.
        file = self._pointer.resolve() / LOOKUP_FILE
        try:
            # Immutable: nobody ever writes it, and no lock file may appear beside it.
            opened = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
            with closing(opened) as lookup:
                yield lookup
        except sqlite3.Error as error:
            raise _none(file) from error


def themselves(subjects: Set[Subject]) -> dict[Subject, set[str]]:
    """The owners of subjects that are customer ids, which no snapshot needs to tell."""
    return {one: {one[1]} for one in subjects if one[0] == "customer_id"}


def _read(
    lookup: sqlite3.Connection, statement: str, values: Iterable[str]
) -> Iterator[tuple[str, ...]]:
    for some in chunks(list(values), _LOOKED_UP):
        places = ", ".join("?" for _ in some)
        yield from lookup.execute(statement.format(places), list(some))


def _none(file: Path) -> NoLookupError:
    return NoLookupError(
        f"Snapshot {file.parent.name} cannot tell who an address belongs to.",
        remedy="An older version wrote it: run 'tributary build', then 'tributary publish'.",
    )
