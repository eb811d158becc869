"""One person as of now: the batch profile, and consent with whatever arrived since.

What lives here: finding her, overlaying the ledger's consent, masking contact data.
What never does: HTTP; a rule about who said yes (the build's and the ledger's are read).

Consent as of now: a standing suppression is a no; else the later of what the build and the ledger
hold, where a no wins ties. Unknown is no permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import payloads
from orchestration.activation.optouts import REACHED_BY
from orchestration.ledger import Ledger, consent_events, customer_ids, facts, tombstones
from orchestration.ledger.consent_events import OPTED_IN, OPTED_OUT, ConsentState
from orchestration.ledger.facts import SHARED_BY_MAX, Subject
from orchestration.profiles.named import Named
from orchestration.profiles.snapshot import Snapshot, Snapshots

UNKNOWN = "unknown"
# (channel, purpose) -> what the columns of the golden record begin with.
SCOPES: Mapping[tuple[str, str], str] = {
    ("email", "marketing"): "email_marketing",
    ("sms", "marketing"): "sms_marketing",
    ("ads", "ads_sharing"): "ads_sharing",
    ("ads", "sale"): "sale",
    ("email", "profiling"): "profiling",
}
# What a build held of consent is old as soon as somebody chooses: it leaves by ``consent`` only.
CONSENT_COLUMNS = frozenset(
    {f"{name}_{what}" for name in SCOPES.values() for what in ("state", "source", "stated_at")}
    | {"is_email_suppressed", "is_sms_suppressed", "is_ads_suppressed", "gpc_seen_at"}
)


@dataclass(frozen=True)
class Consent:
    """What holds for one channel and purpose. ``origin``: ledger, build, or unknown."""

    channel: str
    purpose: str
    state: str
    since: datetime | None
    is_suppressed: bool
    origin: str


@dataclass(frozen=True)
class Found:
    """One person. ``customer_id`` is None where only the ledger knows the address."""

    build_id: str | None
    customer_id: str | None
    profile: Mapping[str, Any]
    contact: Mapping[str, Any]
    consent: tuple[Consent, ...]

    def __repr__(self) -> str:
        return f"Found(build {self.build_id}, {len(self.consent)} states)"


class AmbiguousError(Exception):
    """Several customers have the address."""


def find(snapshots: Snapshots, ledger: Ledger, named: Named, *, is_full: bool) -> Found | None:
    """The person, or None where neither a build nor the ledger knows her, or she was erased.

    Args:
        is_full: contact data in clear, else masked.

    Raises:
        AmbiguousError: an address that several customers have.
        NoSnapshotError: nothing is published, or not by this version.
        LedgerError: the ledger cannot be read; nothing is answered then.
    """
    with snapshots.opened() as snapshot, ledger.read() as connection:
        known = _customers(snapshot, named)
        if len(known) > 1:
            raise AmbiguousError
        named_ids = {value for kind, value in named.subjects if kind == "customer_id"}
        people = customer_ids.same_people(connection, known | named_ids)
        if _is_erased(connection, people):
            return None
        current, batch = _current(snapshot, known | named_ids, people) or (None, {})
        contact = {} if current is None else snapshot.contact(current)
        # As the gate will ask: by what a delivery would carry, and by what she is asked for here.
        sent = set() if current is None else payloads.subjects(current, contact)
        consent = _consent(connection, batch, _Subjects(named.subjects, sent, people))
        if current is None and all(one.origin == UNKNOWN for one in consent):
            return None
        return Found(
            snapshot.build_id,
            current,
            {name: value for name, value in batch.items() if name not in CONSENT_COLUMNS},
            contact if is_full else masked(contact),
            consent,
        )


def masked(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Enough for a person to recognise herself, and nobody else."""
    return {name: None if value is None else _mask(str(value)) for name, value in contact.items()}


def _mask(value: str) -> str:
    local, at, domain = value.partition("@")
    if at:
        return f"{local[:1]}***@{domain[:1]}***.{domain.rpartition('.')[2]}"
    if value.startswith("+"):
        return f"{value[:2]}***{value[-2:]}"
    return f"{value[:1]}***"


def _customers(snapshot: Snapshot, named: Named) -> set[str]:
    if named.identifier_digest is not None:
        found = snapshot.customers_by_identifier(named.identifier_digest)
        if found:
            return found
    return {
        one
        for subject in named.subjects
        if subject[0] in ("email_sha256", "phone_sha256")
        for one in snapshot.customers_by_subject(subject, SHARED_BY_MAX)
    }


def _current(
    snapshot: Snapshot, asked: set[str], people: set[str]
) -> tuple[str, dict[str, Any]] | None:
    """The id that the published build knows her by (an old one leads to it), and her profile.

    Raises:
        AmbiguousError: an old id that lives on in several.
    """
    for ids in (asked, people):
        known = [
            (one, profile)
            for one in sorted(ids)
            if (profile := snapshot.profile(one)) is not None
        ]
        if len(known) > 1:
            raise AmbiguousError
        if known:
            return known[0]
    return None


def _is_erased(connection: Connection, people: set[str]) -> bool:
    if not people or not tombstones.is_anybody_buried(connection):
        return False
    key = tombstones.key_of(connection)
    return bool(tombstones.buried(connection, key, {("customer_id", one) for one in people}))


@dataclass(frozen=True)
class _Subjects:
    """By what she is asked for, by what a delivery would carry, and every id that she ever had."""

    asked: Set[Subject]
    sent: Set[Subject]
    people: Set[str]

    def of_channel(self, channel: str) -> set[Subject]:
        """Those that bind the channel: a phone that a family shares says nothing of their mail."""
        return {
            *self.asked,
            *(one for one in self.sent if one[0] in ("customer_id", *REACHED_BY[channel])),
        }


def _consent(
    connection: Connection, batch: Mapping[str, Any], subjects: _Subjects
) -> tuple[Consent, ...]:
    every = {*subjects.asked, *subjects.sent, *(("customer_id", one) for one in subjects.people)}
    states = consent_events.states(connection, every)
    suppressed = facts.suppressed_anywhere(connection, {*subjects.asked, *subjects.sent})
    is_barred = bool(batch.get("is_minor") or batch.get("is_deletion_requested"))
    found = []
    for (channel, purpose), name in SCOPES.items():
        binding = subjects.of_channel(channel)
        about = [one for one in states if (one.channel, one.purpose) == (channel, purpose)]
        said = _said(about, binding)
        is_suppressed = any((one, channel, purpose) in suppressed for one in binding)
        state, since, origin = _newer(said, _batch_said(batch, name))
        if is_suppressed or is_barred:
            state = OPTED_OUT
        origin = "ledger" if is_suppressed else origin
        found.append(Consent(channel, purpose, state, since, is_suppressed, origin))
    return tuple(found)


def _said(states: Sequence[ConsentState], binding: Set[Subject]) -> tuple[str, datetime] | None:
    """What the ledger holds: her ids are one person, of whom the newest counts; of addresses one
    no is enough, as they may be shared."""
    as_herself = [one for one in states if one.subject[0] == "customer_id"]
    newest = sorted(as_herself, key=lambda one: _rank((one.state, one.since)))[-1:]
    by_address = [
        one for one in states if one.subject[0] != "customer_id" and one.subject in binding
    ]
    held = consent_events.strictest([*newest, *by_address])
    return (held[0].state, held[0].since) if held else None


def _batch_said(batch: Mapping[str, Any], name: str) -> tuple[str, datetime] | None:
    state, shown = batch.get(f"{name}_state"), batch.get(f"{name}_stated_at")
    if state not in (OPTED_IN, OPTED_OUT):
        return None
    # A state without a time is as old as can be: whatever the ledger holds is newer.
    at = datetime.min if shown is None else datetime.fromisoformat(str(shown))
    return str(state), at if at.tzinfo else at.replace(tzinfo=UTC)


def _newer(
    ledger: tuple[str, datetime] | None, build: tuple[str, datetime] | None
) -> tuple[str, datetime | None, str]:
    if ledger is None and build is None:
        return UNKNOWN, None, UNKNOWN
    if build is None or (ledger is not None and _rank(ledger) >= _rank(build)):
        assert ledger is not None
        return (*ledger, "ledger")
    return (*build, "build")


def _rank(said: tuple[str, datetime]) -> tuple[datetime, bool]:
    return said[1], said[0] == OPTED_OUT
