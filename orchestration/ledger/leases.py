"""Who sends for a vendor account: exactly one process at a time.

What lives here: taking, keeping and giving back a lease, and its fencing token.
What never does: sending. Correctness rests on the token, not on clocks: a holder whose token is
no longer the newest can write nothing.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, select

from orchestration.ledger.errors import LeaseHeldError, LeaseLostError
from orchestration.ledger.statements import upsert
from orchestration.ledger.tables import lease as lease_table

LEASE_SECONDS = 60
HEARTBEAT_SECONDS = 10


@dataclass(frozen=True)
class Lease:
    """The right to send for one account; every write shows ``fencing_token``."""

    destination: str
    account_id: str
    holder: str
    fencing_token: int


def acquire(
    connection: Connection, destination: str, account_id: str, holder: str, at: datetime
) -> Lease:
    """Take the lease where it is free, expired, or left behind by a process that is gone.

    Raises:
        LeaseHeldError: a live process holds it.
    """
    row = connection.execute(select(lease_table).where(_is(destination, account_id))).first()
    if row is not None and row.holder is not None:
        expired = row.expires_at <= at
        if not expired and not is_gone(row.holder):
            raise LeaseHeldError(
                f"Another process sends for {destination} account '{account_id}'.",
                remedy=f"Wait until it ends, or {LEASE_SECONDS} seconds after it stopped.",
            )
    token = 1 if row is None else int(row.fencing_token) + 1
    taken = Lease(destination, account_id, holder, token)
    _write(connection, taken, holder, at)
    return taken


def keep(connection: Connection, held: Lease, at: datetime) -> None:
    """Prove that we hold the lease still and move its expiry on.

    Raises:
        LeaseLostError: another process took it over.
    """
    check(connection, held)
    _write(connection, held, held.holder, at)


def check(connection: Connection, held: Lease) -> None:
    """Stop a stale holder inside the transaction that would write its results.

    Raises:
        LeaseLostError: the token is no longer the newest.
    """
    token = connection.execute(
        select(lease_table.c.fencing_token).where(_is(held.destination, held.account_id))
    ).scalar()
    if token != held.fencing_token:
        raise LeaseLostError(
            f"The lease for {held.destination} account '{held.account_id}' was taken over.",
            remedy="Let the other process finish; nothing that it does not know was written.",
        )


def release(connection: Connection, held: Lease, at: datetime) -> None:
    """Give the lease back; silently nothing where it was taken over meanwhile."""
    try:
        check(connection, held)
    except LeaseLostError:
        return
    _write(connection, held, None, at)


@dataclass(frozen=True)
class LeaseState:
    """Whether a process may still be sending, and the newest token; 0 where nobody ever sent."""

    is_held: bool
    fencing_token: int


def look(
    connection: Connection, destination: str, account_id: str, at: datetime
) -> LeaseState:
    """How the account's lease stands. Takes nothing."""
    row = connection.execute(select(lease_table).where(_is(destination, account_id))).first()
    if row is None:
        return LeaseState(is_held=False, fencing_token=0)
    is_held = row.holder is not None and row.expires_at > at and not is_gone(row.holder)
    return LeaseState(is_held, int(row.fencing_token))


def this_process() -> str:
    """The name of this process as a holder: machine, process id, start time."""
    return f"{_machine()}|{os.getpid()}|{_start_time(os.getpid())}"


def is_gone(holder: str) -> bool:
    """True where the holder ran on this machine and runs no more. Unknown is: it runs."""
    machine, separator, process = holder.rpartition("|")[0].rpartition("|")
    if not separator or machine != _machine() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The same number can be another process by now.
    return _start_time(int(process)) != holder.rpartition("|")[2]


def _machine() -> str:
    # In containers that share a disk, equal host names are possible: the boot and the process
    # namespace tell them apart.
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(os.stat("/proc/self/ns/pid").st_ino))
    except OSError:
        pass
    return "/".join(parts)


def _start_time(process: int) -> str:
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown"
    # Field 22; the name in brackets may itself hold blanks.
    return text.rpartition(")")[2].split()[19]


def _write(connection: Connection, held: Lease, holder: str | None, at: datetime) -> None:
    upsert(
        connection,
        lease_table,
        [
            {
                "destination": held.destination,
                "account_id": held.account_id,
                "holder": holder,
                "fencing_token": held.fencing_token,
                "heartbeat_at": at,
                "expires_at": at + timedelta(seconds=LEASE_SECONDS),
            }
        ],
    )


def _is(destination: str, account_id: str) -> ColumnElement[bool]:
    return and_(lease_table.c.destination == destination, lease_table.c.account_id == account_id)
