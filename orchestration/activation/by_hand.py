"""Opt-outs that a person records by hand.

What lives here: which scopes are meant, one transaction per person.
What never does: reading files or printing; opt-ins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.activation.connected import connected_destinations
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.optouts import SCOPES, OptedOut, Scope, opt_out
from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.ledger import Ledger
from orchestration.ledger.facts import Objection, Subject
from orchestration.settings import Settings


@dataclass(frozen=True)
class Named:
    """Somebody as she was named, with the address in clear where there is one."""

    subject: Subject
    address: str | None

    def __repr__(self) -> str:
        return f"Named({self.subject[0]})"


def opt_out_by_hand(
    settings: Settings,
    ledger: Ledger,
    named: Sequence[Named],
    channel: str | None,
    purpose: str | None,
    *,
    now: Callable[[], datetime],
) -> OptedOut:
    """Record an opt-out of everybody named and put out what follows.

    Raises:
        ConfigurationError: nobody is named, or no scope has both channel and purpose.
        UnknownNameError: no such channel or purpose.
    """
    scopes = _scopes(channel, purpose)
    if not named:
        raise ConfigurationError(
            "Nobody is named.", remedy="Give --email-file, --phone-file or --customer-id."
        )
    lookup, connected = SnapshotLookup(settings), connected_destinations(settings)
    recorded, rows = 0, Counter[tuple[str, str, str]]()
    for one in named:
        with ledger.transaction() as connection:
            at = now()
            # Said again, it is said anew: a later no must outlast a yes in between.
            event = f"by_hand|{at.isoformat()}"
            clear = {one.subject[1]: one.address} if one.address else {}
            said = Objection(frozenset({one.subject}), tuple(scopes), event, at, clear)
            done = opt_out(connection, connected, lookup, [said], at)
        recorded += done.suppression_count
        rows.update(done.rows)
    return OptedOut(recorded, dict(rows))


def _scopes(channel: str | None, purpose: str | None) -> list[Scope]:
    for kind, name, place in (("channel", channel, 0), ("purpose", purpose, 1)):
        known = sorted({scope[place] for scope in SCOPES})
        if name is not None and name not in known:
            raise UnknownNameError(kind, name, known)
    scopes = [one for one in SCOPES if channel in (None, one[0]) and purpose in (None, one[1])]
    if not scopes:
        raise ConfigurationError(
            f"Nothing is sent for {purpose} by {channel}.",
            remedy="Known: " + ", ".join(f"{one[0]} {one[1]}" for one in SCOPES) + ".",
        )
    return scopes
