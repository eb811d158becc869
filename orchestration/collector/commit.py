"""Group commit: what arrives within a few milliseconds becomes durable together.

What lives here: the one thread that writes, its queue, and how long a transaction may get.
What never does: an answer before the fact is on disk.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from orchestration.collector.errors import UnavailableError
from orchestration.collector.intake import ADS_SHARING, EMAIL, SALE, SMS, Intake
from orchestration.collector.optouts import OptIns, OptOuts, Scope, Subject
from orchestration.collector.segments import Segments
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, LedgerError, consent_events, customer_ids, facts
from orchestration.ledger.consent_events import (
    OPTED_IN,
    OPTED_OUT,
    ConsentEvent,
    PrivacyRequest,
)
from orchestration.ledger.facts import Objection
from orchestration.ledger.statements import TRANSACTION_ROWS

GATHER_SECONDS = 0.003
# Rows of one transaction that can be told beforehand. What an opt-out brings with it comes on top,
# up to three times as much, and a sender who wants to write must not wait long.
TOGETHER_ROWS = TRANSACTION_ROWS // 4
# A sender waits 5 seconds; what is committed later is known when it asks again.
ANSWER_SECONDS = 4.0
WAITING_MAX = 5_000
_IDLE_SECONDS = 1.0

# What an objection stops: whatever is sold is shared, as in fct_suppressions. An objection to
# profiling is recorded, and stops no channel.
GATED = {EMAIL: EMAIL, SMS: SMS, ADS_SHARING: ADS_SHARING, SALE: ADS_SHARING}

# (channel, purpose) pairs that each subject is out of.
Out = Mapping[Subject, Set[Scope]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Waiting:
    intake: Intake
    done: Future[None]

    def fail(self, why: str) -> None:
        self.done.set_exception(UnavailableError(why))


class Committer:
    """Writes intakes in the order in which they came. Start it, submit, stop it."""

    def __init__(
        self,
        ledger: Ledger,
        opt_outs: OptOuts,
        segments: Segments,
        now: Callable[[], datetime],
        opt_ins: OptIns | None = None,
    ) -> None:
        self._ledger = ledger
        self._opt_outs = opt_outs
        self._opt_ins = opt_ins
        self._segments = segments
        self._now = now
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._is_writable = True
        self.transaction_count = 0

    @property
    def is_writable(self) -> bool:
        """True while the thread lives and its last write succeeded."""
        return self._is_writable and self._thread.is_alive()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, close the segments, end the thread."""
        self._queue.put(None)
        self._thread.join()

    async def submit(self, intake: Intake) -> None:
        """Return when the intake is on disk.

        Raises:
            UnavailableError: it is not, or nobody knows yet.
        """
        waiting = _Waiting(intake, Future())
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise UnavailableError("too many wait") from None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.shield(asyncio.wrap_future(waiting.done))
        except TimeoutError:
            raise UnavailableError("too slow") from None

    def _run(self) -> None:
        while True:
            try:
                first = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._rotate()
                continue
            batch, is_last = self._gather(first)
            while batch:
                batch = self._write(batch)
            self._rotate()
            if is_last:
                self._segments.close()
                return

    def _gather(self, first: _Waiting | None) -> tuple[list[_Waiting], bool]:
        if first is None:
            return [], True
        batch, until = [first], time.monotonic() + GATHER_SECONDS
        while len(batch) < TRANSACTION_ROWS:
            try:
                following = self._queue.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _write(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Store a beginning of the batch; the rest."""
        try:
            count = self._store_facts(batch)
            taken = batch[:count]
            self._segments.append([line for one in taken for line in one.intake.lines])
        except (LedgerError, OSError) as error:
            self._fail(batch, error)
            return []
        except Exception as error:
            if len(batch) > 1:
                # One of them is at fault: the others must not suffer from it.
                for one in batch:
                    self._write([one])
            else:
                self._fail(batch, error)
            return []
        self._is_writable = True
        kill_point("collector_before_answer")
        for one in taken:
            one.done.set_result(None)
        return batch[count:]

    def _store_facts(self, batch: Sequence[_Waiting]) -> int:
        if not any(one.intake.events or one.intake.requests for one in batch):
            return len(batch)
        count = _together(batch)
        with self._ledger.transaction() as connection:
            self._store(connection, [one.intake for one in batch[:count]], self._now())
            kill_point("collector_before_commit")
        kill_point("collector_after_commit")
        self.transaction_count += 1
        return count

    def _store(self, connection: Connection, intakes: Sequence[Intake], at: datetime) -> None:
        known = _customers(connection, intakes)
        told: list[ConsentEvent] = []
        asked: list[PrivacyRequest] = []
        addresses: dict[str, Mapping[str, str]] = {}
        for intake, ids in zip(intakes, known, strict=True):
            events = [replace(one, subjects=one.subjects | ids) for one in intake.events]
            told += events
            asked += [replace(one, subjects=one.subjects | ids) for one in intake.requests]
            for event in events:
                # Told twice in one batch, the first counts.
                addresses.setdefault(event.name, intake.addresses)
        new = consent_events.record(connection, told, at)
        consent_events.record_requests(connection, asked, at)
        if not new:
            return
        out = _out(connection, new)
        self._opt_out(connection, new, out, addresses, at)
        self._opt_in(connection, new, out, at)

    def _opt_out(
        self,
        connection: Connection,
        new: Sequence[ConsentEvent],
        out: Out,
        addresses: Mapping[str, Mapping[str, str]],
        at: datetime,
    ) -> None:
        objections = []
        for event in new:
            said = (event.channel, event.purpose)
            scope = GATED.get(said)
            # An old opt-out that arrives after a newer, proven opt-in changes nothing.
            bound = {one for one in _gated(event) if said in out.get(one, ())}
            if event.state == OPTED_OUT and scope is not None and bound:
                digests = {value for _, value in bound}
                clear = {key: one for key, one in addresses[event.name].items() if key in digests}
                objections.append(
                    Objection(frozenset(bound), (scope,), event.name, event.consented_at, clear)
                )
        if objections:
            self._opt_outs.opt_out(connection, objections, at)

    def _opt_in(
        self, connection: Connection, new: Sequence[ConsentEvent], out: Out, at: datetime
    ) -> None:
        for event in new:
            scope = (event.channel, event.purpose)
            is_yes = event.state == OPTED_IN and GATED.get(scope) == scope
            if self._opt_ins is None or not is_yes or event.proof is None:
                continue
            # A later no of the same subject stands, and so does a no to sale against a yes to
            # sharing.
            allowed = {
                one
                for one in _gated(event)
                if scope not in {GATED.get(said) for said in out.get(one, ())}
            }
            if allowed:
                self._opt_ins.opt_in(
                    connection, allowed, scope, event.consented_at, event.proof, at
                )

    def _fail(self, batch: Sequence[_Waiting], error: Exception) -> None:
        # The class only: a message may quote a row.
        name = type(error).__name__
        self._is_writable = not isinstance(error, LedgerError | OSError)
        _log.error("not stored: %s, %d requests", name, len(batch))
        for one in batch:
            one.fail(name)

    def _rotate(self) -> None:
        try:
            self._segments.rotate()
        except OSError as error:
            _log.error("a segment was not closed: %s", type(error).__name__)


def _customers(
    connection: Connection, intakes: Sequence[Intake]
) -> list[frozenset[tuple[str, str]]]:
    """Our own ids of the person of each intake, where a build has published who her record belongs
    to."""
    rows: dict[str, set[str]] = {}
    for intake in intakes:
        for table, row in intake.source_rows:
            rows.setdefault(table, set()).add(row)
    found = {
        table: customer_ids.of_source_rows(connection, table, sorted(some))
        for table, some in sorted(rows.items())
    }
    return [
        frozenset(
            ("customer_id", one)
            for table, row in intake.source_rows
            for one in found[table].get(row, ())
        )
        for intake in intakes
    ]


def _out(connection: Connection, events: Sequence[ConsentEvent]) -> Out:
    """What every subject of the events is out of, now that all of them are recorded."""
    found: dict[Subject, set[Scope]] = {}
    subjects = {subject for event in events for subject in event.subjects}
    for one in consent_events.states(connection, subjects):
        if one.state == OPTED_OUT:
            found.setdefault(one.subject, set()).add((one.channel, one.purpose))
    return found


def _gated(event: ConsentEvent) -> set[Subject]:
    return {one for one in event.subjects if one[0] in facts.SUBJECT_TYPES}


def _together(batch: Sequence[_Waiting]) -> int:
    """How many of the batch are stored in one transaction."""
    rows = 0
    for place, one in enumerate(batch):
        rows += _least_rows(one.intake)
        if place and rows > TOGETHER_ROWS:
            return place
    return len(batch)


def _least_rows(intake: Intake) -> int:
    return len(intake.requests) + sum(1 + 2 * len(event.subjects) for event in intake.events)
