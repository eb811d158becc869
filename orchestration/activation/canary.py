"""A person who does not exist opts out, and every connected channel is asked whether she is gone.

What lives here: her opt-out, its sending, what each channel shows afterwards.
What never does: a real person's address (refused); the warehouse; additions.

A vendor with its own record of opt-outs must show hers; a list must take her removal and not list
her. What a vendor does not let anybody read is ``accepted``: it took the call with our credential.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orchestration.activation import fast_lane, payloads, turns
from orchestration.activation.account import Account, OpenDestination
from orchestration.activation.connected import connected_destinations
from orchestration.activation.deliver import DeliveryReport, deliver, side_by_side
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.lookup import Lookup, SnapshotLookup, themselves
from orchestration.activation.optouts import SCOPES, opt_out
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.base import ReadBack
from orchestration.destinations.optouts import OptOutReading
from orchestration.destinations.registry import OPT_OUT_OBJECTS
from orchestration.errors import ConfigurationError, TributaryError
from orchestration.ledger import Ledger, audit, delivered, facts
from orchestration.ledger.facts import Objection, Subject
from orchestration.settings import CanarySettings, DestinationSettings, Settings

ABSENT, ACCEPTED, BROKEN, UNTESTED = "absent", "accepted", "broken", "untested"
PATIENCE = timedelta(seconds=60)
GLANCE_SECONDS = 1.0
_TAKEN = ("accepted", "accepted_unverified")
# Where a reader looks for what no vendor did: our own gate.
LEDGER = "ledger"


@dataclass(frozen=True)
class Channel:
    """What one object of a destination showed: absent, accepted, broken or untested, and why."""

    destination: str
    object: str
    state: str
    reason: str | None = None


@dataclass(frozen=True)
class _Canary:
    """Nobody, under names of this one test."""

    key: str
    email: str | None
    phone: str | None

    def __repr__(self) -> str:
        return f"_Canary({self.key})"

    @property
    def payload(self) -> dict[str, Any]:
        named = {"external_id": self.key, "email": self.email, "phone_number": self.phone}
        digests = {
            "email_sha256": self.email and payloads.email_digest(self.email),
            "phone_sha256": self.phone and payloads.phone_digest(self.phone),
        }
        return {name: value for name, value in {**named, **digests}.items() if value}

    @property
    def subjects(self) -> set[Subject]:
        return payloads.subjects(self.key, self.payload)

    def address(self, identifier: str) -> str | None:
        return self.email if identifier == "email" else self.phone


@dataclass(frozen=True)
class _Testing:
    settings: Settings
    ledger: Ledger
    canary: _Canary
    open_destination: OpenDestination
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    began_at: datetime


def opt_canary_out(
    settings: Settings,
    ledger: Ledger,
    specs: Sequence[SyncSpec],
    who: CanarySettings,
    *,
    open_destination: OpenDestination,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    lookup: Lookup | None = None,
) -> list[Channel]:
    """Test every connected channel; one entry per object, the broken ones first.

    Raises:
        ConfigurationError: no address is configured, or one belongs to a customer.
        NoLookupError: nobody can say whether it does.
    """
    if not who.is_set:
        raise ConfigurationError(
            "No canary is configured.",
            remedy="Set TRIBUTARY_CANARY_EMAIL and TRIBUTARY_CANARY_PHONE to addresses of nobody.",
        )
    at = now()
    canary = _canary(who, at)
    _refuse_real(lookup or SnapshotLookup(settings), who, canary)
    work = _Testing(settings, ledger, canary, open_destination, now, sleep, at)
    expected = _put_out(work, specs)
    report = _send(work)
    found = [_gate(work), *_judged(work, expected, report)]
    found.sort(key=lambda one: (one.state != BROKEN, one.destination, one.object))
    with ledger.transaction() as connection:
        broken = [f"{one.destination} {one.object}" for one in found if one.state == BROKEN]
        detail = {"canary": canary.key, "channels": len(found), "broken": broken}
        audit.append(connection, "canary", detail, now())
    return found


def _canary(who: CanarySettings, at: datetime) -> _Canary:
    tag = at.strftime("%Y%m%d%H%M%S")
    local, _, domain = (who.email or "").partition("@")
    return _Canary(f"canary_{tag}", f"{local}+{tag}@{domain}" if who.email else None, who.phone)


def _refuse_real(lookup: Lookup, who: CanarySettings, canary: _Canary) -> None:
    untagged = payloads.subjects(canary.key, {"email": who.email, "phone_number": who.phone})
    subjects = canary.subjects | untagged
    if lookup.owners({one for one in subjects if one[0] != "customer_id"}):
        raise ConfigurationError(
            "The canary's address belongs to a customer.",
            remedy="Set TRIBUTARY_CANARY_EMAIL and TRIBUTARY_CANARY_PHONE to addresses of nobody.",
        )


def _put_out(work: _Testing, specs: Sequence[SyncSpec]) -> set[tuple[str, str]]:
    """Her opt-out as anybody's, and her removal from every list: the objects that must take it."""
    canary, at = work.canary, work.began_at
    connected = connected_destinations(work.settings)
    expected = {
        (spec.destination, spec.object)
        for spec in specs
        if spec.kind == "membership" and spec.destination in connected.destinations
    }
    removals = [
        OptOut(*where, canary.key, "remove", json.dumps(canary.payload))
        for where in sorted(expected)
    ]
    clear = payloads.addresses(canary.payload)
    said = Objection(frozenset(canary.subjects), SCOPES, canary.key, at, clear)
    with work.ledger.transaction() as connection:
        opt_out(connection, connected, _Nobody(), [said], at)
        fast_lane.enqueue_in_order(connection, removals, at)
    for name in connected.destinations:
        for one in OPT_OUT_OBJECTS.get(name, ()):
            expected.add((name, one.object))
    return expected


def _send(work: _Testing) -> DeliveryReport:
    """Whoever serves may have sent it meanwhile; an account that is down holds up no other."""
    return deliver(
        work.settings,
        work.ledger,
        plan_hashes=(),
        open_destination=work.open_destination,
        now=work.now,
        sleep=work.sleep,
        run_accounts=side_by_side,
    )


def _gate(work: _Testing) -> Channel:
    subjects = {("customer_id", work.canary.key)}
    with work.ledger.read() as connection:
        open_scopes = [
            " ".join(scope)
            for scope in SCOPES
            if not facts.suppressed(connection, *scope, subjects)
        ]
    if open_scopes:
        return Channel(LEDGER, "gate", BROKEN, f"lets her pass: {', '.join(open_scopes)}")
    return Channel(LEDGER, "gate", ABSENT)


def _judged(
    work: _Testing, expected: set[tuple[str, str]], report: DeliveryReport
) -> Iterator[Channel]:
    clear = payloads.addresses(work.canary.payload)
    with work.ledger.read() as connection:
        told = delivered.opt_out_receipts(
            connection, [work.canary.key, *sorted(clear)], work.began_at
        )
    troubles = {one.destination: one.reason for one in report.opt_outs}
    for name in sorted({destination for destination, _ in expected}):
        mine = [row for row in told if row[0] == name]
        objects = sorted(where[1] for where in expected if where[0] == name)
        try:
            with _account(work, work.settings.destinations[name]) as account:
                for object_name in objects:
                    yield _channel(work, account, object_name, mine, troubles.get(name))
        except TributaryError as error:
            yield from (Channel(name, one, BROKEN, error.what) for one in objects)


def _channel(
    work: _Testing,
    account: Account,
    object_name: str,
    told: Sequence[tuple[str, str, str, str | None, str | None]],
    trouble: str | None,
) -> Channel:
    name = account.name
    named = [one for one in OPT_OUT_OBJECTS.get(name, ()) if one.object == object_name]
    addresses = [work.canary.address(one.identifier) for one in named]
    if named and not any(addresses):
        return Channel(name, object_name, UNTESTED, "no address of this channel is configured")
    verdicts = [row[2:4] for row in told if row[1] == object_name]
    if not verdicts:
        return Channel(name, object_name, BROKEN, trouble or "nothing was sent within the time")
    refused = [reason or verdict for verdict, reason in verdicts if verdict not in _TAKEN]
    if refused:
        return Channel(name, object_name, BROKEN, refused[-1])
    destination = account.destination(object_name)
    if isinstance(destination, OptOutReading):
        is_gone = _comes_true(
            work, lambda: all(destination.is_out(one) for one in addresses if one)
        )
    elif isinstance(destination, ReadBack):
        hers = {row[4] for row in told if row[4]}
        is_gone = _comes_true(work, lambda: hers.isdisjoint(destination.read_back()))
    else:
        return Channel(name, object_name, ACCEPTED)
    if is_gone:
        return Channel(name, object_name, ABSENT)
    return Channel(name, object_name, BROKEN, "the vendor shows her still")


def _comes_true(work: _Testing, is_true: Callable[[], bool]) -> bool:
    """Vendors take their time after they accepted."""
    until = work.now() + PATIENCE
    while not is_true():
        if work.now() >= until:
            return False
        work.sleep(GLANCE_SECONDS)
    return True


@contextmanager
def _account(work: _Testing, settings: DestinationSettings) -> Iterator[Account]:
    """The account under its lease, so that reading keeps its pace; whoever serves lets go soon.

    Raises:
        LeaseHeldError: another process has it for longer than that.
    """
    glances = int(PATIENCE.total_seconds() / turns.GLANCE_SECONDS)
    with turns.account_lease(work.ledger, settings, work.now, work.sleep, glances) as lease:
        yield Account(
            work.ledger, settings, lease, work.open_destination,
            now=work.now, sleep=work.sleep, jitter=lambda: 1.0,
        )  # fmt: skip


class _Nobody:
    """The canary has no customer id: her opt-out binds her own addresses and nobody's."""

    def owners(self, subjects: Set[Subject]) -> dict[Subject, set[str]]:
        return themselves(subjects)

    def subjects_of(self, customer_ids: Set[str]) -> dict[str, set[Subject]]:
        return {}
