"""Standing approvals: what a person signed once for every run until a date, and its revocation.

What lives here: their table, its links of the chain and their witnesses.
What never does: whether a signature is good, whether a plan is inside (``activation/standing.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.safety_tables import standing_approval

_SHORTEST = 8


@dataclass(frozen=True)
class StandingApproval:
    """One signature under one delivery and its limits; see ``tables.standing_approval``."""

    signature: str
    destination: str
    object: str
    model: str
    kind: str
    purpose: str
    account_json: str
    fields_json: str
    most_adds: int
    most_removals: int
    approver: str
    public_key: str
    approved_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoke_reason: str | None = None


def add(connection: Connection, given: StandingApproval) -> None:
    """Store a signature, with one link of the chain."""
    connection.execute(
        standing_approval.insert().values({f.name: getattr(given, f.name) for f in _FIELDS})
    )
    detail = {name: _plain(getattr(given, name)) for name in _WITNESSED}
    audit.append(connection, "standing_approval", detail, given.approved_at)


def revoke(
    connection: Connection, signature: str, *, actor: str, reason: str, at: datetime
) -> StandingApproval:
    """Take a signature back, with one link of the chain; a second time changes nothing.

    Raises:
        UnknownNameError: no signature begins so, or several do.
    """
    found = get(connection, signature)
    if found.revoked_at is not None:
        return found
    connection.execute(
        update(standing_approval)
        .where(standing_approval.c.signature == found.signature)
        .values(revoked_at=at, revoked_by=actor, revoke_reason=reason)
    )
    detail = {"signature": found.signature, "revoked_by": actor, "revoke_reason": reason}
    audit.append(connection, "standing_revocation", detail, at)
    return get(connection, found.signature)


def get(connection: Connection, signature: str) -> StandingApproval:
    """The standing approval with this signature, or with this beginning if only one has it.

    Raises:
        UnknownNameError: none has it, or several have.
    """
    found = [
        one
        for one in every(connection)
        if one.signature == signature
        or (len(signature) >= _SHORTEST and one.signature.startswith(signature))
    ]
    if len(found) != 1:
        known = [one.signature[:12] for one in every(connection)]
        raise UnknownNameError("standing approval", signature, known)
    return found[0]


def every(connection: Connection) -> list[StandingApproval]:
    """All of them, newest first, revoked and expired ones too."""
    rows = connection.execute(
        select(standing_approval).order_by(
            standing_approval.c.approved_at.desc(), standing_approval.c.signature
        )
    )
    return [StandingApproval(**row._mapping) for row in rows]


def of_object(
    connection: Connection, destination: str, object_name: str, at: datetime
) -> list[StandingApproval]:
    """Those for this object that stand at this moment, newest first."""
    return [
        one
        for one in every(connection)
        if (one.destination, one.object) == (destination, object_name)
        and one.revoked_at is None
        and one.expires_at > at
    ]


def approval_stands(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the standing approval that a link records is in the table, unchanged."""
    row = _row(connection, detail["signature"])
    return row is not None and all(
        _plain(getattr(row, name)) == detail[name] for name in _WITNESSED
    )


def revocation_stands(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where what a link says was taken back is still taken back."""
    row = _row(connection, detail["signature"])
    return (
        row is not None
        and row.revoked_at is not None
        and all(getattr(row, name) == detail[name] for name in ("revoked_by", "revoke_reason"))
    )


_FIELDS = fields(StandingApproval)
_WITNESSED = tuple(
    field.name for field in _FIELDS if not field.name.startswith(("revoke", "approved_at"))
)


def _row(connection: Connection, signature: str) -> StandingApproval | None:
    row = connection.execute(
        select(standing_approval).where(standing_approval.c.signature == signature)
    ).first()
    return None if row is None else StandingApproval(**row._mapping)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
