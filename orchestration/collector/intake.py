"""What a request comes to: facts for the ledger and lines for a landing segment.

What lives here: the values that sources make and the committer stores.
What never does: how either is stored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestration.collector.subjects import Person
from orchestration.ledger.consent_events import (
    OPTED_IN,
    OPTED_OUT,
    ConsentEvent,
    PrivacyRequest,
)

# (channel, purpose)
EMAIL, SMS = ("email", "marketing"), ("sms", "marketing")
ADS_SHARING, SALE = ("ads", "ads_sharing"), ("ads", "sale")
SCOPES = (EMAIL, SMS, ADS_SHARING, SALE, ("email", "profiling"))

# No sign that an address needs: an id must not bring one into the ledger.
_EVENT_ID = re.compile(r"[A-Za-z0-9_.:/=-]{1,200}")


@dataclass(frozen=True)
class Line:
    """One row for a landing segment of the stream; ``key`` tells a repeated one."""

    stream: str
    key: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Intake:
    """Everything that one request says. ``addresses`` belong to the opt-outs of ``events``."""

    events: tuple[ConsentEvent, ...] = ()
    requests: tuple[PrivacyRequest, ...] = ()
    lines: tuple[Line, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    # (source table, row id) of the one person that events and requests are about.
    source_rows: frozenset[tuple[str, str]] = frozenset()
    # Facts whose person could not be told.
    unplaced_count: int = 0

    def __repr__(self) -> str:
        return f"Intake({len(self.events)}, {len(self.requests)}, {len(self.lines)})"


@dataclass(frozen=True)
class Origin:
    """Where a statement came from; with its scope it is unique by ``event_id``."""

    source: str
    scope: str
    topic: str
    event_id: str


def statement(
    origin: Origin,
    who: Person,
    scope: tuple[str, str],
    state: str,
    *,
    said_at: datetime | None,
    received_at: datetime,
    proof: str | None = None,
) -> ConsentEvent:
    """One consent event.

    A time that is missing or to come is the time of receipt: no sender's clock may put a word ahead
    of later ones. An opt-in whose own time is missing has no proof: it could be any old one again.
    """
    channel, purpose = scope
    at = received_at if said_at is None else min(said_at, received_at)
    is_proven = state == OPTED_IN and said_at is not None
    return ConsentEvent(
        source=origin.source,
        scope=origin.scope,
        topic=origin.topic,
        # A source may say several things at once; each is its own event.
        event_id=f"{origin.event_id}#{channel}/{purpose}",
        subjects=who.subjects,
        purpose=purpose,
        channel=channel,
        state=state,
        consented_at=at,
        received_at=received_at,
        proof=proof if is_proven else None,
    )


def of_statements(events: list[ConsentEvent], who: Person) -> Intake:
    """The intake of what one person said; without anything that names her nothing is stored."""
    placed = tuple(event for event in events if event.subjects)
    is_out = any(event.state == OPTED_OUT for event in placed)
    return Intake(
        events=placed,
        addresses=who.addresses if is_out else {},
        source_rows=who.source_rows,
        unplaced_count=len(events) - len(placed),
    )


def merged(intakes: list[Intake]) -> Intake:
    """What several people said, to be stored together; the records of one must not name another,
    so they are left out."""
    return Intake(
        events=tuple(event for one in intakes for event in one.events),
        requests=tuple(request for one in intakes for request in one.requests),
        lines=tuple(line for one in intakes for line in one.lines),
        addresses={key: value for one in intakes for key, value in one.addresses.items()},
        unplaced_count=sum(one.unplaced_count for one in intakes),
    )


def event_id_of(shown: str | None, document: Any) -> str:
    """The id that a sender gave, or a digest of what it said where it gave none we can keep."""
    if shown is not None and _EVENT_ID.fullmatch(shown):
        return shown
    content = json.dumps(document, sort_keys=True)
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
