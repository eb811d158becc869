"""Delivery: what was approved, and only that, to each account under its lease.

What lives here: which plans go, account by account, and how they end; one account's trouble never
stops another.
What never does: the warehouse; computing what to send; a vendor's wire format.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.sender import (
    Sending,
    StoppedError,
    recover,
    send_all,
    supersede_waiting,
)
from orchestration.activation.starting import (
    DELIVERABLE,
    approval_expires_at,
    fill_outbox,
    start_plan,
    unapproved,
)
from orchestration.destinations.base import Destination
from orchestration.errors import TributaryError
from orchestration.ledger import (
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    LedgerError,
    SealedPlan,
    audit,
    delivered,
    leases,
    outbox,
    seals,
)
from orchestration.ledger.leases import Lease
from orchestration.settings import DestinationSettings, Settings

OpenDestination = Callable[[str, str, DestinationSettings], Destination]
Progress = Callable[[SealedPlan, int], None]


@dataclass(frozen=True)
class PlanDelivery:
    """What came of one plan: its state now, receipts by (operation, verdict), undecided rows."""

    plan_hash: str
    destination: str
    object: str
    state: str
    reason: str | None
    verdict_counts: Mapping[tuple[str, str], int]
    pending_count: int

    def count(self, *verdicts: str) -> int:
        """Receipts with one of these verdicts."""
        return sum(n for (_, verdict), n in self.verdict_counts.items() if verdict in verdicts)


@dataclass(frozen=True)
class DeliveryReport:
    """One entry per plan that was to be sent; ``waiting`` are hashes that nobody approved."""

    deliveries: tuple[PlanDelivery, ...]
    waiting: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return all(delivery.state == "done" for delivery in self.deliveries)


@dataclass(frozen=True)
class _Delivering:
    settings: Settings
    ledger: Ledger
    open_destination: OpenDestination
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    progress: Progress


def deliver(
    settings: Settings,
    ledger: Ledger,
    *,
    plan_hashes: Sequence[str] | None = None,
    open_destination: OpenDestination,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    jitter: Callable[[], float] = random.random,
    progress: Progress | None = None,
) -> DeliveryReport:
    """Send approved plans (all, or those named) and finish those that were started.

    Args:
        open_destination: (name, object, settings) -> plug-in; no call is made for a finished plan.
        sleep: takes seconds; ``jitter`` gives 0 to 1; ``progress`` hears (plan, decided rows).

    Raises:
        NotDeliverableError: nothing is approved although a plan waits, or a named plan may not be
            delivered. Nothing was sent then. Trouble with a destination is not raised: it is the
            reason in its ``PlanDelivery``.
        UnknownNameError: no plan has that hash.
    """
    plans = _chosen(ledger, plan_hashes)
    work = _Delivering(
        settings, ledger, open_destination, now, sleep, jitter, progress or (lambda *_: None)
    )
    ordered = sorted(plans, key=lambda plan: (plan.destination, plan.sequence))
    deliveries: list[PlanDelivery] = []
    for name, of_account in groupby(ordered, key=lambda plan: plan.destination):
        deliveries += _deliver_account(work, name, list(of_account))
    waiting = tuple(plan.plan_hash for plan in ledger.plans(("open", "halted")))
    return DeliveryReport(tuple(deliveries), waiting)


def _chosen(ledger: Ledger, plan_hashes: Sequence[str] | None) -> list[SealedPlan]:
    if plan_hashes is None:
        plans = ledger.plans(DELIVERABLE)
        waiting = ledger.plans(("open", "halted"))
        if waiting and not plans:
            raise unapproved([plan.plan_hash for plan in waiting])
        return plans
    plans = list({plan.plan_hash: plan for plan in map(ledger.plan, plan_hashes)}.values())
    waiting = [plan for plan in plans if plan.state in ("open", "halted")]
    if waiting:
        raise unapproved([plan.plan_hash for plan in waiting])
    for plan in plans:
        if plan.state in ("superseded", "cancelled", "nothing_to_do"):
            raise NotDeliverableError(
                f"Plan {plan.plan_hash[:12]} is {plan.state.replace('_', ' ')}: {plan.reason}.",
                remedy="Run 'tributary plan' and look at the newest plan.",
            )
    return plans


def _deliver_account(
    work: _Delivering, name: str, plans: Sequence[SealedPlan]
) -> list[PlanDelivery]:
    """All plans of one account, one after another; the first fatal answer pauses the rest."""
    due = [plan for plan in plans if plan.state in DELIVERABLE]
    finished = [_result(work, plan) for plan in plans if plan.state not in DELIVERABLE]
    if not due:
        return finished
    account = work.settings.destinations[name]
    holder = leases.this_process()
    try:
        with work.ledger.transaction() as connection:
            lease = leases.acquire(connection, name, account.account_id, holder, work.now())
    except LeaseHeldError as error:
        return finished + [_result(work, plan, reason=error.what) for plan in due]
    pause: str | None = None
    try:
        for plan in due:
            if pause is not None:
                finished.append(_result(work, plan, reason=f"paused: {pause}"))
                continue
            delivery, pause = _deliver_plan(work, lease, account, plan)
            finished.append(delivery)
    finally:
        with work.ledger.transaction() as connection:
            leases.release(connection, lease, work.now())
    return finished


def _deliver_plan(
    work: _Delivering, lease: Lease, account: DestinationSettings, plan: SealedPlan
) -> tuple[PlanDelivery, str | None]:
    """Deliver one plan; the second value says why the account must pause, if it must."""
    try:
        destination = work.open_destination(plan.destination, plan.object, account)
        started = start_plan(work.settings, work.ledger, lease, plan, work.now())
        sending = Sending(
            work.ledger,
            started,
            destination,
            lease,
            work.now,
            work.sleep,
            work.jitter,
            lambda rows: work.progress(plan, rows),
        )
        fill_outbox(work.settings, sending)
        stop = _send(work, sending)
        _finish(work, sending, stop)
        return _result(work, plan), stop.reason if stop and stop.is_fatal else None
    except LeaseLostError as error:
        return _result(work, plan, reason=error.what), error.what
    except LedgerError:
        raise
    except TributaryError as error:
        return _result(work, plan, reason=error.what), None


def _send(work: _Delivering, sending: Sending) -> StoppedError | None:
    recover(sending, "the process ended while sending")
    with work.ledger.read() as reader:
        expires_at = approval_expires_at(work.settings, reader, sending.sealed, work.now())
    if expires_at <= work.now():
        supersede_waiting(sending, "approval_expired")
    try:
        send_all(sending)
    except StoppedError as stop:
        return stop
    except (LedgerError, LeaseLostError):
        raise
    except Exception as error:
        # A plug-in's own mistake stops its account and no other. Its text may hold values: the
        # class must do.
        recover(sending, type(error).__name__)
        return StoppedError(f"unexpected {type(error).__name__} in the plug-in", is_fatal=True)
    return None


def _finish(work: _Delivering, sending: Sending, stop: StoppedError | None) -> None:
    plan_hash = sending.sealed.plan_hash
    with sending.transaction() as connection:
        at = work.now()
        pending = outbox.count(connection, plan_hash)
        state = "partial" if pending or stop is not None else "done"
        seals.set_state(
            connection,
            plan_hash,
            state,
            reason=None if stop is None else stop.reason,
            finished_at=at if state == "done" else None,
        )
        detail = {
            "plan_hash": plan_hash,
            "state": state,
            "pending": pending,
            "verdicts": {
                "/".join(names): number
                for names, number in delivered.verdict_counts(connection, plan_hash).items()
            },
        }
        audit.append(connection, "delivery_end", detail, at)


def _result(work: _Delivering, plan: SealedPlan, *, reason: str | None = None) -> PlanDelivery:
    with work.ledger.read() as reader:
        now = seals.get(reader, plan.plan_hash)
        verdicts = delivered.verdict_counts(reader, plan.plan_hash)
        pending = outbox.count(reader, plan.plan_hash)
    return PlanDelivery(
        plan_hash=plan.plan_hash,
        destination=plan.destination,
        object=plan.object,
        state=now.state,
        reason=reason or now.reason,
        verdict_counts=verdicts,
        # Before the first fill every row of the plan waits.
        pending_count=pending + now.row_count - now.filled_count,
    )
