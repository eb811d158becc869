"""Whose turn it is at an account.

What lives here: holding an account's lease for a block, and waiting for whoever has it.
What never does: how a lease is kept and proved (``ledger/leases.py``); sending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from orchestration.ledger import LeaseHeldError, Ledger, leases
from orchestration.ledger.leases import Lease
from orchestration.settings import DestinationSettings

GLANCE_SECONDS = 0.5
GLANCES = 20


@contextmanager
def account_lease(
    ledger: Ledger,
    account: DestinationSettings,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    glances: int = GLANCES,
) -> Iterator[Lease]:
    """The account's lease inside the block. Whoever sends opt-outs as they come holds it for one
    round: its end is waited for.

    Args:
        glances: how often to look; between two there are ``GLANCE_SECONDS``.

    Raises:
        LeaseHeldError: another process has it for longer than that.
    """
    lease = _acquired(ledger, account, now, sleep, glances)
    try:
        yield lease
    finally:
        with ledger.transaction() as connection:
            leases.release(connection, lease, now())


def _acquired(
    ledger: Ledger,
    account: DestinationSettings,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    glances: int,
) -> Lease:
    holder = leases.this_process()
    while True:
        try:
            with ledger.transaction() as connection:
                return leases.acquire(connection, account.name, account.account_id, holder, now())
        except LeaseHeldError:
            glances -= 1
            if glances <= 0:
                raise
        sleep(GLANCE_SECONDS)
