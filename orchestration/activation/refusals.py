"""Which signatures a plan still takes, and why another one is refused.

What lives here: that rule, over the plan's state, its guards and the signatures before.
What never does: keys, signing, statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestration.activation.errors import ApprovalError
from orchestration.activation.facts import approvers_needed, guards_of
from orchestration.ledger import SealedPlan, StoredApproval


def unused_today(given: Sequence[StoredApproval], at: datetime) -> list[StoredApproval]:
    """Signatures that started nothing yet and are not too old to."""
    return [one for one in given if one.used_at is None and one.expires_at > at]


def refuse_unless_waiting(
    sealed: SealedPlan, before: Sequence[StoredApproval], given: StoredApproval
) -> None:
    """
    Raises:
        ApprovalError: the plan waits for no signature like this one, and why.
    """
    short, is_override = sealed.plan_hash[:12], given.override_reason is not None
    today = unused_today(before, given.approved_at)
    if sealed.state == ("halted" if is_override else "open"):
        # What the hash says counts, whatever state somebody wrote beside it.
        if is_override == bool(guards_of(sealed.seal_json)):
            _refuse_twice(sealed, today, given)
            return
        raise ApprovalError(
            f"Plan {short} does not have the state that its guards gave it.",
            remedy="Run 'tributary ledger verify' and plan again.",
        )
    if sealed.state == "approved":
        newest = next(iter(before), None)
        is_like = newest is not None and (newest.override_reason is not None) == is_override
        is_short = len({one.approver for one in today}) < approvers_needed(sealed.seal_json)
        if is_short and is_like and sealed.standing_signature is None:
            _refuse_twice(sealed, today, given)
            return
        raise ApprovalError(
            f"Plan {short} was approved {_by_whom(newest)}.",
            remedy="Run 'tributary deliver'; after that time plan again.",
        )
    how, remedy = {
        "halted": (f"was halted: {sealed.reason}", "Find the cause, or approve it with a reason."),
        "superseded": ("gave way to a newer plan", "Look at the newer plan and approve that."),
        "cancelled": (f"was {sealed.reason}", "Plan again, and approve the new plan."),
        "nothing_to_do": (f"is empty: {sealed.reason}", "There is nothing to approve."),
        "done": ("was delivered", "There is nothing to approve."),
        "open": ("was not halted", "Approve it without a reason."),
    }.get(sealed.state, ("is being delivered", "Run 'tributary deliver' to finish it."))
    raise ApprovalError(f"Plan {short} {how}.", remedy=remedy)


def _refuse_twice(
    sealed: SealedPlan, today: Sequence[StoredApproval], given: StoredApproval
) -> None:
    if any(given.approver == one.approver for one in today):
        raise ApprovalError(
            f"Plan {sealed.plan_hash[:12]} was signed by {given.approver} already.",
            remedy="A second person must sign it with a key of her own.",
        )


def _by_whom(newest: StoredApproval | None) -> str:
    if newest is None:
        return "by a standing approval"
    return f"by {newest.approver}, until {newest.expires_at:%F %T} UTC"
