"""What an opt-out or a proven opt-in sets off, in the transaction that records it.

What lives here: the two roles, and the least of the first: the addresses themselves are suppressed.
What never does: who is meant by an address; which destinations there are.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from orchestration.ledger import facts
from orchestration.ledger.facts import Objection

Subject = tuple[str, str]
# (channel, purpose)
Scope = tuple[str, str]


class OptOuts(Protocol):
    """Whoever makes an opt-out true everywhere."""

    def opt_out(
        self, connection: Connection, objections: Sequence[Objection], at: datetime
    ) -> None:
        """Suppress the subjects, all of ``facts.SUBJECT_TYPES``, and let the channels know, in
        the caller's transaction."""
        ...


class OptIns(Protocol):
    """Whoever lifts what an earlier opt-out of the same person set off."""

    def opt_in(
        self,
        connection: Connection,
        subjects: Set[Subject],
        scope: Scope,
        consented_at: datetime,
        proof: str,
        at: datetime,
    ) -> None:
        """Allow the subjects again, but those with a suppression that is not older, in the caller's
        transaction."""
        ...


class SuppressionsOnly:
    """Suppresses what the gate looks for; nothing is added any more to anybody so named."""

    def opt_out(
        self, connection: Connection, objections: Sequence[Objection], at: datetime
    ) -> None:
        """See ``OptOuts``."""
        rows = [
            row
            for one in objections
            for scope in one.scopes
            for row in one.suppressions(scope, one.subjects)
        ]
        facts.suppress(connection, rows, at)
