"""One process sends for an account; a stale holder writes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.ledger import LeaseHeldError, LeaseLostError, Ledger, leases, open_ledger
from tests.unit.activation.world import START, settings_in

ELSEWHERE = "another-machine|1|1"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(settings_in(tmp_path)) as opened:
        yield opened


def take(ledger: Ledger, holder: str, seconds: float = 0) -> leases.Lease:
    with ledger.transaction() as connection:
        moment = START + timedelta(seconds=seconds)
        return leases.acquire(connection, "meta", "1", holder, moment)


def keep(ledger: Ledger, held: leases.Lease, seconds: float) -> None:
    with ledger.transaction() as connection:
        leases.keep(connection, held, START + timedelta(seconds=seconds))


def test_a_live_lease_is_not_given_twice(ledger: Ledger) -> None:
    take(ledger, leases.this_process())
    with pytest.raises(LeaseHeldError):
        take(ledger, ELSEWHERE, 59)


def test_another_account_is_free(ledger: Ledger) -> None:
    take(ledger, ELSEWHERE)
    with ledger.transaction() as connection:
        assert leases.acquire(connection, "meta", "2", ELSEWHERE, START).fencing_token == 1


def test_a_heartbeat_moves_the_expiry(ledger: Ledger) -> None:
    held = take(ledger, ELSEWHERE)
    keep(ledger, held, 50)
    with pytest.raises(LeaseHeldError):
        take(ledger, leases.this_process(), 109)
    assert take(ledger, leases.this_process(), 110).fencing_token == 2


def test_a_stale_holder_is_fenced_off(ledger: Ledger) -> None:
    stale = take(ledger, ELSEWHERE)
    take(ledger, leases.this_process(), 60)
    with pytest.raises(LeaseLostError):
        keep(ledger, stale, 61)
    with ledger.transaction() as connection:
        leases.release(connection, stale, START)
    with pytest.raises(LeaseHeldError):
        take(ledger, ELSEWHERE, 62)


def test_a_released_lease_is_free_at_once_and_its_token_is_used_up(ledger: Ledger) -> None:
    held = take(ledger, ELSEWHERE)
    with ledger.transaction() as connection:
        leases.release(connection, held, START)
    assert take(ledger, leases.this_process()).fencing_token == 2


def test_a_process_that_is_gone_holds_nothing(ledger: Ledger) -> None:
    command = "from orchestration.ledger.leases import this_process; print(this_process())"
    gone = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert leases.is_gone(gone)
    take(ledger, gone)
    assert take(ledger, ELSEWHERE).fencing_token == 2


def test_a_reused_process_number_is_not_the_holder() -> None:
    machine = leases.this_process().rpartition("|")[0].rpartition("|")[0]
    assert not leases.is_gone(leases.this_process())
    assert leases.is_gone(f"{machine}|{os.getpid()}|1")


@pytest.mark.parametrize("holder", [ELSEWHERE, "", "unreadable", "a|b|c"])
def test_an_unknown_holder_counts_as_running(holder: str) -> None:
    assert not leases.is_gone(holder)
