"""What a verdict means: receipt, delivered state and outbox move together, in one transaction.

What lives here: that rule, row by row.
What never does: calls to a vendor; statements (the ledger's files hold them).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from orchestration.activation.payloads import Stale, dump_stale, left_behind, load_stale, parse
from orchestration.ledger import delivered, outbox
from orchestration.ledger.delivered import DeliveredRow, ReceiptRow
from orchestration.ledger.outbox import Intent, Mandate

_TAKEN = ("accepted", "accepted_unverified")
# The row went down with others: its own content may be good.
WITH_OTHERS = "refused_with_others:"


@dataclass(frozen=True)
class Decision:
    """The final verdict on one intent."""

    intent: Intent
    verdict: str
    reason: str | None = None
    vendor_id: str | None = None
    job_id: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.verdict in _TAKEN

    @property
    def is_doubtful(self) -> bool:
        """True where the vendor may hold the row although nobody accepted it."""
        if self.verdict == "ambiguous":
            return True
        return self.verdict == "superseded" and self.intent.attempt_count > 0


def settle(
    connection: Connection, mandate: Mandate, decisions: Sequence[Decision], at: datetime
) -> None:
    """Write decisions (at most ``SETTLED_ROWS``) in the caller's transaction."""
    where = (mandate.destination, mandate.object)
    held = delivered.by_keys(connection, *where, [d.intent.key for d in decisions])
    never_in = _never_in(connection, where, decisions, held)
    changes = [
        change
        for decision in decisions
        if (change := _change(mandate, decision, held.get(decision.intent.key))) is not None
    ]
    changes += [_gone(held[key]) for key in sorted(never_in)]
    still_stale = {
        change.key: load_stale(change.stale_payloads_json)[:1]
        for change in changes
        if _goes_on(change)
    }
    delivered.write(connection, *where, mandate.plan_hash, changes, at)
    receipts = [_receipt(d) for d in decisions if d.intent.operation != "prune"]
    delivered.write_receipts(connection, *where, mandate.plan_hash, receipts, at)
    _settle_rejected(connection, mandate, decisions, at)
    # Where an opt-out waits for the key, that row takes the older identifiers out as well.
    replaced = {
        row.key
        for row in outbox.pending_of_keys(connection, *where, sorted(still_stale))
        if row.outbox_id not in {d.intent.outbox_id for d in decisions}
    }
    pruned = [
        d.intent
        for d in decisions
        if d.is_taken and d.intent.key in still_stale and d.intent.key not in replaced
    ]
    outbox.turn_to_prune(
        connection, {intent.outbox_id: dump_stale(still_stale[intent.key]) for intent in pruned}
    )
    kept = {intent.outbox_id for intent in pruned}
    outbox.remove_decided(
        connection, [d.intent.outbox_id for d in decisions if d.intent.outbox_id not in kept]
    )


def _change(mandate: Mandate, decision: Decision, held: DeliveredRow | None) -> DeliveredRow | None:
    operation = decision.intent.operation
    if operation == "prune":
        return None if held is None else _pruned(decision, held)
    if operation == "remove":
        return _removed(decision, held)
    if operation in ("suppress", "erase"):
        # No member and no profile: the receipt tells of it, and the address is kept nowhere.
        return None
    if decision.is_taken:
        return _upserted(mandate, decision, held)
    return _doubted(mandate, decision, held) if decision.is_doubtful else None


def _upserted(mandate: Mandate, decision: Decision, held: DeliveredRow | None) -> DeliveredRow:
    intent = decision.intent
    vendor_id = decision.vendor_id or intent.vendor_id
    stale: list[Stale] = []
    # Only a list forgets people; a profile is one record whose fields were just replaced.
    if mandate.kind == "membership" and held is not None and not held.is_removed:
        older = [Stale(parse(held.payload_json), held.vendor_id)]
        older += load_stale(held.stale_payloads_json)
        stale = left_behind(parse(intent.payload_json), decision.vendor_id, older)
    return DeliveredRow(
        key=intent.key,
        row_hash=intent.row_hash,
        payload_json=intent.payload_json,
        stale_payloads_json=dump_stale(stale),
        vendor_id=vendor_id,
        is_removed=False,
    )


def _doubted(mandate: Mandate, decision: Decision, held: DeliveredRow | None) -> DeliveredRow:
    """Nobody knows whether the vendor holds it: planned again, and removed if the person leaves."""
    intent = decision.intent
    if held is None or held.is_removed:
        return DeliveredRow(
            intent.key, None, intent.payload_json, None, decision.vendor_id, is_removed=False
        )
    if mandate.kind != "membership":
        return replace(held, row_hash=None)
    return beside(held, Stale(parse(intent.payload_json), None))


def beside(held: DeliveredRow, other: Stale) -> DeliveredRow:
    """The row of somebody of whom ``other`` may stand there as well: in doubt, planned anew."""
    stale = load_stale(held.stale_payloads_json)
    if other not in stale:
        stale.append(other)
    return replace(held, row_hash=None, stale_payloads_json=dump_stale(stale))


def _removed(decision: Decision, held: DeliveredRow | None) -> DeliveredRow | None:
    if not decision.is_taken:
        return None
    return DeliveredRow(
        key=decision.intent.key,
        row_hash=None,
        payload_json=None,
        stale_payloads_json=None if held is None else held.stale_payloads_json,
        vendor_id=decision.intent.vendor_id,
        is_removed=True,
    )


def _never_in(
    connection: Connection,
    where: tuple[str, str],
    decisions: Sequence[Decision],
    held: Mapping[str, DeliveredRow],
) -> set[str]:
    """Keys in doubt whose removal the vendor refuses for its content, and that it never took:
    nothing of them can stand there, and asking again would never end."""
    refused = [
        decision.intent.key
        for decision in decisions
        if decision.intent.operation == "remove"
        and decision.verdict == "rejected"
        and not (decision.reason or "").startswith(WITH_OTHERS)
        and (row := held.get(decision.intent.key)) is not None
        and row.row_hash is None
        and not row.is_removed
    ]
    return set(refused) - delivered.ever_taken(connection, *where, refused)


def _gone(held: DeliveredRow) -> DeliveredRow:
    return replace(
        held, row_hash=None, payload_json=None, stale_payloads_json=None, is_removed=True
    )


def _pruned(decision: Decision, held: DeliveredRow) -> DeliveredRow | None:
    stale = load_stale(held.stale_payloads_json)
    (old,) = load_stale(decision.intent.prior_payload_json)
    rest = [entry for entry in stale if entry != old]
    if decision.is_taken:
        return replace(held, stale_payloads_json=dump_stale(rest))
    if old not in stale:
        # An opt-out that came meanwhile took it out.
        return None
    if not held.is_removed:
        # Nobody knows whether the old identifier left: the next plan changes the row once more.
        return replace(held, row_hash=None) if decision.is_doubtful else None
    # The person left, this part of her stayed: the next plan removes it again.
    return replace(
        held,
        payload_json=json.dumps(dict(old.payload), sort_keys=True),
        stale_payloads_json=dump_stale(rest),
        vendor_id=old.vendor_id,
        is_removed=False,
    )


def _goes_on(change: DeliveredRow) -> bool:
    """True where older identifiers remain that this very delivery takes out next."""
    in_doubt = change.row_hash is None and not change.is_removed
    return change.stale_payloads_json is not None and not in_doubt


def _receipt(decision: Decision) -> ReceiptRow:
    intent = decision.intent
    return ReceiptRow(
        key=intent.key,
        operation=intent.operation,
        row_hash=intent.row_hash,
        verdict=decision.verdict,
        reason=decision.reason,
        vendor_id=decision.vendor_id,
        job_id=decision.job_id,
    )


def _settle_rejected(
    connection: Connection, mandate: Mandate, decisions: Sequence[Decision], at: datetime
) -> None:
    where = (mandate.destination, mandate.object)
    rejected = [
        {"key": d.intent.key, "row_hash": d.intent.row_hash, "reason": d.reason}
        for d in decisions
        if d.verdict == "rejected" and d.intent.operation in ("add", "update")
    ]
    delivered.write_rejected(connection, *where, str(mandate.plan_hash), rejected, at)
    delivered.forget_rejected(connection, *where, [d.intent.key for d in decisions if d.is_taken])
