"""What the vendor lists, held against what we delivered.

What lives here: the read-back of an object, and what follows from a difference.
What never does: removing or changing anybody whom we did not write, or adding anybody: whoever is
missing comes back in the next plan.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from orchestration.activation import fast_lane, gate
from orchestration.activation.account import Account, OpenDestination
from orchestration.activation.fast_lane import OptOut
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.spec import SyncSpec
from orchestration.activation.told_by_vendors import tell_again
from orchestration.activation.turns import account_lease
from orchestration.destinations.base import ReadBack
from orchestration.ledger import Ledger, delivered
from orchestration.ledger.outbox import Mandate
from orchestration.ledger.statements import SETTLED_ROWS, chunks
from orchestration.settings import Settings


@dataclass(frozen=True)
class Drift:
    """One object: members the vendor lists; of ours those that are there, and those that are not;
    people who opted out and are back; and the members that we never sent (left alone).

    Of a vendor's own record of opt-outs: those it lists; of ours those that are there, those it has
    lost; of these whom it was told again; and those that we did not tell."""

    destination: str
    object: str
    listed_count: int
    standing_count: int
    missing_count: int
    returned_count: int
    foreign_count: int


def check_drift(
    settings: Settings,
    ledger: Ledger,
    specs: Sequence[SyncSpec],
    *,
    open_destination: OpenDestination,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    jitter: Callable[[], float] = random.random,
) -> list[Drift]:
    """Read back every membership whose vendor can list it.

    Whoever is missing is in doubt from now on; whoever opted out and is back is removed again.

    Raises:
        LeaseHeldError: another process sends for the account, and went on for seconds.
        DeliveryError: the vendor does not list its members now.
    """
    found: list[Drift] = []
    asked: set[str] = set()
    for spec in specs:
        if spec.kind != "membership" or spec.destination not in settings.destinations:
            continue
        account_settings = settings.destinations[spec.destination]
        with account_lease(ledger, account_settings, now, sleep) as lease:
            account = Account(
                ledger,
                account_settings,
                lease,
                open_destination,
                now=now,
                sleep=sleep,
                jitter=jitter,
            )
            destination = account.destination(spec.object)
            if isinstance(destination, ReadBack):
                found.append(_check(account, spec, set(destination.read_back())))
            if spec.destination not in asked:
                asked.add(spec.destination)
                found += _lost_opt_outs(settings, account)
    return found


def _lost_opt_outs(settings: Settings, account: Account) -> list[Drift]:
    """The vendor's own records of opt-outs: whom somebody there lets be reached again."""
    lookup = SnapshotLookup(settings)
    return [
        Drift(
            account.name,
            one.object,
            listed_count=one.listed_count,
            standing_count=one.standing_count,
            missing_count=one.missing_count,
            returned_count=one.told_again_count,
            foreign_count=one.listed_count - one.standing_count,
        )
        for one in tell_again(account, lookup)
    ]


def _check(account: Account, spec: SyncSpec, listed: set[str]) -> Drift:
    missing: list[str] = []
    back: list[str] = []
    ours: set[str] = set()
    with account.ledger.read() as reader:
        for key, vendor_id, is_removed in delivered.stream_vendor_ids(
            reader, spec.destination, spec.object
        ):
            if not is_removed:
                ours.add(vendor_id)
                if vendor_id not in listed:
                    missing.append(key)
            elif vendor_id in listed:
                back.append(key)
    for some in chunks(missing, SETTLED_ROWS):
        with account.transaction() as connection:
            delivered.put_in_doubt(connection, spec.destination, spec.object, some)
    returned = 0
    for some in chunks(back, SETTLED_ROWS):
        with account.transaction() as connection:
            returned += _remove_again(connection, spec, some, account.now())
    return Drift(
        spec.destination,
        spec.object,
        listed_count=len(listed),
        standing_count=len(ours & listed),
        missing_count=len(missing),
        returned_count=returned,
        foreign_count=len(listed - ours) - returned,
    )


def _remove_again(
    connection: Connection, spec: SyncSpec, keys: Sequence[str], at: datetime
) -> int:
    """Those of ``keys`` who opted out: somebody else put them back, and they leave again."""
    mandate = Mandate(None, spec.destination, spec.object, spec.kind, spec.purpose)
    held = delivered.by_keys(connection, spec.destination, spec.object, keys)
    # What was sent is gone from our record; the vendor's id names her still.
    barred = gate.suppressed_keys(connection, mandate, dict.fromkeys(keys))
    fast_lane.enqueue(
        connection,
        [
            OptOut(spec.destination, spec.object, key, "remove", "{}", held[key].vendor_id)
            for key in sorted(barred)
        ],
        at,
    )
    return len(barred)
