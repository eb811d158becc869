"""The start of a delivery: proof that a plan may go, and its rows moved into the outbox.

What lives here: both, so that either can be repeated after a crash.
What never does: calls to a vendor; the warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orchestration.activation import gate, plan_file
from orchestration.activation.approval import letting_out
from orchestration.activation.errors import ApprovalError, NotDeliverableError
from orchestration.activation.sender import Sending
from orchestration.activation.settlement import Decision, settle
from orchestration.activation.standing import check_standing, check_started
from orchestration.ledger import (
    Ledger,
    SealedPlan,
    audit,
    delivered,
    gaps,
    leases,
    outbox,
    seals,
)
from orchestration.ledger import standing as standing_approvals
from orchestration.ledger.leases import Lease
from orchestration.ledger.outbox import Intent
from orchestration.ledger.statements import SETTLED_ROWS, chunks
from orchestration.settings import Settings

DELIVERABLE = ("approved", *seals.RUNNING)
# Rows of one transaction, each with room for a receipt instead.
FILLED_ROWS = 800
_PRIORITIES = {"add": outbox.ADD, "update": outbox.UPDATE, "remove": outbox.REMOVE}


def unapproved(hashes: Sequence[str]) -> NotDeliverableError:
    """The error for plans that nobody approved, with the commands that would."""
    commands = "; ".join(f"tributary approve {plan_hash[:12]}" for plan_hash in hashes)
    return NotDeliverableError(
        f"{len(hashes)} plans wait for approval; nothing was sent.", remedy=f"Run: {commands}."
    )


def ended(plan: SealedPlan) -> NotDeliverableError:
    """The error for a plan of which nothing can be sent any more."""
    reason = "" if plan.reason is None else f": {plan.reason}"
    return NotDeliverableError(
        f"Plan {plan.plan_hash[:12]} is {plan.state.replace('_', ' ')}{reason}.",
        remedy="Run 'tributary plan' and look at the newest plan.",
    )


def start_plan(
    settings: Settings, ledger: Ledger, lease: Lease, plan: SealedPlan, at: datetime
) -> SealedPlan:
    """Prove that the plan may go, and mark it started, or resume it.

    Raises:
        NotDeliverableError: not approved, approved too long ago, or the world moved on since.
        ApprovalError: the approval is forged, or its approver may not approve any more.
        LeaseLostError: another process sends for the account by now.
    """
    plan_file.check_rows(settings, plan.plan_hash, plan.seal_json)
    try:
        with ledger.transaction() as connection:
            leases.check(connection, lease)
            gaps.refuse_while_open(connection)
            plan = seals.get(connection, plan.plan_hash)
            outdated = _start(settings, connection, plan, at)
    except ApprovalError as error:
        with ledger.transaction() as connection:
            detail = {"plan_hash": plan.plan_hash, "refused": error.what}
            audit.append(connection, "refusal", detail, at)
        raise
    if outdated is not None:
        raise NotDeliverableError(
            f"Plan {plan.plan_hash[:12]} cannot be sent: {outdated}.",
            remedy="Run 'tributary plan' and approve the new plan.",
        )
    return replace(plan, state="started")


def approval_expires_at(
    settings: Settings, connection: Connection, plan: SealedPlan, at: datetime
) -> datetime:
    """Until when a started plan may take further rows; ``at`` where nothing lets it out any more.

    Raises:
        ApprovalError: an approval is forged, or its approver may not approve any more.
    """
    if plan.standing_signature is not None:
        held = standing_approvals.get(connection, plan.standing_signature)
        return min(at, held.revoked_at) if held.revoked_at is not None else held.expires_at
    given = letting_out(settings, connection, plan, at)
    return min((one.expires_at for one in given), default=at)


def _start(
    settings: Settings, connection: Connection, plan: SealedPlan, at: datetime
) -> str | None:
    """Mark the plan started under its signatures; why not, where the world moved on since."""
    if plan.state in ("open", "halted"):
        raise unapproved([plan.plan_hash])
    if plan.state not in DELIVERABLE:
        raise ended(plan)
    signatures = _signatures(settings, connection, plan, at)
    outdated = _outdated(settings, connection, plan)
    if outdated is not None:
        if plan.state == "approved":
            seals.set_state(connection, plan.plan_hash, "superseded", reason=outdated)
        return outdated
    if plan.state != "approved":
        seals.set_state(connection, plan.plan_hash, "started", reason=None)
        return None
    if not signatures:
        raise NotDeliverableError(
            f"The approval of plan {plan.plan_hash[:12]} expired, or one more person must sign.",
            remedy="Run 'tributary plan' and approve the plan again.",
        )
    if plan.standing_signature is None:
        for signature in signatures:
            seals.use_approval(connection, signature, at)
    detail = {
        "plan_hash": plan.plan_hash,
        "approvals": signatures,
        "is_standing": plan.standing_signature is not None,
    }
    audit.append(connection, "delivery_start", detail, at)
    seals.set_state(connection, plan.plan_hash, "started", reason=None, started_at=at)
    return None


def _signatures(
    settings: Settings, connection: Connection, plan: SealedPlan, at: datetime
) -> list[str]:
    """The signatures that let the plan out; none where they are too old to start it."""
    if plan.standing_signature is not None:
        if plan.state == "approved":
            check_standing(connection, settings, plan, at)
        else:
            check_started(connection, settings, plan)
        return [plan.standing_signature]
    given = letting_out(settings, connection, plan, at)
    if not given and not seals.approvals(connection, plan.plan_hash):
        raise unapproved([plan.plan_hash])
    if not given and plan.state != "approved":
        raise unapproved([plan.plan_hash])
    return [one.signature for one in given]


def _outdated(settings: Settings, connection: Connection, plan: SealedPlan) -> str | None:
    """Why the sealed plan no longer fits the world, if it does not."""
    seal = json.loads(plan.seal_json)
    account = settings.destinations[plan.destination]
    if seal["destination"] != plan_file.destination_seal(account, plan.object):
        return "the destination's settings changed since it was sealed"
    if plan.state != "approved":
        # Its own rows move the version, and a repaired program must be able to finish it.
        return None
    if delivered.version(connection, plan.destination, plan.object) != plan.delivered_version:
        return "what is delivered changed since it was sealed"
    if seal["code_version"] != plan_file.code_version():
        return "the program changed since it was sealed"
    return None


def fill_outbox(settings: Settings, sending: Sending, plan: SealedPlan) -> None:
    """Move the plan's rows into the outbox, in chunks; a second call goes on where one stopped."""
    filled = plan.filled_count
    file = plan_file.plan_path(settings, plan.plan_hash)
    if filled == plan.row_count:
        return
    for rows in plan_file.read_rows(file, filled, FILLED_ROWS):
        with sending.transaction() as connection:
            _fill(connection, plan, rows, sending.account.now())
            filled += len(rows)
            seals.set_filled(connection, plan.plan_hash, filled)


def _fill(
    connection: Connection,
    plan: SealedPlan,
    rows: Sequence[Mapping[str, str | None]],
    at: datetime,
) -> None:
    leaving = {str(r["key"]): r["payload_json"] for r in rows if r["operation"] == "remove"}
    barred = gate.suppressed_keys(connection, plan.mandate, leaving)
    intents = [_intent(plan, row, barred) for row in rows]
    keys = [str(row["key"]) for row in rows]
    waiting = outbox.pending_of_keys(connection, plan.destination, plan.object, keys)
    # An opt-out that waits for the key does what the plan wanted, or forbids it.
    overtaken = {row.key for row in waiting}
    outbox.fill(connection, [row for row in intents if row["key"] not in overtaken])
    decisions = [
        Decision(_unsent(row), "superseded", reason="opted_out")
        for row in intents
        if row["key"] in overtaken
    ]
    for some in chunks(decisions, SETTLED_ROWS):
        settle(connection, plan.mandate, some, at)


def _unsent(row: Mapping[str, Any]) -> Intent:
    rest: dict[str, Any] = {"job_id": None, "attempt_count": 0, "last_reason": None}
    return Intent(**row, **rest, outbox_id=0, state="pending")


def _intent(plan: SealedPlan, row: Mapping[str, str | None], barred: set[str]) -> dict[str, Any]:
    operation = str(row["operation"])
    is_first = operation == "remove" and row["key"] in barred
    return {
        "plan_hash": plan.plan_hash,
        "destination": plan.destination,
        "object": plan.object,
        "key": row["key"],
        "operation": operation,
        "priority": outbox.REMOVE_SUPPRESSED if is_first else _PRIORITIES[operation],
        "row_hash": row["row_hash"],
        "payload_json": row["payload_json"] or "{}",
        "prior_payload_json": row["prior_payload_json"],
        "vendor_id": row["vendor_id"],
    }
