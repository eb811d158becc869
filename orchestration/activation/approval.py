"""Approvals: people's Ed25519 signatures over a plan's hash.

What lives here: signing and checking, how many people must sign, and cancelling.
What never does: keys (``keys.py``), standing approvals (``standing.py``), what a plan contains.

A signature covers hash, expiry and reason. It starts one delivery, within 24 hours, and no second
one. A refused signature is a link of the chain.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from orchestration.activation import plan_file
from orchestration.activation.errors import ApprovalError
from orchestration.activation.facts import approvers_needed, guards_of
from orchestration.activation.keys import (
    DEMO_APPROVER,
    approver_name,
    create_key,
    demo_key_file,
    is_signed,
    public_key_of,
    refuse_demo_beyond_loopback,
    sign,
    unknown_key,
)
from orchestration.activation.refusals import refuse_unless_waiting, unused_today
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, SealedPlan, StoredApproval, audit, seals
from orchestration.ledger.audit import canonical_json
from orchestration.settings import Settings

__all__ = [
    "APPROVAL_HOURS",
    "DEMO_APPROVER",
    "approve",
    "approve_halted",
    "cancel",
    "check_approval",
    "create_key",
    "demo_approve",
    "letting_out",
    "people_needed",
    "refuse_demo_beyond_loopback",
]

APPROVAL_HOURS = 24


def approve(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    *,
    approver_key: Path,
    now: Callable[[], datetime],
) -> StoredApproval:
    """Sign an open plan with the private key in ``approver_key``.

    Raises:
        ApprovalError: unknown or unreadable key; the plan is approved, halted, superseded, empty
            or done.
        NotDeliverableError: its rows were changed after it was sealed.
    """
    return _approve(ledger, settings, plan_hash, approver_key, now, override_reason=None)


def approve_halted(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    *,
    approver_key: Path,
    reason: str,
    now: Callable[[], datetime],
) -> StoredApproval:
    """Sign a plan that a guard halted, with the ``reason`` why it may go nevertheless.

    Raises:
        ApprovalError: as ``approve``; the plan is not halted; no reason is given.
    """
    if not reason.strip():
        raise ApprovalError("No reason is given.", remedy="Say why the halted plan may go.")
    return _approve(ledger, settings, plan_hash, approver_key, now, override_reason=reason)


def demo_approve(
    ledger: Ledger, settings: Settings, plan_hash: str, *, now: Callable[[], datetime]
) -> StoredApproval:
    """Sign with the demo key, which is made on first use and good for loopback hosts only.

    Raises:
        ApprovalError: as ``approve``; a destination's host is not this machine.
    """
    refuse_demo_beyond_loopback(settings)
    if not demo_key_file(settings).exists():
        create_key(demo_key_file(settings))
    return _approve(ledger, settings, plan_hash, demo_key_file(settings), now, override_reason=None)


def cancel(
    ledger: Ledger,
    plan_hash: str,
    *,
    actor: str,
    reason: str,
    now: Callable[[], datetime],
) -> SealedPlan:
    """Take back a plan that waits or is approved and not started; no standing approval lets equal
    content through again.

    Raises:
        ApprovalError: it is being sent, or there is nothing to cancel.
    """
    if not reason.strip():
        raise ApprovalError("No reason is given.", remedy="Say why the plan is cancelled.")
    with ledger.transaction() as connection:
        sealed = seals.get(connection, plan_hash)
        if sealed.state in seals.RUNNING:
            raise ApprovalError(
                f"Plan {sealed.plan_hash[:12]} is being delivered.",
                remedy="Rows already taken cannot be taken back; the next plan corrects them.",
            )
        if sealed.state not in ("open", "halted", "approved"):
            raise ApprovalError(
                f"Plan {sealed.plan_hash[:12]} is {sealed.state.replace('_', ' ')}.",
                remedy="There is nothing to cancel.",
            )
        seals.cancel(connection, sealed.plan_hash, actor=actor, reason=reason, at=now())
        return seals.get(connection, sealed.plan_hash)


def people_needed(settings: Settings, sealed: SealedPlan) -> int:
    """How many different people must sign: what the hash says, or more if the setting asks."""
    limit = settings.second_person_above
    asked = 2 if limit is not None and sealed.row_count > limit else 1
    return max(approvers_needed(sealed.seal_json), asked)


def letting_out(
    settings: Settings, connection: Connection, plan: SealedPlan, at: datetime
) -> list[StoredApproval]:
    """The signatures under which the plan may start, or under which it was started; empty where
    they are too few or too old.

    Raises:
        ApprovalError: one of them is forged, or its approver may not approve any more.
    """
    given = seals.approvals(connection, plan.plan_hash)
    if plan.state in seals.RUNNING:
        # What was started is finished: a stricter setting of today binds the next plan.
        counted, needed = [x for x in given if x.used_at], approvers_needed(plan.seal_json)
    else:
        counted, needed = unused_today(given, at), people_needed(settings, plan)
    needs_reason = bool(guards_of(plan.seal_json))
    for one in counted:
        check_approval(settings, one)
        if needs_reason and one.override_reason is None:
            raise ApprovalError(
                f"Plan {plan.plan_hash[:12]} was halted and its approval gives no reason.",
                remedy="Run 'tributary ledger verify' and approve the plan with a reason.",
            )
    people = {one.approver for one in counted}
    return counted if len(people) >= needed else []


def check_approval(settings: Settings, approval: StoredApproval) -> None:
    """Prove that a stored approval is a good signature of someone who may approve today.

    Raises:
        ApprovalError: forged, or the approver is no longer known.
    """
    if approver_name(settings, approval.public_key) != approval.approver:
        raise unknown_key()
    message = _message(approval.plan_hash, approval.expires_at, approval.override_reason)
    if not is_signed(approval.public_key, approval.signature, message):
        raise ApprovalError(
            f"The signature under plan {approval.plan_hash[:12]} is not valid.",
            remedy="Run 'tributary ledger verify' and approve the plan again.",
        )


def _approve(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    key_file: Path,
    now: Callable[[], datetime],
    *,
    override_reason: str | None,
) -> StoredApproval:
    at = now()
    sealed = ledger.plan(plan_hash)
    try:
        given = _signed(settings, sealed, key_file, at, override_reason)
        _add(ledger, settings, sealed, given, at)
    except ApprovalError as error:
        with ledger.transaction() as connection:
            detail = {"plan_hash": sealed.plan_hash, "refused": error.what}
            audit.append(connection, "refusal", detail, at)
        raise
    kill_point("after_approve")
    return given


def _add(
    ledger: Ledger, settings: Settings, sealed: SealedPlan, given: StoredApproval, at: datetime
) -> None:
    with ledger.read() as reader:
        before = seals.approvals(reader, sealed.plan_hash)
    refuse_unless_waiting(sealed, before, given)
    plan_file.check_rows(settings, sealed.plan_hash, sealed.seal_json)
    with ledger.transaction() as connection:
        # Asked again where it counts: of two approvers at one moment, one comes second.
        sealed = seals.get(connection, sealed.plan_hash)
        before = seals.approvals(connection, sealed.plan_hash)
        refuse_unless_waiting(sealed, before, given)
        seals.add_approval(connection, given)
        people = {one.approver for one in unused_today([given, *before], at)}
        _move(connection, sealed, people, people_needed(settings, sealed), given)


def _signed(
    settings: Settings,
    sealed: SealedPlan,
    key_file: Path,
    at: datetime,
    override_reason: str | None,
) -> StoredApproval:
    name = approver_name(settings, public_key_of(key_file))
    expires_at = at + timedelta(hours=APPROVAL_HOURS)
    message = _message(sealed.plan_hash, expires_at, override_reason)
    signature, public = sign(key_file, message)
    return StoredApproval(
        signature=signature,
        plan_hash=sealed.plan_hash,
        approver=name,
        public_key=public,
        approved_at=at,
        expires_at=expires_at,
        override_reason=override_reason,
    )


def _move(
    connection: Connection,
    sealed: SealedPlan,
    people: set[str],
    needed: int,
    given: StoredApproval,
) -> None:
    """Approved where enough people signed; otherwise it goes on waiting and says for whom."""
    if len(people) >= needed:
        seals.set_state(connection, sealed.plan_hash, "approved", reason=sealed.reason)
        return
    waiting = "open" if given.override_reason is None else "halted"
    signed = f"signed by {', '.join(sorted(people))}; {needed - len(people)} more must sign"
    reason = signed if waiting == "open" else f"{sealed.reason}; {signed}"
    seals.set_state(connection, sealed.plan_hash, waiting, reason=reason)


def _message(plan_hash: str, expires_at: datetime, override_reason: str | None) -> bytes:
    return canonical_json(
        {
            "approves": plan_hash,
            "expires_at": expires_at.astimezone(UTC).isoformat(),
            "override_reason": override_reason,
        }
    ).encode()
