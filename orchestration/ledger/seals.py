"""Sealed plans and the approvals that let them out.

What lives here: the plan's life in the ledger (states below) and its approvals.
What never does: what a plan contains, whether a signature is good.

States: ``open`` waits for approval; ``halted`` was stopped by a guard; ``nothing_to_do`` is empty;
``approved``; ``started`` is being sent; ``partial`` was started and stopped; ``done``;
``superseded`` gave way to a newer plan; ``cancelled`` was taken back by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.outbox import Mandate
from orchestration.ledger.safety_tables import standing_approval
from orchestration.ledger.statements import next_sequence
from orchestration.ledger.tables import approval, plan

UNAPPROVED = ("open", "halted", "nothing_to_do")
RUNNING = ("started", "partial")
CURRENT = (*UNAPPROVED, "approved", *RUNNING)

# Built once: planning and sending ask these many times.
_OF_OBJECT = (
    select(plan)
    .where(
        plan.c.destination == bindparam("of_destination"),
        plan.c.object == bindparam("of_object"),
        plan.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(plan.c.sequence.desc())
    .limit(1)
)
_IN_STATES = (
    select(plan)
    .where(plan.c.state.in_(bindparam("states", expanding=True)))
    .order_by(plan.c.sequence)
)
_BY_HASH = select(plan).where(plan.c.plan_hash == bindparam("of_hash"))
_SEAL = plan.insert()


@dataclass(frozen=True)
class SealedPlan:
    """One row of ``plan``; counts are rows, ``seal_json`` holds all that the hash covers."""

    plan_hash: str
    destination: str
    object: str
    model: str
    kind: str
    purpose: str
    seal_json: str
    state: str
    reason: str | None
    delivered_version: int
    desired_count: int
    delivered_count: int
    add_count: int
    update_count: int
    remove_count: int
    held_back_count: int
    planned_at: datetime
    filled_count: int = 0
    sequence: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    standing_signature: str | None = None
    cancelled_at: datetime | None = None

    @property
    def row_count(self) -> int:
        return self.add_count + self.update_count + self.remove_count

    @property
    def mandate(self) -> Mandate:
        """What its rows need to know of it on their way."""
        return Mandate(self.plan_hash, self.destination, self.object, self.kind, self.purpose)


@dataclass(frozen=True)
class StoredApproval:
    """One signature under one plan."""

    signature: str
    plan_hash: str
    approver: str
    public_key: str
    approved_at: datetime
    expires_at: datetime
    override_reason: str | None = None
    used_at: datetime | None = None


@dataclass(frozen=True)
class LetOut:
    """A signature that rows left under: of the plan itself, or a standing one around it."""

    signature: str
    approver: str
    is_standing: bool


def get(connection: Connection, plan_hash: str) -> SealedPlan:
    """The plan with this hash, or with this beginning of at least 8 characters if only one has it.

    Raises:
        UnknownNameError: none has it, or several have.
    """
    statement = _BY_HASH
    if 8 <= len(plan_hash) < 64 and plan_hash.isalnum():
        statement = select(plan).where(plan.c.plan_hash.startswith(plan_hash)).limit(2)
    rows = connection.execute(statement, {"of_hash": plan_hash}).all()
    if len(rows) != 1:
        known = [found.plan_hash[:12] for found in in_states(connection, CURRENT)]
        raise UnknownNameError("plan", plan_hash, known)
    return _sealed(rows[0]._mapping)


def in_states(connection: Connection, states: Sequence[str]) -> list[SealedPlan]:
    """All plans in these states, oldest first."""
    rows = connection.execute(_IN_STATES, {"states": list(states)})
    return [_sealed(row._mapping) for row in rows]


def current(connection: Connection, destination: str, object_name: str) -> SealedPlan | None:
    """The one plan of the object that is neither done nor superseded."""
    return _newest(connection, destination, object_name, CURRENT)


def last_done(connection: Connection, destination: str, object_name: str) -> str | None:
    """The hash of the newest plan of the object that was sent to its end."""
    found = _newest(connection, destination, object_name, ("done",))
    return None if found is None else found.plan_hash


def seal(connection: Connection, sealed: SealedPlan, at: datetime) -> SealedPlan:
    """Store a plan; equal content is kept, a different one that nobody approved gives way.

    The caller has made sure that no plan of the object is approved (and not expired) or running.
    """
    connection.execute(
        update(plan)
        .where(
            _of(sealed.destination, sealed.object),
            plan.c.plan_hash != sealed.plan_hash,
            plan.c.state.in_((*UNAPPROVED, "approved")),
        )
        .values(state="superseded", reason="a newer plan took its place", finished_at=at)
    )
    known = connection.execute(_BY_HASH, {"of_hash": sealed.plan_hash}).first()
    if known is None:
        stored = replace(sealed, sequence=next_sequence(connection, plan.name, 1))
        connection.execute(_SEAL, {f.name: getattr(stored, f.name) for f in _FIELDS})
    else:
        stored = replace(
            _sealed(known._mapping),
            state=sealed.state,
            reason=sealed.reason,
            finished_at=None,
            standing_signature=None,
        )
        set_state(
            connection,
            stored.plan_hash,
            stored.state,
            reason=stored.reason,
            standing_signature=None,
        )
    if known is None or known.state not in UNAPPROVED:
        detail = {"plan_hash": stored.plan_hash, "state": stored.state, "rows": stored.row_count}
        audit.append(connection, "seal", detail, at)
    return stored


def set_state(
    connection: Connection, plan_hash: str, state: str, *, reason: str | None, **columns: Any
) -> None:
    """Move a plan to another state; ``columns`` are further columns of the row."""
    connection.execute(
        update(plan)
        .where(plan.c.plan_hash == plan_hash)
        .values(state=state, reason=reason, **columns)
    )


def cancel(
    connection: Connection, plan_hash: str, *, actor: str, reason: str, at: datetime
) -> None:
    """Take a plan back that was not started, with one link of the chain."""
    set_state(
        connection,
        plan_hash,
        "cancelled",
        reason=f"cancelled by {actor}: {reason}",
        finished_at=at,
        cancelled_at=at,
    )
    audit.append(
        connection, "cancel", {"plan_hash": plan_hash, "actor": actor, "reason": reason}, at
    )


def set_filled(connection: Connection, plan_hash: str, filled_count: int) -> None:
    """How many rows of the plan's file are in the outbox or past it."""
    connection.execute(
        update(plan).where(plan.c.plan_hash == plan_hash).values(filled_count=filled_count)
    )


def add_approval(connection: Connection, given: StoredApproval) -> None:
    """Store a signature, with one link of the chain."""
    connection.execute(
        approval.insert().values({f.name: getattr(given, f.name) for f in fields(StoredApproval)})
    )
    detail = {name: getattr(given, name) for name in _WITNESSED}
    audit.append(connection, "approval", detail, given.approved_at)


def approvals(connection: Connection, plan_hash: str) -> list[StoredApproval]:
    """Every signature under the plan, newest first."""
    rows = connection.execute(
        select(approval)
        .where(approval.c.plan_hash == plan_hash)
        .order_by(approval.c.approved_at.desc(), approval.c.signature)
    )
    return [StoredApproval(**row._mapping) for row in rows]


def newest_approval(connection: Connection, plan_hash: str) -> StoredApproval | None:
    """The newest signature under the plan."""
    return next(iter(approvals(connection, plan_hash)), None)


def let_out_by(connection: Connection, plan_hash: str) -> list[LetOut]:
    """The signatures that let the plan's rows out, whose receipts name the plan; none where
    nothing of it was started."""
    started = get(connection, plan_hash)
    if started.started_at is None:
        return []
    if started.standing_signature is not None:
        approver: str = connection.execute(
            select(standing_approval.c.approver).where(
                standing_approval.c.signature == started.standing_signature
            )
        ).scalar_one()
        return [LetOut(started.standing_signature, approver, is_standing=True)]
    return [
        LetOut(given.signature, given.approver, is_standing=False)
        for given in approvals(connection, plan_hash)
        if given.used_at is not None
    ]


def use_approval(connection: Connection, signature: str, at: datetime) -> None:
    """Mark a signature as used: it starts one delivery and no second."""
    connection.execute(update(approval).where(approval.c.signature == signature).values(used_at=at))


def approval_stands(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the approval that a link records is in the table, unchanged."""
    row = connection.execute(
        select(approval).where(approval.c.signature == detail["signature"])
    ).first()
    return row is not None and all(row._mapping[name] == detail[name] for name in _WITNESSED)


_FIELDS = fields(SealedPlan)
_WITNESSED = ("signature", "plan_hash", "approver", "public_key", "override_reason")


def _newest(
    connection: Connection, destination: str, object_name: str, states: Sequence[str]
) -> SealedPlan | None:
    given = {"of_destination": destination, "of_object": object_name, "states": list(states)}
    row = connection.execute(_OF_OBJECT, given).first()
    return None if row is None else _sealed(row._mapping)


def _sealed(row: Any) -> SealedPlan:
    return SealedPlan(**{field.name: row[field.name] for field in _FIELDS})


def _of(destination: str, object_name: str) -> Any:
    return (plan.c.destination == destination) & (plan.c.object == object_name)
