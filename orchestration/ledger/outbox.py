"""Intents on their way: filled from a plan, taken, sent, waiting for a job, gone when decided.

What lives here: the outbox table and its states ``pending``, ``sending``, ``submitted``.
What never does: which row may go (the gate), what a verdict means (the settlement).

A row that is ``sending`` when a process dies goes back to ``pending`` with its attempts counted:
the vendor may hold it or not, and sending it again is harmless. Per object and key one intent is
pending; an opt-out may wait behind an addition that is under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Select,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from orchestration.ledger.statements import INSERTED_ROWS, chunks
from orchestration.ledger.tables import outbox

# Suppressed people leave first, then additions, changes, identifiers that changes left behind,
# and last the other removals.
REMOVE_SUPPRESSED, ADD, UPDATE, PRUNE, REMOVE = range(5)
_READ_TOGETHER = 10_000


@dataclass(frozen=True)
class Mandate:
    """What lets rows out: an approved plan, or (``plan_hash`` None) the opt-outs of one object."""

    plan_hash: str | None
    destination: str
    object: str
    kind: str
    purpose: str


@dataclass(frozen=True)
class Intent:
    """One row of the outbox. ``operation``: add, update, remove, prune (old identifiers, which are
    its prior payload), suppress (a vendor's own record of an opt-out), or erase (whatever a vendor
    holds)."""

    outbox_id: int
    plan_hash: str | None
    destination: str
    object: str
    key: str
    operation: str
    priority: int
    state: str
    row_hash: str | None
    payload_json: str
    prior_payload_json: str | None
    vendor_id: str | None
    job_id: str | None
    attempt_count: int
    last_reason: str | None

    @property
    def is_removal(self) -> bool:
        return self.operation in ("remove", "prune")


def _of_mandate(statement: Select[Any]) -> dict[bool, Select[Any]]:
    """The statement for a plan's rows (True) and for the opt-outs of one object (False)."""
    return {
        True: statement.where(outbox.c.plan_hash == bindparam("of_plan")),
        False: statement.where(
            outbox.c.plan_hash.is_(None),
            outbox.c.destination == bindparam("of_destination"),
            outbox.c.object == bindparam("of_object"),
        ),
    }


# Built once: a sender asks these in every turn, and building costs more than answering.
_INTENTS = select(*[outbox.c[field.name] for field in fields(Intent)]).order_by(outbox.c.outbox_id)
_MOST = _INTENTS.limit(bindparam("most"))
_PENDING = _of_mandate(
    _MOST.where(outbox.c.priority == bindparam("turn"), outbox.c.state == "pending")
)
_WAITING = _of_mandate(_MOST.where(outbox.c.state == "pending", outbox.c.operation != "prune"))
_UNDER_WAY = _of_mandate(_MOST.where(outbox.c.state == "sending"))
_OF_JOB = _of_mandate(
    _INTENTS.where(outbox.c.state == "submitted", outbox.c.job_id == bindparam("job"))
)
_JOBS = _of_mandate(
    select(outbox.c.job_id)
    .where(outbox.c.state == "submitted")
    .group_by(outbox.c.job_id)
    .order_by(func.min(outbox.c.outbox_id))
)
_COUNT = _of_mandate(select(func.count()).select_from(outbox))
_UNSENT = _of_mandate(
    select(outbox.c.outbox_id, outbox.c.key).where(outbox.c.state == "pending")
)
_OF_KEYS = _INTENTS.where(
    outbox.c.destination == bindparam("of_destination"),
    outbox.c.object == bindparam("of_object"),
    outbox.c.state == "pending",
    outbox.c.key.in_(bindparam("keys", expanding=True)),
)
_KEYS_WITH_ROWS = select(outbox.c.key).where(
    outbox.c.destination == bindparam("of_destination"),
    outbox.c.object == bindparam("of_object"),
    outbox.c.key.in_(bindparam("keys", expanding=True)),
)
_OPT_OUTS = (
    select(outbox.c.destination, outbox.c.object, outbox.c.operation, outbox.c.state)
    .where(outbox.c.plan_hash.is_(None))
    .group_by(outbox.c.destination, outbox.c.object, outbox.c.operation, outbox.c.state)
    .order_by(func.min(outbox.c.outbox_id))
)
_OPT_OUTS_OF = _OPT_OUTS.where(outbox.c.destination == bindparam("of_destination"))
_HAS_IDS = outbox.c.outbox_id.in_(bindparam("ids", expanding=True))
_MARK_SENDING = (
    update(outbox)
    .where(_HAS_IDS)
    .values(state="sending", attempt_count=outbox.c.attempt_count + 1)
)
_TURN_TO_PRUNE = (
    update(outbox)
    .where(outbox.c.outbox_id == bindparam("of_id"))
    .values(
        operation="prune", priority=PRUNE, state="pending", prior_payload_json=bindparam("old"),
        job_id=None, attempt_count=0,
    )
)  # fmt: skip
_NAME_ANEW = (
    update(outbox)
    .where(outbox.c.outbox_id == bindparam("of_id"))
    .values(payload_json=bindparam("payload"), vendor_id=bindparam("called"))
)
_REMOVE = delete(outbox).where(_HAS_IDS)
_FILL = outbox.insert()
_OPTED_OUT = select(outbox.c.key).where(
    outbox.c.destination == bindparam("of_destination"),
    outbox.c.object == bindparam("of_object"),
    outbox.c.plan_hash.is_(None),
)


def fill(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows (columns of the table without ``outbox_id``), all ``pending``."""
    if rows:
        connection.execute(_FILL, [{**row, "state": "pending"} for row in rows])


def pending(connection: Connection, mandate: Mandate, priority: int, limit: int) -> list[Intent]:
    """The next rows of this turn, in the plan's order."""
    return _read(connection, _PENDING, mandate, turn=priority, most=limit)


def waiting(connection: Connection, mandate: Mandate, limit: int) -> list[Intent]:
    """Pending rows of any turn except identifiers left behind, in the plan's order."""
    return _read(connection, _WAITING, mandate, most=limit)


def under_way(connection: Connection, mandate: Mandate, limit: int) -> list[Intent]:
    """Rows that are ``sending``."""
    return _read(connection, _UNDER_WAY, mandate, most=limit)


def of_plan(connection: Connection, plan_hash: str, limit: int) -> list[Intent]:
    """Undecided rows of a plan, whatever their state."""
    rows = connection.execute(_INTENTS.where(outbox.c.plan_hash == plan_hash).limit(limit))
    return _intents(rows)


def pending_of_keys(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> list[Intent]:
    """What waits for these keys, whoever let it out."""
    found: list[Intent] = []
    for some in chunks(keys, INSERTED_ROWS):
        given = {"of_destination": destination, "of_object": object_name, "keys": some}
        found += _intents(connection.execute(_OF_KEYS, given))
    return found


def opt_out_objects(connection: Connection, destination: str | None = None) -> list[Mandate]:
    """The objects with undecided opt-outs, in the order of their oldest."""
    return list(opt_out_states(connection, destination))


def opt_out_states(
    connection: Connection, destination: str | None = None
) -> dict[Mandate, frozenset[str]]:
    """The same objects, and in which states their opt-outs are."""
    statement = _OPT_OUTS if destination is None else _OPT_OUTS_OF
    rows = connection.execute(statement, {"of_destination": destination}).all()
    kinds = {
        (row.destination, row.object): "membership" if row.operation == "remove" else "consent"
        for row in rows
    }
    return {
        Mandate(None, *where, kind, ""): frozenset(
            row.state for row in rows if (row.destination, row.object) == where
        )
        for where, kind in kinds.items()
    }


def opt_out_destinations(connection: Connection) -> list[str]:
    """The destinations with undecided opt-outs, by name."""
    return list(
        connection.execute(
            select(outbox.c.destination)
            .where(outbox.c.plan_hash.is_(None))
            .group_by(outbox.c.destination)
            .order_by(outbox.c.destination)
        ).scalars()
    )


def stream_opted_out(
    connection: Connection, destination: str, object_name: str
) -> Iterator[tuple[str]]:
    """Keys of the object that leave without a plan and are not decided yet, as they are read."""
    rows = connection.execution_options(yield_per=_READ_TOGETHER).execute(
        _OPTED_OUT, {"of_destination": destination, "of_object": object_name}
    )
    for row in rows:
        yield (row.key,)


def of_job(connection: Connection, mandate: Mandate, job_id: str) -> list[Intent]:
    """The rows that wait for the vendor's job."""
    return _read(connection, _OF_JOB, mandate, job=job_id)


def keys_with_rows(
    connection: Connection, destination: str, object_name: str, keys: Sequence[str]
) -> set[str]:
    """Those of the keys of which something is undecided."""
    given = {"of_destination": destination, "of_object": object_name, "keys": list(keys)}
    return set(connection.execute(_KEYS_WITH_ROWS, given).scalars())


def jobs(connection: Connection, mandate: Mandate) -> list[str]:
    """Ids of the vendor's jobs that rows wait for, oldest first."""
    return list(_ask(connection, _JOBS, mandate).scalars())


def mark_sending(connection: Connection, ids: Sequence[int]) -> None:
    """The rows are about to leave: from now on the vendor may hold them."""
    if ids:
        connection.execute(_MARK_SENDING, {"ids": ids})


def give_back(
    connection: Connection, ids: Sequence[int], reason: str | None, *, attempts: int = 1
) -> None:
    """Return rows that were ``sending`` to ``pending``; 0 ``attempts`` were requests."""
    if ids:
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(ids))
            .values(
                state="pending",
                last_reason=reason,
                attempt_count=outbox.c.attempt_count - 1 + attempts,
            )
        )


def submit(connection: Connection, job_of: Mapping[int, str]) -> None:
    """Store the job that each row waits for, before anyone asks for its outcome."""
    if job_of:
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(list(job_of)))
            .values(state="submitted", job_id=case(job_of, value=outbox.c.outbox_id))
        )


def turn_to_prune(connection: Connection, left_behind: Mapping[int, str | None]) -> None:
    """The new identifiers are in; the old ones leave next: outbox id -> what leaves, which the row
    keeps as its prior payload."""
    if left_behind:
        connection.execute(
            _TURN_TO_PRUNE,
            [{"of_id": number, "old": old} for number, old in left_behind.items()],
        )


def name_anew(connection: Connection, named: Mapping[int, tuple[str, str | None]]) -> None:
    """What a waiting removal takes out is another record by now: outbox id -> its payload, and what
    the vendor calls it."""
    if named:
        connection.execute(
            _NAME_ANEW,
            [
                {"of_id": number, "payload": payload, "called": called}
                for number, (payload, called) in named.items()
            ],
        )


def remove_decided(connection: Connection, ids: Sequence[int]) -> None:
    """Take decided rows out; their receipts tell what came of them."""
    if ids:
        connection.execute(_REMOVE, {"ids": ids})


def count(connection: Connection, mandate: Mandate) -> int:
    """How many rows are not decided yet."""
    return int(_ask(connection, _COUNT, mandate).scalar_one())


def unsent(connection: Connection, mandate: Mandate) -> set[tuple[int, str]]:
    """(outbox id, key) of every row that waits to be sent; ids of decided rows are used again."""
    return {(row.outbox_id, row.key) for row in _ask(connection, _UNSENT, mandate)}


def _ask(
    connection: Connection, statement: dict[bool, Select[Any]], mandate: Mandate, **given: Any
) -> CursorResult[Any]:
    whose = {
        "of_plan": mandate.plan_hash,
        "of_destination": mandate.destination,
        "of_object": mandate.object,
    }
    return connection.execute(statement[mandate.plan_hash is not None], {**whose, **given})


def _read(
    connection: Connection, statement: dict[bool, Select[Any]], mandate: Mandate, **given: Any
) -> list[Intent]:
    return _intents(_ask(connection, statement, mandate, **given))


def _intents(rows: CursorResult[Any]) -> list[Intent]:
    return [Intent(*values) for values in map(tuple, rows)]
