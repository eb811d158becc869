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
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from orchestration.ledger.errors import LeaseHeldError, LeaseLostError
from orchestration.ledger.statements import upsert
from orchestration.ledger.tables import lease as lease_table

LEASE_SECONDS = 60
HEARTBEAT_SECONDS = 10

_IS_ACCOUNT = (
    lease_table.c.destination == bindparam("for_destination"),
    lease_table.c.account_id == bindparam("for_account_id"),
)
# Built once: each of a sender's transactions begins with the second.
_LEASE = select(lease_table).where(*_IS_ACCOUNT)
_KEEP = update(lease_table).where(
    *_IS_ACCOUNT, lease_table.c.fencing_token == bindparam("newest_token")
)


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
    row = _row(connection, destination, account_id)
    if row is not None and row.holder is not None:
        expired = row.expires_at <= at
        if not expired and not is_gone(row.holder):
            raise LeaseHeldError(
                f"Another process sends for {destination} account '{account_id}'.",
                remedy=f"Wait until it ends, or {LEASE_SECONDS} seconds after it stopped.",
            )
    token = 1 if row is None else int(row.fencing_token) + 1
    written = {
        "destination": destination,
        "account_id": account_id,
        "holder": holder,
        "fencing_token": token,
        **_times(at),
    }
    upsert(connection, lease_table, [written])
    return Lease(destination, account_id, holder, token)


def keep(connection: Connection, held: Lease, at: datetime) -> None:
    """Prove that we hold the lease still and move its expiry on.

    Raises:
        LeaseLostError: another process took it over.
    """
    if not _is_kept(connection, held, held.holder, at):
        raise _lost(held)


def check(connection: Connection, held: Lease) -> None:
    """Stop a stale holder inside the transaction that would write its results.

    Raises:
        LeaseLostError: the token is no longer the newest.
    """
    row = _row(connection, held.destination, held.account_id)
    if row is None or row.fencing_token != held.fencing_token:
        raise _lost(held)


def release(connection: Connection, held: Lease, at: datetime) -> None:
    """Give the lease back; silently nothing where it was taken over meanwhile."""
    _is_kept(connection, held, None, at)


@dataclass(frozen=True)
class LeaseState:
    """Whether a process may still be sending, and the newest token; 0 where nobody ever sent."""

    is_held: bool
    fencing_token: int


def look(
    connection: Connection, destination: str, account_id: str, at: datetime
) -> LeaseState:
    """How the account's lease stands. Takes nothing."""
    row = _row(connection, destination, account_id)
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


def _row(connection: Connection, destination: str, account_id: str) -> Row[Any] | None:
    given = {"for_destination": destination, "for_account_id": account_id}
    return connection.execute(_LEASE, given).first()


def _is_kept(connection: Connection, held: Lease, holder: str | None, at: datetime) -> bool:
    """Write the holder and the times; false, and nothing written, where the token is old."""
    given = {
        "for_destination": held.destination,
        "for_account_id": held.account_id,
        "newest_token": held.fencing_token,
        "holder": holder,
        **_times(at),
    }
    return connection.execute(_KEEP, given).rowcount == 1


def _times(at: datetime) -> dict[str, datetime]:
    return {"heartbeat_at": at, "expires_at": at + timedelta(seconds=LEASE_SECONDS)}


def _lost(held: Lease) -> LeaseLostError:
    return LeaseLostError(
        f"The lease for {held.destination} account '{held.account_id}' was taken over.",
        remedy="Let the other process finish; nothing that it does not know was written.",
    )
