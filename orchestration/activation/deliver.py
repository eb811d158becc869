"""Delivery: what was approved, and only that, to each account under its lease.

What lives here: which plans go, account by account, and how they end; one account's trouble never
stops another.
What never does: the warehouse; computing what to send; a vendor's wire format.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from orchestration.activation import told_by_vendors, unanswered
from orchestration.activation.account import Account, OpenDestination
from orchestration.activation.connected import connected_destinations
from orchestration.activation.errors import NotDeliverableError, StoppedError
from orchestration.activation.lookup import SnapshotLookup
from orchestration.activation.sender import (
    Sending,
    recover,
    send_all,
    send_opt_outs,
    supersede_waiting,
)
from orchestration.activation.starting import (
    DELIVERABLE,
    approval_expires_at,
    ended,
    fill_outbox,
    start_plan,
    unapproved,
)
from orchestration.activation.turns import account_lease
from orchestration.errors import TributaryError
from orchestration.ledger import (
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    LedgerError,
    SealedPlan,
    audit,
    delivered,
    outbox,
    seals,
)
from orchestration.ledger.outbox import Mandate
from orchestration.settings import Settings

Progress = Callable[[SealedPlan, int], None]


@dataclass(frozen=True)
class PlanDelivery:
    """What came of one plan: its state now, receipts by (operation, verdict), undecided rows, and
    why rows were rejected or are in doubt, most frequent first."""

    plan_hash: str
    destination: str
    object: str
    state: str
    reason: str | None
    verdict_counts: Mapping[tuple[str, str], int]
    pending_count: int
    refusal_counts: Mapping[str, int] = field(default_factory=dict)
    # Another process sends for the account now.
    is_elsewhere: bool = False

    def count(self, *verdicts: str) -> int:
        """Receipts with one of these verdicts."""
        return sum(n for (_, verdict), n in self.verdict_counts.items() if verdict in verdicts)


@dataclass(frozen=True)
class OptOutDelivery:
    """What came of an account's opt-outs: how many objects had some, what still waits, and why."""

    destination: str
    object_count: int
    pending_count: int
    reason: str | None
    is_elsewhere: bool = False


@dataclass(frozen=True)
class DeliveryReport:
    """One entry per plan that was to be sent, one per account that had opt-outs; ``waiting`` are
    hashes that nobody approved."""

    deliveries: tuple[PlanDelivery, ...]
    waiting: tuple[str, ...]
    opt_outs: tuple[OptOutDelivery, ...] = ()

    @property
    def is_complete(self) -> bool:
        return all(delivery.state == "done" for delivery in self.deliveries) and not any(
            sent.pending_count for sent in self.opt_outs
        )

    @property
    def has_failed(self) -> bool:
        """True where something is left that no other process is at."""
        return any(
            one.state != "done" and not one.is_elsewhere for one in self.deliveries
        ) or any(one.pending_count and not one.is_elsewhere for one in self.opt_outs)


AccountWork = Callable[[], "_AccountReport"]
RunAccounts = Callable[[Sequence[AccountWork]], "Sequence[_AccountReport]"]


@dataclass(frozen=True)
class _AccountReport:
    deliveries: tuple[PlanDelivery, ...]
    opt_outs: OptOutDelivery | None


@dataclass(frozen=True)
class _Delivering:
    settings: Settings
    ledger: Ledger
    open_destination: OpenDestination
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    progress: Progress


def one_after_another(accounts: Sequence[AccountWork]) -> list[_AccountReport]:
    """Serve the accounts in order: for a simulated clock."""
    return [work() for work in accounts]


def side_by_side(accounts: Sequence[AccountWork]) -> list[_AccountReport]:
    """Serve each account in a thread of its own: a slow vendor holds up no other."""
    with ThreadPoolExecutor(max(1, len(accounts)), thread_name_prefix="account") as threads:
        return list(threads.map(lambda work: work(), accounts))


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
    run_accounts: RunAccounts = one_after_another,
) -> DeliveryReport:
    """Send what opted out, then approved plans (all, or those named), and finish what was started.

    Args:
        open_destination: (name, object, settings, pacer) -> plug-in; makes no call.
        sleep: takes seconds; ``jitter`` gives 0 to 1; ``progress`` hears (plan, decided rows).
        run_accounts: how the accounts are served: ``one_after_another`` or ``side_by_side``.

    Raises:
        NotDeliverableError: nothing is approved although a plan waits, or a named plan may not be
            delivered. No plan was sent then. Trouble with a destination is not raised: it is the
            reason in its ``PlanDelivery``.
        UnknownNameError: no plan has that hash.
    """
    work = _Delivering(
        settings, ledger, open_destination, now, sleep, jitter, progress or (lambda *_: None)
    )
    unanswered.look_again(ledger, now())
    with ledger.read() as reader:
        opted_out = {mandate.destination for mandate in outbox.opt_out_objects(reader)}
    try:
        plans = _chosen(ledger, plan_hashes)
    except NotDeliverableError:
        # No plan may go, but whoever opted out does not wait for anybody's approval.
        run_accounts([partial(_deliver_account, work, name, ()) for name in sorted(opted_out)])
        raise
    of_account: dict[str, list[SealedPlan]] = {name: [] for name in opted_out}
    for plan in sorted(plans, key=lambda plan: plan.sequence):
        of_account.setdefault(plan.destination, []).append(plan)
    reports = run_accounts(
        [partial(_deliver_account, work, name, of_account[name]) for name in sorted(of_account)]
    )
    return DeliveryReport(
        tuple(delivery for report in reports for delivery in report.deliveries),
        tuple(plan.plan_hash for plan in ledger.plans(("open", "halted"))),
        tuple(report.opt_outs for report in reports if report.opt_outs is not None),
    )


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
            raise ended(plan)
    return plans


def _deliver_account(work: _Delivering, name: str, plans: Sequence[SealedPlan]) -> _AccountReport:
    """Opt-outs first, then all plans of one account; the first fatal answer pauses the rest."""
    due = [plan for plan in plans if plan.state in DELIVERABLE]
    finished = [_result(work, plan) for plan in plans if plan.state not in DELIVERABLE]
    with work.ledger.read() as reader:
        opted_out = outbox.opt_out_objects(reader, name)
    if not due and not opted_out:
        return _AccountReport(tuple(finished), None)
    settings = work.settings.destinations[name]
    try:
        with account_lease(work.ledger, settings, work.now, work.sleep) as lease:
            account = Account(
                work.ledger,
                settings,
                lease,
                work.open_destination,
                now=work.now,
                sleep=work.sleep,
                jitter=work.jitter,
            )
            sent, trouble = _deliver_held(work, account, due)
    except LeaseHeldError as error:
        waiting = [
            replace(_result(work, plan, reason=error.what), is_elsewhere=True) for plan in due
        ]
        left = _opt_out_result(work, name, opted_out, None)
        return _AccountReport(
            (*finished, *waiting), None if left is None else replace(left, is_elsewhere=True)
        )
    return _AccountReport(
        (*finished, *sent), _opt_out_result(work, name, opted_out, trouble)
    )


def _deliver_held(
    work: _Delivering, account: Account, due: Sequence[SealedPlan]
) -> tuple[list[PlanDelivery], str | None]:
    """What came of the plans, and what kept opt-outs from going, if anything did."""
    sent = []
    pause = trouble = _send_opt_outs(account)
    if due and pause is None:
        unread = _take_up(work, account)
        trouble = _send_opt_outs(account)
        pause = trouble or unread
    for plan in due:
        if work.ledger.plan(plan.plan_hash).state not in DELIVERABLE:
            # Whoever held the lease before ended it while this process waited.
            sent.append(_result(work, plan))
            continue
        if pause is not None:
            sent.append(_result(work, plan, reason=f"paused: {pause}"))
            continue
        delivery, pause = _deliver_plan(work, account, plan)
        sent.append(delivery)
    return sent, trouble


def _send_opt_outs(account: Account) -> str | None:
    """Why the account must pause: no addition goes where an opt-out cannot."""
    try:
        send_opt_outs(account)
    except StoppedError as stop:
        return stop.reason
    except LedgerError:
        raise
    except TributaryError as error:
        return error.what
    return None


def _take_up(work: _Delivering, account: Account) -> str | None:
    """Why nothing may be added: what was said to the vendor itself cannot be read."""
    try:
        told_by_vendors.take_up(
            account, connected_destinations(work.settings), SnapshotLookup(work.settings)
        )
    except StoppedError as stop:
        return f"opt-outs said there cannot be read: {stop.reason}"
    except LedgerError:
        raise
    except TributaryError as error:
        return f"opt-outs said there cannot be read: {error.what}"
    except Exception as error:
        # A plug-in's own mistake; its text may hold values.
        return f"opt-outs said there cannot be read: unexpected {type(error).__name__}"
    return None


def _deliver_plan(
    work: _Delivering, account: Account, plan: SealedPlan
) -> tuple[PlanDelivery, str | None]:
    """Deliver one plan; the second value says why the account must pause, if it must."""
    try:
        destination = account.destination(plan.object)
        started = start_plan(work.settings, work.ledger, account.lease, plan, work.now())
        sending = Sending(
            account, started.mandate, destination, lambda rows: work.progress(plan, rows)
        )
        fill_outbox(work.settings, sending, started)
        stop = _send(work, sending, started)
        _finish(work, sending, started, stop)
        return _result(work, plan), stop.reason if stop and stop.is_fatal else None
    except LeaseLostError as error:
        return _result(work, plan, reason=error.what), error.what
    except LedgerError:
        raise
    except TributaryError as error:
        return _result(work, plan, reason=error.what), None


def _send(work: _Delivering, sending: Sending, plan: SealedPlan) -> StoppedError | None:
    recover(sending, "the process ended while sending")
    with work.ledger.read() as reader:
        expires_at = approval_expires_at(work.settings, reader, plan, work.now())
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


def _finish(
    work: _Delivering, sending: Sending, plan: SealedPlan, stop: StoppedError | None
) -> None:
    plan_hash = plan.plan_hash
    with sending.transaction() as connection:
        at = work.now()
        pending = outbox.count(connection, plan.mandate)
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
        refusals = delivered.refusal_counts(reader, plan.plan_hash)
        pending = outbox.count(reader, plan.mandate)
    return PlanDelivery(
        plan_hash=plan.plan_hash,
        destination=plan.destination,
        object=plan.object,
        state=now.state,
        reason=reason or now.reason,
        verdict_counts=verdicts,
        # Before the first fill every row of the plan waits.
        pending_count=pending + now.row_count - now.filled_count,
        refusal_counts=refusals,
    )


def _opt_out_result(
    work: _Delivering, name: str, before: Sequence[Mandate], reason: str | None
) -> OptOutDelivery | None:
    with work.ledger.read() as reader:
        left = outbox.opt_out_objects(reader, name)
        pending = sum(outbox.count(reader, mandate) for mandate in left)
    if not before and not left:
        return None
    return OptOutDelivery(name, len({*before, *left}), pending, reason)
