"""Rows of one mandate on their way to one account: take, send, settle, until nothing waits.

What lives here: the turns, the attempts, the jobs; each step durable before the next. Opt-outs of
the account go before every request of a plan.
What never does: starting or ending a plan (``deliver.py``), the warehouse, a vendor's wire format.

Killed anywhere, the same function run again finishes the work: what was ``sending`` goes again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from orchestration.activation import asking, fast_lane, gate, unanswered
from orchestration.activation.account import Account
from orchestration.activation.errors import StoppedError
from orchestration.activation.pacing import GATED_SECONDS, NotYetError
from orchestration.activation.payloads import load_stale, parse, same_identifiers
from orchestration.activation.settlement import Decision, settle
from orchestration.destinations.base import (
    DeliveryError,
    Destination,
    FatalError,
    GateAgainError,
    JobPolling,
    Receipt,
    RetriableError,
    Row,
    idempotency,
)
from orchestration.faults import kill_point
from orchestration.ledger import outbox
from orchestration.ledger.outbox import Intent, Mandate
from orchestration.ledger.statements import INSERTED_ROWS, SETTLED_ROWS, chunks

# Larger requests gain nothing and stand long between the gate and the wire.
BATCH_ROWS = 10_000
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
OPT_OUT_TURNS = (outbox.REMOVE_SUPPRESSED, outbox.PRUNE)


@dataclass(frozen=True)
class Sending:
    """All that sending needs. ``progress`` hears how many rows were decided just now."""

    account: Account
    mandate: Mandate
    destination: Destination
    progress: Callable[[int], None]

    def transaction(self) -> AbstractContextManager[Connection]:
        """See ``Account.transaction``."""
        return self.account.transaction()


def recover(
    sending: Sending,
    reason: str | None,
    *,
    may_have_effect: bool = True,
    is_unsent: bool = False,
) -> None:
    """Put back what was under way: by a process that died, or in a request that failed.

    Where an opt-out waits for the same key, or is under way as well, what was under way before it
    is in doubt instead, and the opt-out follows it. In doubt is also what may have arrived where a
    second sending would do the same thing once more. Whom the request would add to a list is looked
    at again when it can have no more effect (``unanswered.py``). ``is_unsent``: no request was
    made, so nothing is in doubt.
    """
    is_doubtful = may_have_effect and not is_unsent and idempotency(sending.destination) == "none"
    mandate = sending.mandate
    while True:
        with sending.transaction() as connection:
            rows = outbox.under_way(connection, mandate, SETTLED_ROWS)
            if not rows:
                return
            if is_unsent:
                rows = [replace(row, attempt_count=row.attempt_count - 1) for row in rows]
            keys = [row.key for row in rows]
            waiting = outbox.pending_of_keys(connection, mandate.destination, mandate.object, keys)
            waits = {row.key for row in waiting}
            newest = {row.key: row.outbox_id for row in rows}
            overtaken = {
                row.outbox_id
                for row in rows
                if row.key in waits or newest[row.key] != row.outbox_id
            }
            decisions = [
                Decision(row, "superseded", reason="opted_out")
                if row.outbox_id in overtaken
                else Decision(row, "ambiguous", reason="may_have_arrived")
                for row in rows
                if is_doubtful or row.outbox_id in overtaken
            ]
            at = sending.account.now()
            if may_have_effect and not is_unsent and mandate.kind == "membership":
                hours = sending.account.settings.late_effect_hours
                unanswered.remember(connection, rows, at + timedelta(hours=hours))
            settle(connection, mandate, decisions, at)
            decided = {decision.intent.outbox_id for decision in decisions}
            going = [row.outbox_id for row in rows if row.outbox_id not in decided]
            outbox.give_back(connection, going, reason, attempts=0 if is_unsent else 1)


def supersede_waiting(sending: Sending, reason: str) -> None:
    """Decide every row that still waits as superseded; it comes back in the next plan."""
    while True:
        with sending.transaction() as connection:
            rows = outbox.waiting(connection, sending.mandate, SETTLED_ROWS)
            if not rows:
                return
            decisions = [Decision(row, "superseded", reason=reason) for row in rows]
            settle(connection, sending.mandate, decisions, sending.account.now())
        sending.progress(len(rows))


def send_opt_outs(account: Account) -> dict[Mandate, str]:
    """Send every opt-out of the account that waits, until each is decided; what keeps an object's
    from going, by object.

    An object that the vendor does not know stops no other object, and a job that takes its time
    holds up no opt-out that comes after it.

    Raises:
        StoppedError: the account as a whole takes nothing now.
    """
    jobs = asking.Jobs()
    with account.doing_meanwhile(None):
        while True:
            with account.ledger.read() as reader:
                states = outbox.opt_out_states(reader, account.name)
            due = {one: some for one, some in states.items() if one not in account.troubles}
            if not due:
                return account.troubles
            unsent = [one for one, some in due.items() if some & {"pending", "sending"}]
            for mandate in unsent:
                _note(account, mandate, _put_out)
            asked = [one for one in due if one not in account.troubles]
            is_any_done = any([_note(account, one, partial(_ask_due, jobs)) for one in asked])
            if not unsent and not is_any_done:
                account.wait(jobs.pause_seconds(account.now()))


def _note(account: Account, mandate: Mandate, work: Callable[[Sending], bool | str]) -> bool:
    """Do a part of the work for one object; what keeps it from going is its trouble."""
    sending = Sending(account, mandate, account.destination(mandate.object), lambda _: None)
    try:
        came = work(sending)
    except StoppedError as stop:
        cause = stop.__cause__
        if not isinstance(cause, FatalError) or cause.status != 404:
            raise
        came = stop.reason
    if isinstance(came, str):
        account.troubles[mandate] = came
        return False
    return came


def _put_out(sending: Sending) -> bool | str:
    """Send what waits, and wait for no job."""
    recover(sending, "the process ended while sending")
    before = _unsent(sending)
    for turn in OPT_OUT_TURNS:
        _send_turn(sending, turn, of=before)
    # What came meanwhile is no trouble: its turn is next.
    left = before & _unsent(sending)
    return f"{len(left)} rows cannot be sent" if left else True


def _ask_due(jobs: asking.Jobs, sending: Sending) -> bool:
    """Ask each job of the object that is due, once, until an opt-out has waited for that long
    enough; true where one has ended."""
    account, is_any_done = sending.account, False
    with account.ledger.read() as reader:
        under_way = outbox.jobs(reader, sending.mandate)
    enough = account.now() + timedelta(seconds=asking.GLANCE_SECONDS)
    for job_id in jobs.due(under_way, account.now()):
        if account.now() >= enough and _is_any_pending(account):
            break
        try:
            is_done = _ask_job(sending, job_id)
            jobs.failures = 0
        except DeliveryError as error:
            jobs.failures += 1
            account.wait_or_stop(error, jobs.failures)
            continue
        if is_done:
            jobs.asked.pop(job_id, None)
            is_any_done = True
        else:
            jobs.put_off(job_id, account.now())
    return is_any_done


def _is_any_pending(account: Account) -> bool:
    with account.ledger.read() as reader:
        states = outbox.opt_out_states(reader, account.name)
    return any("pending" in some for one, some in states.items() if one not in account.troubles)


def send_all(sending: Sending, turns: Sequence[int] = TURNS) -> None:
    """Send every row that waits, turn after turn.

    Raises:
        StoppedError: attempts used up, a fatal answer, or a job that does not end; what is not
            decided stays in the outbox.
    """
    account = sending.account
    of_plan = partial(send_opt_outs, account) if sending.mandate.plan_hash is not None else None
    with account.doing_meanwhile(of_plan):
        _await_jobs(sending, of_plan)
        for turn in turns:
            _send_turn(sending, turn)
            _await_jobs(sending, of_plan)


def _send_turn(sending: Sending, turn: int, of: Set[tuple[int, str]] | None = None) -> None:
    """Send until the turn has no more; or until none of these rows is left, whatever came since:
    else an object whose opt-outs never cease would let no other object have its own."""
    failures, most = 0, BATCH_ROWS
    while True:
        if sending.mandate.plan_hash is not None:
            send_opt_outs(sending.account)
        begun_at = sending.account.now()
        rows, is_end = _take_batch(sending, turn, most)
        if not rows:
            if is_end:
                return
            continue
        try:
            _send_batch(sending, rows, begun_at)
            failures, most = 0, min(most * 2, BATCH_ROWS)
            if of is not None and not of & _unsent(sending):
                return
        except GateAgainError as error:
            _settle_receipts(sending, rows, error.receipts)
            recover(sending, None, is_unsent=True)
            # No more are taken in vain than go, and twice as many as soon as all of them go.
            failures, most = 0, max(len(error.receipts), 1)
        except NotYetError as error:
            recover(sending, None, is_unsent=True)
            sending.account.wait(error.seconds)
        except DeliveryError as error:
            _settle_receipts(sending, rows, error.receipts)
            arrived = isinstance(error, RetriableError) and error.may_have_effect
            recover(sending, type(error).__name__, may_have_effect=arrived)
            failures += 1
            sending.account.wait_or_stop(error, failures)


def _unsent(sending: Sending) -> set[tuple[int, str]]:
    with sending.account.ledger.read() as reader:
        return outbox.unsent(reader, sending.mandate)


def _take_batch(sending: Sending, turn: int, most: int) -> tuple[list[Intent], bool]:
    """Rows of one request, or of those that go side by side, through the gate; and whether the
    turn has no more."""
    limits = sending.destination.limits
    limit = min(limits.rows_per_request * limits.calls_side_by_side, most)
    rows: list[Intent] = []
    while len(rows) < limit:
        with sending.transaction() as connection:
            taken = gate.take(
                connection, sending.mandate, turn, limit - len(rows), sending.account.now()
            )
        sending.progress(taken.dropped_count)
        rows.extend(taken.rows)
        if taken.is_empty:
            return _once_per_key(sending, rows), True
    return _once_per_key(sending, rows), False


def _once_per_key(sending: Sending, rows: Sequence[Intent]) -> list[Intent]:
    """Who opts out once more while a batch is taken is in it twice: the later row is sent."""
    newest = {row.key: row for row in rows}
    older = [row for row in rows if newest[row.key] is not row]
    if older:
        with sending.transaction() as connection:
            decisions = [Decision(row, "superseded", reason="opted_out") for row in older]
            settle(connection, sending.mandate, decisions, sending.account.now())
        sending.progress(len(older))
    return list(newest.values())


def _send_batch(sending: Sending, rows: Sequence[Intent], begun_at: datetime) -> None:
    kill_point("before_send")
    rows = _look_again(sending, rows, begun_at)
    if not rows:
        return
    payloads = _payload_rows(sending, rows)
    with sending.account.sending_a_batch():
        if rows[0].is_removal:
            receipts = sending.destination.remove(payloads)
        else:
            receipts = sending.destination.upsert(payloads)
    kill_point("after_send_before_ack")
    _settle_receipts(sending, rows, _complete(rows, receipts))


def _look_again(
    sending: Sending, rows: Sequence[Intent], begun_at: datetime
) -> Sequence[Intent]:
    """Whoever stood still between the gate and the wire has lost the lease, or asks once more who
    opted out meanwhile."""
    if abs(sending.account.now() - begun_at) <= timedelta(seconds=GATED_SECONDS):
        return rows
    with sending.transaction() as connection:
        going = gate.look_again(connection, sending.mandate, rows, sending.account.now())
    sending.progress(len(rows) - len(going))
    return going


def _complete(rows: Sequence[Intent], receipts: Sequence[Receipt]) -> list[Receipt]:
    """A receipt per row, the first that names it; one without an answer is in doubt, one for
    another row is ignored."""
    answered = {receipt.key: receipt for receipt in reversed(receipts)}
    return [
        answered.get(row.key) or Receipt(row.key, "ambiguous", reason="no_answer_for_row")
        for row in rows
    ]


def _settle_receipts(sending: Sending, rows: Sequence[Intent], receipts: Sequence[Receipt]) -> None:
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
            at = sending.account.now()
            settle(connection, sending.mandate, part, at)
            fast_lane.follow_landed(connection, sending.mandate, part, at)
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


def _await_jobs(sending: Sending, meanwhile: Callable[[], object] | None) -> None:
    """Ask for every queued row's outcome until the vendor has it. An outcome can be many pages:
    what is done ``meanwhile`` goes between them."""
    waited, delay, failures = 0.0, asking.FIRST_SECONDS, 0
    while True:
        with sending.account.ledger.read() as reader:
            jobs = outbox.jobs(reader, sending.mandate)
        if not jobs:
            return
        try:
            with sending.account.giving_way(meanwhile):
                # A list, not a generator: every job is asked in each round.
                is_any_done = any([_ask_job(sending, job) for job in jobs])
            failures = 0
        except DeliveryError as error:
            failures += 1
            sending.account.wait_or_stop(error, failures)
            continue
        if is_any_done:
            delay = asking.FIRST_SECONDS
            continue
        if waited >= asking.PATIENCE_SECONDS:
            raise asking.unfinished()
        sending.account.wait(delay)
        waited, delay = waited + delay, min(delay * 2, asking.CAP_SECONDS)


def _ask_job(sending: Sending, job_id: str) -> bool:
    with sending.account.ledger.read() as reader:
        rows = outbox.of_job(reader, sending.mandate, job_id)
    destination = sending.destination
    if not isinstance(destination, JobPolling):
        raise StoppedError("the destination cannot tell what became of a job", is_fatal=False)
    receipts = destination.poll(job_id, _payload_rows(sending, rows))
    if receipts is None:
        return False
    _settle_receipts(sending, rows, _complete(rows, receipts))
    return True


def _payload_rows(sending: Sending, rows: Sequence[Intent]) -> list[Row]:
    kind = sending.mandate.kind
    return [_prune_row(row) if row.operation == "prune" else _row(row, kind) for row in rows]


def _row(intent: Intent, kind: str) -> Row:
    payload = parse(intent.payload_json)
    prior = parse(intent.prior_payload_json) if intent.prior_payload_json else None
    vendor_id = intent.vendor_id
    if kind == "membership" and not intent.is_removal:
        # Another identifier can be another record at the vendor, and somebody who was out can come
        # back with another one: let it be looked up again. The old one is taken out by us
        # afterwards, so the plug-in needs no prior payload.
        is_same = prior is not None and same_identifiers(payload, prior)
        vendor_id = vendor_id if is_same else None
        prior = None
    return Row(intent.key, payload, prior_payload=prior, vendor_id=vendor_id)


def _prune_row(intent: Intent) -> Row:
    (old,) = load_stale(intent.prior_payload_json)
    return Row(intent.key, old.payload, vendor_id=old.vendor_id)
