"""Standing approvals: a person signs a delivery's limits once, for every run until a date.

What lives here: what is signed, whether a plan is inside it, and letting a plan out under it.
What never does: a plan that a guard halted, one that needs two people, or one that somebody
cancelled: those wait for a person whatever was signed.

The signature covers audience, destination and account, fields, the most additions and removals of
a run, and the date. Changes of people who are there already are bound by the fields alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import plan_file
from orchestration.activation.approval import people_needed
from orchestration.activation.errors import ApprovalError
from orchestration.activation.facts import facts_of, guards_of
from orchestration.activation.keys import approver_name, is_signed, public_key_of, sign
from orchestration.activation.spec import SyncSpec
from orchestration.ledger import Ledger, SealedPlan, audit, seals
from orchestration.ledger import standing as stored
from orchestration.ledger.audit import canonical_json
from orchestration.ledger.standing import StandingApproval
from orchestration.settings import Settings

MOST_DAYS = 366


@dataclass(frozen=True)
class Limits:
    """What a person signs beside the delivery itself."""

    fields: tuple[str, ...]
    most_adds: int
    most_removals: int
    until: datetime


def sign_standing(
    ledger: Ledger,
    settings: Settings,
    spec: SyncSpec,
    limits: Limits,
    *,
    approver_key: Path,
    now: Callable[[], datetime],
) -> StandingApproval:
    """Sign a delivery's limits with the private key in ``approver_key``.

    Raises:
        ApprovalError: no fields, a date that is over or more than a year away, negative limits, or
            an unknown or unreadable key.
    """
    at = now()
    _refuse_unfit(limits, at)
    account = settings.destinations[spec.destination]
    public = public_key_of(approver_key)
    unsigned = StandingApproval(
        signature="",
        destination=spec.destination,
        object=spec.object,
        model=f"{spec.schema}.{spec.model}",
        kind=spec.kind,
        purpose=spec.purpose,
        account_json=canonical_json(plan_file.destination_seal(account, spec.object)),
        fields_json=canonical_json(sorted(set(limits.fields))),
        most_adds=limits.most_adds,
        most_removals=limits.most_removals,
        approver=approver_name(settings, public),
        public_key=public,
        approved_at=at,
        expires_at=limits.until,
    )
    signature, _ = sign(approver_key, _message(unsigned))
    given = replace(unsigned, signature=signature)
    with ledger.transaction() as connection:
        stored.add(connection, given)
    return given


def approve_if_inside(
    connection: Connection, settings: Settings, plan: SealedPlan, at: datetime
) -> SealedPlan:
    """Let a plan that was just sealed out under a standing approval, in the caller's transaction;
    one that is outside goes on waiting and says why."""
    if plan.state != "open":
        return plan
    why_not: list[str] = []
    for one in stored.of_object(connection, plan.destination, plan.object, at):
        problem = why_outside(settings, plan, one, at)
        if problem is None:
            reason = f"standing approval of {one.approver} until {one.expires_at:%F %T} UTC"
            seals.set_state(
                connection,
                plan.plan_hash,
                "approved",
                reason=reason,
                standing_signature=one.signature,
            )
            detail = {"plan_hash": plan.plan_hash, "signature": one.signature}
            audit.append(connection, "standing_use", detail, at)
            return replace(
                plan, state="approved", reason=reason, standing_signature=one.signature
            )
        why_not.append(f"outside the standing approval of {one.approver}: {problem}")
    if not why_not:
        return plan
    seals.set_state(connection, plan.plan_hash, "open", reason=why_not[0])
    return replace(plan, reason=why_not[0])


def check_standing(
    connection: Connection, settings: Settings, plan: SealedPlan, at: datetime
) -> StandingApproval:
    """The standing approval that a plan was let out under, proved again.

    Raises:
        ApprovalError: it is not there, was revoked, is over, forged, or the plan is outside.
    """
    one = stored.get(connection, str(plan.standing_signature))
    problem = why_outside(settings, plan, one, at)
    if problem is not None:
        raise _does_not_let_out(plan, problem)
    return one


def check_started(connection: Connection, settings: Settings, plan: SealedPlan) -> None:
    """A plan that was started under a standing approval may be finished: its date and revocation
    bind further rows, not what is under way.

    Raises:
        ApprovalError: it is not there, was forged, or the plan never was inside.
    """
    one = stored.get(connection, str(plan.standing_signature))
    problem = _why_forged(settings, one) or _why_too_much(plan, one) or _why_halted(plan)
    if problem is not None:
        raise _does_not_let_out(plan, problem)


def _does_not_let_out(plan: SealedPlan, problem: str) -> ApprovalError:
    return ApprovalError(
        f"The standing approval of plan {plan.plan_hash[:12]} does not let it out: {problem}.",
        remedy="Run 'tributary plan', and approve what waits.",
    )


def why_outside(
    settings: Settings, plan: SealedPlan, one: StandingApproval, at: datetime
) -> str | None:
    """Why the standing approval does not cover the plan; None where it does."""
    problems = (
        _why_invalid(settings, one, at),
        _why_other(settings, plan, one),
        _why_too_much(plan, one),
        _why_a_person(settings, plan),
    )
    return next((problem for problem in problems if problem is not None), None)


def _why_invalid(settings: Settings, one: StandingApproval, at: datetime) -> str | None:
    if one.revoked_at is not None:
        return f"it was revoked by {one.revoked_by}"
    if one.expires_at <= at:
        return f"it ended at {one.expires_at:%F %T} UTC"
    return _why_forged(settings, one)


def _why_forged(settings: Settings, one: StandingApproval) -> str | None:
    try:
        is_known = approver_name(settings, one.public_key) == one.approver
    except ApprovalError as error:
        return error.what.rstrip(".").lower()
    if not is_known:
        return "its key is another person's"
    if not is_signed(one.public_key, one.signature, _message(one)):
        return "its signature is not valid"
    return None


def _why_other(settings: Settings, plan: SealedPlan, one: StandingApproval) -> str | None:
    for name in ("destination", "object", "model", "kind", "purpose"):
        if getattr(plan, name) != getattr(one, name):
            return f"it was signed for another {name}"
    account = settings.destinations[plan.destination]
    if canonical_json(plan_file.destination_seal(account, plan.object)) != one.account_json:
        return "it was signed for another account"
    return None


def _why_too_much(plan: SealedPlan, one: StandingApproval) -> str | None:
    facts = facts_of(plan.seal_json, state=plan.state, reason=plan.reason)
    if facts is None:
        return "the plan does not say which fields it holds"
    new = sorted(set(facts.fields) - set(json.loads(one.fields_json)))
    if new:
        return f"fields that were not signed: {', '.join(new)}"
    # The seal's own figures: the columns beside it are not under the hash.
    for what, count, most in (
        ("additions", facts.counts.added, one.most_adds),
        ("removals", facts.counts.removed, one.most_removals),
    ):
        if count > most:
            return f"{count} {what}, at most {most} were signed"
    return None


def _why_a_person(settings: Settings, plan: SealedPlan) -> str | None:
    halted = _why_halted(plan)
    if halted is not None:
        return halted
    if people_needed(settings, plan) > 1:
        return "two people must sign a plan of this size"
    if plan.cancelled_at is not None:
        return "somebody cancelled this very plan before"
    return None


def _why_halted(plan: SealedPlan) -> str | None:
    guards = guards_of(plan.seal_json)
    return f"a guard halted it: {', '.join(guards)}" if guards else None


def _refuse_unfit(limits: Limits, at: datetime) -> None:
    wrong = None
    if not limits.fields or not all(name.strip() for name in limits.fields):
        wrong = "names no fields"
    elif min(limits.most_adds, limits.most_removals) < 0:
        wrong = "has a limit below zero"
    elif limits.until <= at:
        wrong = "is over already"
    elif limits.until > at + timedelta(days=MOST_DAYS):
        wrong = f"lasts longer than {MOST_DAYS} days"
    if wrong is not None:
        raise ApprovalError(
            f"The standing approval {wrong}.",
            remedy="Give --fields, --max-adds, --max-removals and --until within a year.",
        )


def _message(one: StandingApproval) -> bytes:
    names = ("destination", "object", "model", "kind", "purpose", "most_adds", "most_removals")
    signed: dict[str, Any] = {name: getattr(one, name) for name in names}
    signed["account"] = json.loads(one.account_json)
    signed["fields"] = json.loads(one.fields_json)
    signed["expires_at"] = one.expires_at.astimezone(UTC).isoformat()
    return canonical_json({"approves_standing": signed}).encode()


def names_of(fields: Sequence[str]) -> tuple[str, ...]:
    """Field names from options that may hold several, separated by commas."""
    return tuple(name.strip() for field in fields for name in field.split(",") if name.strip())
