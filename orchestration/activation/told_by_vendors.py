"""Opt-outs that were said to a vendor and never told to us, taken up before anything is sent there.

What lives here: reading a vendor's own record, and one opt-out for each person who is new in it;
opt-outs that a vendor has lost, told again.
What never does: opt-ins (nothing at a vendor lifts a suppression); additions.

A vendor whose record cannot be read gets no additions: nobody can say whom they would reach.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from orchestration.activation import fast_lane, payloads
from orchestration.activation.account import Account
from orchestration.activation.connected import Connected
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.lookup import Lookup
from orchestration.activation.optouts import in_clear, opt_out
from orchestration.activation.sender import send_opt_outs
from orchestration.destinations.base import DeliveryError
from orchestration.destinations.optouts import OptOutReading, VendorOptOut
from orchestration.destinations.registry import OPT_OUT_OBJECTS, OptOutObject
from orchestration.ledger import delivered, facts
from orchestration.ledger.facts import Objection, Subject
from orchestration.ledger.statements import chunks

logger = logging.getLogger(__name__)

# People in one transaction: each of them may write some ten rows.
TOGETHER = 100
_PURPOSE = {"email": "marketing", "sms": "marketing"}
_SUBJECT_TYPES = {"email": "email_sha256", "phone_number": "phone_sha256"}


@dataclass(frozen=True)
class Lost:
    """Of people whose opt-out the vendor was told: how many it knows, has lost, was told again."""

    object: str
    listed_count: int
    standing_count: int
    missing_count: int
    told_again_count: int


def take_up(account: Account, connected: Connected, lookup: Lookup) -> int:
    """Suppress whoever opted out at this vendor and is not suppressed here; how many were new.

    Raises:
        StoppedError: the vendor does not tell now; nothing may be added there.
    """
    taken = 0
    for one, told in _read_all(account):
        for some in chunks(told, TOGETHER):
            with account.transaction() as connection:
                taken += _take_up(connection, connected, lookup, one, some, account)
    if taken:
        logger.info("%s: %d opt-outs were said there and are taken up", account.name, taken)
    return taken


def tell_again(account: Account, lookup: Lookup) -> list[Lost]:
    """What the vendor has lost of the opt-outs that it took from us, and what is told again: those
    whose address stands in clear in something delivered, and who are out still.

    Raises:
        StoppedError: the vendor does not tell now.
    """
    found = []
    for one, told in _read_all(account):
        listed = {_subject(one, who.address)[1] for who in told}
        with account.transaction() as connection:
            ours = delivered.opt_outs_taken(connection, account.name, one.object)
            gone = {(_SUBJECT_TYPES[one.identifier], key) for key in ours - listed}
            out = facts.suppressed(connection, one.channel, _PURPOSE[one.channel], gone)
            rows = _rows(connection, account.name, lookup, one, out)
            fast_lane.enqueue(connection, rows, account.now())
        found.append(Lost(one.object, len(listed), len(ours & listed), len(out), len(rows)))
    return found


def _read_all(account: Account) -> Iterator[tuple[OptOutObject, list[VendorOptOut]]]:
    for one in OPT_OUT_OBJECTS.get(account.name, ()):
        destination = account.destination(one.object)
        # An object with two channels names people by the address of each.
        if isinstance(destination, OptOutReading):
            told = _read(account, destination)
            yield one, [who for who in told if ("@" in who.address) == (one.identifier == "email")]


def _read(account: Account, destination: OptOutReading) -> list[VendorOptOut]:
    """All of a vendor's record. It grows with the shop and can take minutes, so opt-outs go
    between its pages."""
    failures = 0
    while True:
        try:
            with account.giving_way(partial(send_opt_outs, account)):
                return list(destination.opted_out())
        except DeliveryError as error:
            failures += 1
            account.wait_or_stop(error, failures)


def _take_up(
    connection: Connection,
    connected: Connected,
    lookup: Lookup,
    one: OptOutObject,
    told: Sequence[VendorOptOut],
    account: Account,
) -> int:
    scope, at = (one.channel, _PURPOSE[one.channel]), account.now()
    named = {_subject(one, who.address): who for who in told}
    new = set(named) - facts.suppressed(connection, *scope, set(named))
    objections = [
        Objection(
            frozenset({subject}),
            (scope,),
            _event(account.name, one, subject, named[subject].opted_out_at),
            # A clock of the vendor that is ahead must not bar a yes that is still to come.
            min(named[subject].opted_out_at or at, at),
            {subject[1]: named[subject].address},
        )
        for subject in sorted(new)
    ]
    opt_out(connection, connected, lookup, objections, at)
    # What stood under the same event already was lifted since: that yes is later.
    return len(new & facts.suppressed(connection, *scope, new))


def _event(name: str, one: OptOutObject, subject: Subject, at: datetime | None) -> str:
    # Without a time the vendor's standing no is one event for ever: a later proven yes stands.
    said_at = "" if at is None else at.isoformat()
    return f"{name}:read_back:{one.channel}:{subject[1]}:{said_at}"


def _subject(one: OptOutObject, address: str) -> Subject:
    digest = payloads.email_digest if one.identifier == "email" else payloads.phone_digest
    return (_SUBJECT_TYPES[one.identifier], digest(address))


def _rows(
    connection: Connection, name: str, lookup: Lookup, one: OptOutObject, out: set[Subject]
) -> list[OptOut]:
    people = {one for some in lookup.owners(out).values() for one in some}
    known = in_clear(delivered.standing_of(connection, sorted(people)))
    return [
        OptOut(name, one.object, digest, "suppress", json.dumps({one.identifier: known[digest]}))
        for _, digest in sorted(out)
        if digest in known
    ]
