"""One rate per vendor account, kept across requests, plans and processes.

What lives here: when the next request of a bucket may go, and the pause that a vendor asked for.
What never does: requests; which limits a vendor has (its plug-in declares them).

A window that slides from answer to answer can break no fixed window of the vendor, whatever the
latency: a request counts from its answer on, when the vendor has surely counted it. Requests are
granted in blocks, so that not each of them costs a durable write; what a dead process may have used
of its block counts as used.

Half of a minute's requests may go at once; the others go evenly. Used up all at once, they would
leave an opt-out waiting for half a minute; evenly, it waits for one turn.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection

from orchestration.activation.backoff import PATIENCE_SECONDS
from orchestration.destinations.base import DeliveryError, RetriableError
from orchestration.destinations.pace import DAY_SECONDS, MINUTE_SECONDS, Rate
from orchestration.ledger import buckets
from orchestration.ledger.buckets import Bucket, Grant

# Rows that passed the gate wait no longer than this for their request.
GATED_SECONDS = 1.0
# A block is good for this long; unused places in it lapse.
BLOCK_SECONDS = 1.0
# Without a limit per second, requests granted at once.
BLOCK_REQUESTS = 10
ACCOUNT_BUCKET = "account"

Transaction = Callable[[], AbstractContextManager[Connection]]


class NotYetError(DeliveryError):
    """No request of the batch has gone and none may go for ``seconds``: its rows pass the gate
    again afterwards, for whoever opts out meanwhile."""

    def __init__(self, destination: str, seconds: float) -> None:
        super().__init__(
            f"{destination} takes its next request in {seconds:.0f} seconds.",
            remedy="Wait; nothing was sent.",
        )
        self.seconds = seconds


@dataclass
class _Spent:
    """One bucket in memory: answers as (when, requests), and what is left of the block."""

    answers: deque[Grant] = field(default_factory=deque)
    granted_until: datetime | None = None
    taken_at: datetime | None = None
    left: int = 0
    under_way: int = 0


class LedgerPacer:
    """The pacer of the process that holds the account's lease. Threads may share it: no more of
    them than the smallest window holds, since a request without an answer frees no place."""

    def __init__(
        self,
        destination: str,
        account_id: str,
        transaction: Transaction,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        before_request: Callable[[], None] = lambda: None,
    ) -> None:
        """``before_request`` is called ahead of each turn: what is more urgent goes first."""
        self._account = (destination, account_id)
        self._transaction = transaction
        self._now = now
        self._wait = wait
        self._before_request = before_request
        self._spent: dict[str, _Spent] = {}
        self._blocked_until: datetime | None = None
        self._blocked_seconds = 0.0
        self._is_batch_fresh = False
        # Held for a look and a step, never while somebody waits.
        self._lock = threading.Lock()
        with transaction() as connection:
            held = buckets.read(connection, *self._account)
        for name, bucket in held.items():
            if name == ACCOUNT_BUCKET:
                self._blocked_until = bucket.blocked_until
                self._blocked_seconds = sum(count for _, count in bucket.grants)
            else:
                self._spent[name] = _Spent(deque(bucket.grants))

    def now(self) -> datetime:
        """See ``Pacer.now``."""
        return self._now()

    def wait(self, rate: Rate) -> None:
        """See ``Pacer.wait``."""
        self._before_request()
        self._wait_for_vendor()
        while (seconds := self._take(rate)) > 0:
            self._wait_at_the_gate(seconds)

    def _take(self, rate: Rate) -> float:
        """Take a place, or the seconds until there can be one."""
        with self._lock:
            spent = self._spent.setdefault(rate.bucket, _Spent())
            seconds = self._seconds_left(spent, rate)
            if seconds > 0:
                return seconds
            if spent.left == 0 or spent.granted_until is None or spent.granted_until <= self._now():
                self._grant(spent, rate)
            spent.left -= 1
            spent.under_way += 1
            spent.taken_at = self._now()
            self._is_batch_fresh = False
            return 0.0

    def answered(self, rate: Rate) -> None:
        """See ``Pacer.answered``."""
        with self._lock:
            spent = self._spent[rate.bucket]
            spent.under_way -= 1
            spent.answers.append((self._now(), 1))

    def pause(self, seconds: float) -> None:
        """See ``Pacer.pause``."""
        self._wait(seconds)

    def block(self, seconds: float) -> None:
        """The vendor asked for a pause of the whole account; it outlives this process."""
        now = self._now()
        self._blocked_until, self._blocked_seconds = now + timedelta(seconds=seconds), seconds
        asked = Bucket(((now, ceil(seconds)),), self._blocked_until)
        with self._transaction() as connection:
            buckets.write(connection, *self._account, ACCOUNT_BUCKET, asked)

    def give_back(self) -> None:
        """What is left of every block, at the end of the work: who comes next may have it."""
        with self._lock, self._transaction() as connection:
            for name, spent in self._spent.items():
                if spent.left and not spent.under_way:
                    spent.left = 0
                    buckets.write(connection, *self._account, name, Bucket(tuple(spent.answers)))

    def begin_batch(self) -> None:
        """Rows passed the gate just now; until the first of them goes nobody waits long for a
        turn."""
        self._is_batch_fresh = True

    def end_batch(self) -> None:
        """Nothing that passed the gate waits any more."""
        self._is_batch_fresh = False

    def _wait_for_vendor(self) -> None:
        if self._blocked_until is None:
            return
        left = (self._blocked_until - self._now()).total_seconds()
        # A clock that was set back makes nobody wait longer than the vendor asked for.
        seconds = min(left, self._blocked_seconds)
        if seconds > 0:
            self._wait_at_the_gate(seconds)
        self._blocked_until = None

    def _wait_at_the_gate(self, seconds: float) -> None:
        if seconds > PATIENCE_SECONDS:
            raise _too_long(self._account[0], seconds)
        if self._is_batch_fresh and seconds > GATED_SECONDS:
            raise NotYetError(self._account[0], seconds)
        self._wait(seconds)

    def _seconds_left(self, spent: _Spent, rate: Rate) -> float:
        """How long until every window has room for one more request."""
        now, longest = self._now(), 0.0
        self._forget(spent, rate, now)
        for seconds, requests in rate.windows:
            begin, used = now - timedelta(seconds=seconds), spent.under_way
            waits = [(at, count) for at, count in spent.answers if at > begin]
            used += sum(count for _, count in waits)
            if seconds == MINUTE_SECONDS and requests <= used * 2 < requests * 2:
                ages = [((at - begin).total_seconds(), count) for at, count in waits]
                pause = _even_pause(requests - used, ages)
                longest = max(longest, _left_of(pause, spent.taken_at, now))
            for at, count in waits:
                if used < requests:
                    break
                used -= count
                longest = max(longest, (at - begin).total_seconds())
        # A hair more: the vendor's window ends where ours does.
        return longest + 0.001 if longest > 0 else 0.0

    def _forget(self, spent: _Spent, rate: Rate, now: datetime) -> None:
        longest = max((seconds for seconds, _ in rate.windows), default=0.0)
        begin = now - timedelta(seconds=longest)
        while spent.answers and spent.answers[0][0] <= begin:
            spent.answers.popleft()
        # A clock that jumped back must not make the past the future: nothing waits longer for it.
        while spent.answers and spent.answers[-1][0] > now + timedelta(seconds=BLOCK_SECONDS):
            at, count = spent.answers.pop()
            spent.answers.appendleft((min(at, now), count))
        if longest == DAY_SECONDS:
            spent.answers = _by_minute(spent.answers, now)

    def _grant(self, spent: _Spent, rate: Rate) -> None:
        """Take a block of requests, durably, before the first of them goes."""
        until = self._now() + timedelta(seconds=BLOCK_SECONDS)
        spent.left = rate.burst_per_second or BLOCK_REQUESTS
        spent.granted_until = until
        known = (*spent.answers, (until, spent.left + spent.under_way))
        with self._transaction() as connection:
            buckets.write(connection, *self._account, rate.bucket, Bucket(known))


def _even_pause(free: int, leaving: Iterable[tuple[float, int]]) -> float:
    """Seconds from one request to the next, so that nobody ever has to wait longer than that:
    ``free`` places now, and (in so many seconds, so many more), the soonest first."""
    pause = 0.0
    for seconds, count in leaving:
        pause = max(pause, seconds / free)
        free += count
    return pause


def _left_of(pause: float, taken_at: datetime | None, now: datetime) -> float:
    if taken_at is None:
        return 0.0
    # A clock that was set back makes nobody wait longer than a turn.
    return min(pause - (now - taken_at).total_seconds(), pause)


def _by_minute(answers: deque[Grant], now: datetime) -> deque[Grant]:
    """Answers older than a minute, added up per minute at its last answer: never counted short."""
    young = now - timedelta(seconds=MINUTE_SECONDS)
    merged: deque[Grant] = deque()
    for at, count in answers:
        last = merged[-1] if merged else None
        if last is not None and at <= young and _minute(last[0]) == _minute(at):
            merged[-1] = (at, last[1] + count)
        else:
            merged.append((at, count))
    return merged


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _too_long(destination: str, seconds: float) -> RetriableError:
    return RetriableError(
        f"{destination} takes no requests for another {seconds:.0f} seconds.",
        remedy="Deliver again then; nothing is lost.",
        retry_after_seconds=seconds,
    )
