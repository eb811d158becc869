"""One started plan on its way to one account: take, send, settle, until nothing waits.

What lives here: the turns, the attempts, the jobs; each step durable before the next.
What never does: starting or ending a plan (``deliver.py``), the warehouse, a vendor's wire format.

Killed anywhere, the same function run again finishes the work: what was ``sending`` goes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from orchestration.activation import gate
from orchestration.activation.backoff import delay_seconds, is_worth_waiting
from orchestration.activation.payloads import load_stale, parse, same_identifiers
from orchestration.activation.settlement import Decision, settle
from orchestration.destinations.base import (
    DeliveryError,
    Destination,
    JobPolling,
    Receipt,
    RetriableError,
    Row,
)
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, SealedPlan, delivered, leases, outbox
from orchestration.ledger.leases import HEARTBEAT_SECONDS, Lease
from orchestration.ledger.outbox import Intent
from orchestration.ledger.statements import INSERTED_ROWS, SETTLED_ROWS, chunks

# Larger requests gain nothing and stand long between the gate and the wire.
BATCH_ROWS = 10_000
JOB_FIRST_SECONDS = 0.1
JOB_CAP_SECONDS = 30.0
JOB_PATIENCE_SECONDS = 1_800.0
# A change or removal can leave older identifiers behind: they leave right after it.
TURNS = (
    outbox.REMOVE_SUPPRESSED,
    outbox.PRUNE,
    outbox.ADD,
    outbox.UPDATE,
    outbox.PRUNE,
    outbox.REMOVE,
    outbox.PRUNE,
)


class StoppedError(Exception):
    """Sending stops here for now; ``is_fatal``: nothing else of this account is tried either."""

    def __init__(self, reason: str, *, is_fatal: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_fatal = is_fatal


@dataclass(frozen=True)
class Sending:
    """All that sending a plan needs. ``progress`` hears how many rows were decided just now."""

    ledger: Ledger
    sealed: SealedPlan
    destination: Destination
    lease: Lease
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    progress: Callable[[int], None]

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that a holder without the newest lease cannot enter."""
        with self.ledger.transaction() as connection:
            leases.keep(connection, self.lease, self.now())
            yield connection

    def wait(self, seconds: float) -> None:
        """Sleep, showing a heartbeat as often as the lease needs."""
        while seconds > 0:
            self.sleep(min(seconds, HEARTBEAT_SECONDS))
            seconds -= HEARTBEAT_SECONDS
            with self.transaction():
                pass


def recover(sending: Sending, reason: str | None) -> None:
    """Put back what was under way: by a process that died, or in a request that failed."""
    while True:
        with sending.transaction() as connection:
            if not outbox.give_back(
                connection, sending.sealed.plan_hash, reason, INSERTED_ROWS
            ):
                return


def supersede_waiting(sending: Sending, reason: str) -> None:
    """Decide every row that still waits as superseded; it comes back in the next plan."""
    while True:
        with sending.transaction() as connection:
            rows = outbox.waiting(connection, sending.sealed.plan_hash, SETTLED_ROWS)
            if not rows:
                return
            decisions = [Decision(row, "superseded", reason=reason) for row in rows]
            settle(connection, sending.sealed, decisions, sending.now())
        sending.progress(len(rows))


def send_all(sending: Sending) -> None:
    """Send every row that waits, turn after turn.

    Raises:
        StoppedError: attempts used up, a fatal answer, or a job that does not end; what is not
            decided stays in the outbox.
    """
    _await_jobs(sending)
    for turn in TURNS:
        _send_turn(sending, turn)
        _await_jobs(sending)


def _send_turn(sending: Sending, turn: int) -> None:
    failures = 0
    while True:
        rows, is_end = _take_batch(sending, turn)
        if not rows:
            if is_end:
                return
            continue
        try:
            _send_batch(sending, rows)
            failures = 0
        except DeliveryError as error:
            _settle_receipts(sending, rows, error.receipts)
            recover(sending, _reason(error))
            failures += 1
            _wait_or_stop(sending, error, failures)


def _take_batch(sending: Sending, turn: int) -> tuple[list[Intent], bool]:
    """Rows of one request, through the gate; and whether the turn has no more."""
    limit = min(sending.destination.limits.rows_per_request, BATCH_ROWS)
    rows: list[Intent] = []
    while len(rows) < limit:
        with sending.transaction() as connection:
            taken = gate.take(
                connection, sending.sealed, turn, limit - len(rows), sending.now()
            )
        sending.progress(taken.dropped_count)
        rows.extend(taken.rows)
        if taken.is_empty:
            return rows, True
    return rows, False


def _send_batch(sending: Sending, rows: Sequence[Intent]) -> None:
    payloads = _payload_rows(sending, rows)
    kill_point("before_send")
    if rows[0].is_removal:
        receipts = sending.destination.remove(payloads)
    else:
        receipts = sending.destination.upsert(payloads)
    kill_point("after_send_before_ack")
    _settle_receipts(sending, rows, _complete(rows, receipts))


def _complete(rows: Sequence[Intent], receipts: Sequence[Receipt]) -> list[Receipt]:
    """A receipt per row; one without an answer is in doubt, one for another row is ignored."""
    answered = {receipt.key: receipt for receipt in receipts}
    return [
        answered.get(row.key) or Receipt(row.key, "ambiguous", reason="no_answer_for_row")
        for row in rows
    ]


def _settle_receipts(
    sending: Sending, rows: Sequence[Intent], receipts: Sequence[Receipt]
) -> None:
    """Store what the vendor said: queued rows with their job first, then the decided ones."""
    intents = {row.key: row for row in rows}
    queued, decisions = {}, []
    for receipt in receipts:
        intent = intents.get(receipt.key)
        if intent is None:
            continue
        if _is_queued(sending, intent, receipt):
            queued[intent.outbox_id] = str(receipt.job_id)
        else:
            decisions.append(_decision(intent, receipt))
    for some in chunks(list(queued.items()), INSERTED_ROWS):
        with sending.transaction() as connection:
            outbox.submit(connection, dict(some))
    for part in chunks(decisions, SETTLED_ROWS):
        with sending.transaction() as connection:
            settle(connection, sending.sealed, part, sending.now())
            kill_point("after_ack_before_commit")
        kill_point("mid_batch")
        sending.progress(sum(decision.intent.operation != "prune" for decision in part))
    kill_point("after_commit")


def _is_queued(sending: Sending, intent: Intent, receipt: Receipt) -> bool:
    return (
        receipt.verdict == "accepted_unverified"
        and receipt.job_id is not None
        and receipt.job_id != intent.job_id
        and isinstance(sending.destination, JobPolling)
    )


def _decision(intent: Intent, receipt: Receipt) -> Decision:
    return Decision(
        intent,
        receipt.verdict,
        reason=receipt.reason,
        vendor_id=receipt.vendor_id,
        job_id=receipt.job_id or intent.job_id,
    )


def _await_jobs(sending: Sending) -> None:
    """Ask for every queued row's outcome until the vendor has it."""
    waited, delay, failures = 0.0, JOB_FIRST_SECONDS, 0
    while True:
        with sending.ledger.read() as reader:
            jobs = outbox.jobs(reader, sending.sealed.plan_hash)
        if not jobs:
            return
        try:
            # A list, not a generator: every job is asked in each round.
            is_any_done = any([_ask_job(sending, job) for job in jobs])
            failures = 0
        except DeliveryError as error:
            failures += 1
            _wait_or_stop(sending, error, failures)
            continue
        if is_any_done:
            delay = JOB_FIRST_SECONDS
            continue
        if waited >= JOB_PATIENCE_SECONDS:
            raise StoppedError("the vendor's job is not finished", is_fatal=False)
        sending.wait(delay)
        waited, delay = waited + delay, min(delay * 2, JOB_CAP_SECONDS)


def _ask_job(sending: Sending, job_id: str) -> bool:
    with sending.ledger.read() as reader:
        rows = outbox.of_job(reader, sending.sealed.plan_hash, job_id)
    destination = sending.destination
    if not isinstance(destination, JobPolling):
        raise StoppedError("the destination cannot tell what became of a job", is_fatal=False)
    receipts = destination.poll(job_id, _payload_rows(sending, rows))
    if receipts is None:
        return False
    _settle_receipts(sending, rows, _complete(rows, receipts))
    return True


def _payload_rows(sending: Sending, rows: Sequence[Intent]) -> list[Row]:
    pruned = [row.key for row in rows if row.operation == "prune"]
    held = {}
    if pruned:
        sealed = sending.sealed
        with sending.ledger.read() as reader:
            held = delivered.by_keys(reader, sealed.destination, sealed.object, pruned)
    return [
        _prune_row(row.key, held[row.key].stale_payloads_json)
        if row.operation == "prune"
        else _row(row, sending.sealed.kind)
        for row in rows
    ]


def _row(intent: Intent, kind: str) -> Row:
    payload = parse(intent.payload_json)
    prior = parse(intent.prior_payload_json) if intent.prior_payload_json else None
    vendor_id = intent.vendor_id
    if kind == "membership" and prior is not None:
        # Another identifier can be another record at the vendor: let it be looked up again. The
        # old one is taken out by us afterwards, so the plug-in needs no prior payload.
        vendor_id = vendor_id if same_identifiers(payload, prior) else None
        prior = None
    return Row(intent.key, payload, prior_payload=prior, vendor_id=vendor_id)


def _prune_row(key: str, stale_payloads_json: str | None) -> Row:
    entry = load_stale(stale_payloads_json)[0]
    return Row(key, entry.payload, vendor_id=entry.vendor_id)


def _wait_or_stop(sending: Sending, error: DeliveryError, failures: int) -> None:
    if not isinstance(error, RetriableError):
        raise StoppedError(error.what, is_fatal=True) from error
    if not is_worth_waiting(failures, error.retry_after_seconds):
        raise StoppedError(error.what, is_fatal=False) from error
    sending.wait(delay_seconds(failures, error.retry_after_seconds, sending.jitter))


def _reason(error: DeliveryError) -> str:
    return type(error).__name__
