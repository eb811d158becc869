"""What the collector hears, put on its way: suppressions, outbox rows, lifts.

What lives here: both roles of ``optouts.py`` with the published snapshot and what is connected.
What never does: requests, sending; who is meant and what follows (room activation).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from sqlalchemy import Connection

from orchestration.activation import optouts
from orchestration.activation.connected import connected_destinations
from orchestration.activation.lookup import SnapshotLookup
from orchestration.collector.optouts import Scope, Subject
from orchestration.ledger import facts
from orchestration.ledger.errors import LiftRefusedError
from orchestration.ledger.facts import Lift, Objection, Proof
from orchestration.settings import Settings


class Lanes:
    """Opt-outs to every connected channel at once, and proven later opt-ins back."""

    def __init__(self, settings: Settings) -> None:
        self._connected = connected_destinations(settings)
        self._lookup = SnapshotLookup(settings)

    def opt_out(
        self, connection: Connection, objections: Sequence[Objection], at: datetime
    ) -> None:
        """See ``OptOuts.opt_out``."""
        optouts.opt_out(connection, self._connected, self._lookup, objections, at)

    def opt_in(
        self,
        connection: Connection,
        subjects: Set[Subject],
        scope: Scope,
        consented_at: datetime,
        proof: str,
        at: datetime,
    ) -> None:
        """See ``OptIns.opt_in``. One subject's later no keeps back no other."""
        given = Proof(proof.partition(":")[0], proof)
        for subject_type, subject_value in sorted(subjects):
            lift = Lift(subject_type, subject_value, *scope, consented_at, given)
            try:
                facts.record_lifts(connection, [lift], at)
            except LiftRefusedError:
                continue
