"""Opt-outs on their way as they come: the loop of a process that stays.

What lives here: looking into the outbox, one thread per account that has opt-outs, the pauses of an
account that takes nothing.
What never does: rows of a plan, additions, the warehouse; how rows are sent (``sender.py``).

Any number of processes may serve: the account's lease lets one of them send at a time, the others
look again. Held for one round only, it leaves room for whoever delivers plans, who sends waiting
opt-outs first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import httpx

from orchestration.activation import unanswered
from orchestration.activation.account import Account, OpenDestination
from orchestration.activation.connected import connected_destinations
from orchestration.activation.errors import StoppedError
from orchestration.activation.sender import send_opt_outs
from orchestration.activation.turns import account_lease
from orchestration.destinations.registry import open_destination
from orchestration.errors import TributaryError
from orchestration.ledger import LeaseHeldError, Ledger, LedgerError, outbox, utc_now
from orchestration.ledger.leases import Lease
from orchestration.settings import DestinationSettings, Settings

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 0.5
PAUSE_CAP_SECONDS = 30.0
# A key that expired is a person's matter; asking more often is no use to anybody.
FATAL_PAUSE_SECONDS = 60.0
# How often requests without an answer are looked at whose time is over.
LOOK_SECONDS = 30.0
# A failed request ends the round: the pause is the loop's, and the lease is free meanwhile.
ATTEMPTS_A_ROUND = 1


@dataclass(frozen=True)
class _Trouble:
    """Why an account took nothing; ``is_fatal``: it will not by itself."""

    reason: str
    is_fatal: bool = False


@dataclass
class _Lane:
    """One account: its round under way, its failures in a row, when it is asked again, and the
    trouble that was told of last."""

    settings: DestinationSettings
    round: Future[_Trouble | None] | None = None
    failures: int = 0
    due_at: float = field(default=0.0)
    told: _Trouble | None = None

    def pause_seconds(self) -> float:
        if self.told is not None and self.told.is_fatal:
            return FATAL_PAUSE_SECONDS
        doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures - 1, 16)
        return min(PAUSE_CAP_SECONDS, doubled)


@dataclass(frozen=True)
class _Serving:
    ledger: Ledger
    open_destination: OpenDestination
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    stop: Callable[[], bool]

    def sleep_or_stop(self, seconds: float) -> None:
        """
        Raises:
            StoppedError: the process is to end; what is not decided stays in the outbox.
        """
        self.sleep(seconds)
        if self.stop():
            raise StoppedError("the service ends", is_fatal=False)


def serve_opt_outs(
    settings: Settings,
    ledger: Ledger,
    open_destination: OpenDestination,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    stop: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Send opt-outs until ``stop`` says so; a request that is under way is answered or times out
    first. Whoever cannot wait for that may kill the process: nothing is lost.

    Args:
        open_destination: (name, object, settings, pacer) -> plug-in; makes no call.
        sleep: takes seconds and may return sooner when the process is to end.
        clock: seconds for the pauses of accounts that take nothing.
    """
    work = _Serving(ledger, open_destination, now, sleep, stop)
    lanes = {
        name: _Lane(one) for name, one in connected_destinations(settings).destinations.items()
    }
    looked_at = clock() - LOOK_SECONDS
    with ThreadPoolExecutor(max(1, len(lanes)), thread_name_prefix="opt-outs") as threads:
        while not stop():
            if clock() - looked_at >= LOOK_SECONDS:
                looked_at = clock()
                _look_again(ledger, now())
            _settle_rounds(lanes, clock)
            for name in _waiting(ledger):
                lane = lanes.get(name)
                if lane is not None and lane.round is None and lane.due_at <= clock():
                    lane.round = threads.submit(_round, work, lane.settings)
            sleep(POLL_SECONDS)


def run_serving(settings: Settings, ledger: Ledger, stop: threading.Event) -> None:
    """``serve_opt_outs`` with the real clock and vendors, until the event is set."""
    # One for all rounds: connections stay open, and certificates are read once.
    with httpx.HTTPTransport() as transport:
        serve_opt_outs(
            settings,
            ledger,
            partial(open_destination, transport=transport),
            utc_now,
            lambda seconds: _wait(stop, seconds),
            stop.is_set,
        )


def send_now(
    settings: Settings,
    ledger: Ledger,
    open_destination: OpenDestination,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    rounds: int = 10,
) -> dict[str, str]:
    """Send what waits for every account, a few rounds and no more; why an account took nothing.

    For a command that must know what came of it. Where a process serves, that one sends.
    """
    work = _Serving(ledger, open_destination, now, sleep, lambda: False)
    connected = connected_destinations(settings).destinations
    troubles: dict[str, str] = {}
    for number in range(rounds):
        waiting = [name for name in _waiting(ledger) if name in connected]
        if not waiting or (troubles and set(waiting) <= troubles.keys()):
            break
        if number:
            sleep(FIRST_PAUSE_SECONDS)
        for name in waiting:
            trouble = _round(work, connected[name])
            if trouble is not None:
                troubles[name] = trouble.reason
    return troubles


def _wait(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


def _waiting(ledger: Ledger) -> list[str]:
    try:
        with ledger.read() as reader:
            return outbox.opt_out_destinations(reader)
    except LedgerError as error:
        logger.error("Opt-outs wait: %s", error.what)
        return []


def _look_again(ledger: Ledger, at: datetime) -> None:
    try:
        unanswered.look_again(ledger, at)
    except LedgerError as error:
        logger.error("Requests without an answer wait: %s", error.what)


def _settle_rounds(lanes: dict[str, _Lane], clock: Callable[[], float]) -> None:
    for name, lane in lanes.items():
        if lane.round is None or not lane.round.done():
            continue
        trouble, lane.round = lane.round.result(), None
        before, lane.told = lane.told, trouble
        if trouble is None:
            lane.failures = 0
            if before is not None:
                logger.warning("Opt-outs to %s go again.", name)
            continue
        lane.failures += 1
        lane.due_at = clock() + lane.pause_seconds()
        if trouble != before:
            # Once: a vendor that is down for a day is one line and not three thousand.
            logger.warning("Opt-outs to %s wait (%s); it is asked again.", name, trouble.reason)


def _round(work: _Serving, settings: DestinationSettings) -> _Trouble | None:
    """Send what waits for one account; why the account must pause, if it must."""
    try:
        with account_lease(work.ledger, settings, work.now, work.sleep, glances=1) as lease:
            return _send(work, settings, lease)
    except LeaseHeldError:
        # Whoever holds it sends them: look again at the next poll.
        return None
    except StoppedError as stop:
        return _Trouble(stop.reason, stop.is_fatal)
    except TributaryError as error:
        return _Trouble(error.what)
    except Exception as error:
        # A plug-in's own mistake stops its account and no other. Its text may hold values: the
        # class must do.
        return _Trouble(f"unexpected {type(error).__name__}")


def _send(
    work: _Serving, settings: DestinationSettings, lease: Lease
) -> _Trouble | None:
    account = Account(
        work.ledger,
        settings,
        lease,
        work.open_destination,
        now=work.now,
        sleep=work.sleep_or_stop,
        jitter=lambda: 1.0,
        attempts=ATTEMPTS_A_ROUND,
    )
    try:
        troubles = send_opt_outs(account)
    finally:
        # A round is short: else each would use up a block, and a minute's places in a few rounds.
        account.give_back_places()
    if not troubles:
        return None
    return _Trouble("; ".join(f"{where.object}: {why}" for where, why in troubles.items()))
