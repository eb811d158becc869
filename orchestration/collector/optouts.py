"""What an opt-out or a proven opt-in sets off, in the transaction that records it.

What lives here: the two roles, and the least of the first: the addresses themselves are suppressed.
What never does: who is meant by an address; which destinations there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from orchestration.ledger import facts

Subject = tuple[str, str]
# (channel, purpose)
Scope = tuple[str, str]


class OptOuts(Protocol):
    """Whoever makes an opt-out true everywhere."""

    def opt_out(
        self,
        connection: Connection,
        subjects: Set[Subject],
        scopes: Sequence[Scope],
        source_event: str,
        suppressed_at: datetime,
        at: datetime,
        addresses: Mapping[str, str],
    ) -> int:
        """Suppress the subjects, all of ``facts.SUBJECT_TYPES``, and let the channels know, in
        the caller's transaction; how many rows were written.

        Args:
            source_event: the same event told again changes nothing.
            addresses: digest -> address in clear, for an outbox row only.
        """
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
    ) -> int:
        """Allow the subjects again, but those with a suppression that is not older, in the caller's
        transaction; how many rows were written."""
        ...


class SuppressionsOnly:
    """Suppresses what the gate looks for; nothing is added any more to anybody so named."""

    def opt_out(
        self,
        connection: Connection,
        subjects: Set[Subject],
        scopes: Sequence[Scope],
        source_event: str,
        suppressed_at: datetime,
        at: datetime,
        addresses: Mapping[str, str],
    ) -> int:
        """See ``OptOuts``."""
        rows = [
            {
                "subject_type": kind,
                "subject_value": value,
                "channel": channel,
                "purpose": purpose,
                "source_event": source_event,
                "suppressed_at": suppressed_at,
            }
            for kind, value in sorted(subjects)
            for channel, purpose in scopes
        ]
        return facts.record_suppressions(connection, rows, at)
