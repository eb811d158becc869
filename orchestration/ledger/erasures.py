"""An erasure in the ledger: who is being erased, what was proved, and forgetting her.

What lives here: the work under way, steps of privacy requests, the deletion of every row that names
her, the link that restates the batches it changed.
What never does: finding out who she is; other stores; vendors; tombstones (``tombstones.py``).

What stays are our customer ids, receipts under them and counts: none of it names her any more.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    String,
    Table,
    delete,
    false,
    func,
    or_,
    select,
    update,
)

from orchestration.ledger import audit, consent_events, facts, instructions
from orchestration.ledger.consent_tables import (
    consent_event,
    consent_event_subject,
    privacy_request,
)
from orchestration.ledger.privacy_tables import erasure_work, privacy_step
from orchestration.ledger.safety_tables import unanswered
from orchestration.ledger.statements import chunks, counted, upsert
from orchestration.ledger.tables import (
    audit_chain,
    dead_letter,
    delivered,
    identity_instruction,
    metadata,
    outbox,
    plan,
    receipt,
    suppression,
    suppression_lift,
)

DONE, OPEN, TASK = "done", "open", "task"
# What a person does when a shop leaves.
SHOP_DATA = "shop data"
# A shorter text would be found in what is not about her.
_TOKEN_CHARACTERS_MIN = 7
_LOOKED_UP = 500
Digest = Callable[[Connection, int, int], str]
# Tables whose batches the chain vouches for.
_WITNESSED: Mapping[Table, Digest] = {
    consent_event: lambda c, first, count: consent_events.batch_digest(
        c, consent_event, first, count
    ),
    identity_instruction: instructions.batch_digest,
    suppression: facts.suppression_digest,
    suppression_lift: facts.lift_digest,
}


@dataclass(frozen=True)
class Person:
    """Who is being erased, in every form that a store may hold; nothing of it is printed.

    ``records``: (source table, id) of her own rows. ``emails`` and ``phones``: every spelling that
    is hers alone; ``digests``: (subject type, hex) of them in every vendor's form.
    """

    customer_ids: frozenset[str] = frozenset()
    records: frozenset[tuple[str, str]] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    digests: frozenset[tuple[str, str]] = frozenset()

    def __repr__(self) -> str:
        return f"Person({len(self.customer_ids)} ids, {len(self.records)} records)"

    @property
    def tokens(self) -> list[str]:
        """Texts in lower case that betray her wherever they stand as a whole."""
        shown = {*self.emails, *self.phones, *(value for _, value in self.digests)}
        return sorted({one.strip().lower() for one in shown if len(one) >= _TOKEN_CHARACTERS_MIN})

    @property
    def pattern(self) -> str:
        """A regular expression (RE2 and Python) over text in lower case that finds a token, and not
        a longer address that ends or begins like hers. Without tokens it finds nothing."""
        shown = "|".join(re.escape(one) for one in self.tokens)
        return f"(?:^|[^a-z0-9._+-])(?:{shown})(?:$|[^a-z0-9@_-])" if shown else "[^\\s\\S]"

    def as_json(self) -> str:
        return json.dumps({name: sorted(getattr(self, name)) for name in _FIELDS})

    @classmethod
    def from_json(cls, stored: str) -> Person:
        held = json.loads(stored)
        pairs = {"records", "digests"}
        return cls(**{
            name: frozenset(map(tuple, held[name]) if name in pairs else held[name])
            for name in _FIELDS
        })


# Where our own id of a person stands.
_ID_COLUMNS = ("key", "subject_value")
_FIELDS = ("customer_ids", "records", "emails", "phones", "digests")


@dataclass(frozen=True)
class Work:
    """One erasure that is not finished."""

    request_sequence: int
    person: Person
    started_at: datetime


@dataclass(frozen=True)
class Step:
    """What became of one step of a request; ``detail`` holds counts and names of places."""

    name: str
    state: str
    detail: Mapping[str, Any]
    recorded_at: datetime


def begin(connection: Connection, request_sequence: int, person: Person, at: datetime) -> None:
    """Remember whom to erase until it is done; begun again it stays as it was."""
    known = connection.execute(
        select(erasure_work.c.request_sequence).where(
            erasure_work.c.request_sequence == request_sequence
        )
    ).first()
    if known is None:
        connection.execute(
            erasure_work.insert().values(
                request_sequence=request_sequence, person_json=person.as_json(), started_at=at
            )
        )


def is_any_due(connection: Connection) -> bool:
    """Whether somebody asked to be erased, or is being erased, or a shop left unnoticed."""
    return bool(
        consent_events.erasures_asked(connection)
        or under_way(connection)
        or _unnoticed_shops(connection)
    )


def newest_request(connection: Connection) -> int:
    """The sequence of the newest request of any kind; 0 before the first."""
    return counted(connection, privacy_request.name)


def note_leaving_shops(connection: Connection, at: datetime) -> int:
    """Make a task of each shop that asked to be erased: a person does it; how many were new."""
    found = _unnoticed_shops(connection)
    for sequence in found:
        note(connection, sequence, SHOP_DATA, TASK, {}, at)
    return len(found)


def _unnoticed_shops(connection: Connection) -> list[int]:
    noticed = select(privacy_step.c.request_sequence)
    rows = connection.execute(
        select(privacy_request.c.sequence)
        .where(
            privacy_request.c.kind == consent_events.ERASE_SHOP,
            privacy_request.c.sequence.not_in(
                noticed.where(privacy_step.c.step.in_((SHOP_DATA, consent_events.ANSWERED)))
            ),
        )
        .order_by(privacy_request.c.sequence)
    )
    return list(rows.scalars())


def under_way(connection: Connection) -> list[Work]:
    """Erasures that are not finished, oldest first."""
    rows = connection.execute(select(erasure_work).order_by(erasure_work.c.request_sequence))
    return [
        Work(row.request_sequence, Person.from_json(row.person_json), row.started_at)
        for row in rows
    ]


def note(
    connection: Connection,
    request_sequence: int,
    step: str,
    state: str,
    detail: Mapping[str, Any],
    at: datetime,
) -> None:
    """Record what became of a step, with one link of the chain; what is done stays done."""
    before = {one.name: one for one in steps(connection, request_sequence)}.get(step)
    if before is not None and before.state == DONE:
        return
    row = {
        "request_sequence": request_sequence,
        "step": step,
        "state": state,
        "detail_json": audit.canonical_json(detail),
        "recorded_at": at,
    }
    upsert(connection, privacy_step, [row])
    if before is None or (before.state, before.detail) != (state, detail):
        link = {"request": request_sequence, "step": step, "state": state, "detail": detail}
        audit.append(connection, "privacy_step", link, at)


def steps(connection: Connection, request_sequence: int) -> list[Step]:
    """Every step of a request, in the order in which they came."""
    rows = connection.execute(
        select(privacy_step)
        .where(privacy_step.c.request_sequence == request_sequence)
        .order_by(privacy_step.c.recorded_at, privacy_step.c.step)
    )
    return [Step(r.step, r.state, json.loads(r.detail_json), r.recorded_at) for r in rows]


def has_request(connection: Connection, request_sequence: int) -> bool:
    """Whether there is such a request."""
    known = select(privacy_request.c.sequence).where(
        privacy_request.c.sequence == request_sequence
    )
    return connection.execute(known).first() is not None


def everything(connection: Connection, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Every row about her, by table, of the tables that hold people."""
    tables = (*_WITNESSED, delivered, receipt, privacy_request)
    return {
        table.name: [
            dict(row)
            for row in connection.execute(
                select(table).where(_may_be_hers(table, person))
            ).mappings()
            if _is_hers(row, person)
        ]
        for table in tables
    }


def rows_of(connection: Connection, person: Person) -> list[RowMapping]:
    """Delivered rows that are hers, by key or by what was sent, with the kind of their object."""
    kind = (
        select(plan.c.kind)
        .where(plan.c.destination == delivered.c.destination, plan.c.object == delivered.c.object)
        .order_by(plan.c.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(delivered, kind.label("kind")).where(_may_be_hers(delivered, person))
    )
    return [row._mapping for row in rows if _is_hers(row._mapping, person)]


def channel_rows(
    connection: Connection, work: Work
) -> tuple[dict[tuple[str, str, str, str], int], dict[str, int]]:
    """What the vendors said to this erasure: receipts by (destination, object, operation, verdict),
    and by destination what is undecided, or may still have an effect."""
    asked = receipt.c.key.like(f"{key_prefix(work.request_sequence)}%")
    left = (
        receipt.c.key.in_(sorted(work.person.customer_ids))
        & (receipt.c.operation == "remove")
        & receipt.c.plan_hash.is_(None)
        & (receipt.c.received_at >= work.started_at)
    )
    by = (receipt.c.destination, receipt.c.object, receipt.c.operation, receipt.c.verdict)
    said = connection.execute(
        select(*by, func.count()).where(or_(asked, left)).group_by(*by)
    )
    waiting = Counter(
        str(row["destination"])
        for table in (outbox, unanswered)
        for row in connection.execute(select(table)).mappings()
        if row["key"].startswith(key_prefix(work.request_sequence)) or _is_hers(row, work.person)
    )
    return {(r[0], r[1], r[2], r[3]): int(r[4]) for r in said}, dict(waiting)


def key_prefix(request_sequence: int) -> str:
    """Keys of the rows by which vendors are asked to erase somebody: they name the request."""
    return f"erasure|{request_sequence}|"


def forget(connection: Connection, work: Work, at: datetime) -> dict[str, int]:
    """Delete or blank whatever names her, in the caller's transaction; rows by table.

    The caller has made sure that nothing waits in the outbox for her.
    """
    person, counts, changed = work.person, {}, {}
    for table in _WITNESSED:
        sequences = _sequences(connection, table, person)
        if table is consent_event:
            _delete(connection, consent_event_subject, sequences)
        _delete(connection, table, sequences)
        counts[table.name], changed[table] = len(sequences), sequences
    for table in (delivered, dead_letter):
        counts[table.name] = _delete_by_key(connection, table, person)
    counts[receipt.name] = _blank_receipts(connection, work)
    requests = _sequences(connection, privacy_request, person)
    requests = sorted({*requests, work.request_sequence})
    connection.execute(
        update(privacy_request)
        .where(privacy_request.c.sequence.in_(requests))
        .values(subjects_json="[]", detail_json="{}")
    )
    changed[privacy_request] = requests
    _restate(connection, work.request_sequence, changed, at)
    return {name: count for name, count in counts.items() if count}


def finish(connection: Connection, request_sequence: int) -> None:
    """Forget whom it was about."""
    connection.execute(
        delete(erasure_work).where(erasure_work.c.request_sequence == request_sequence)
    )


def count_hers(connection: Connection, person: Person) -> dict[str, int]:
    """Rows of every table in which a text still betrays her, but for the work itself."""
    found = {}
    for table in metadata.sorted_tables:
        if table is erasure_work:
            continue
        rows = connection.execute(select(table).where(_has_token(table, person.tokens))).mappings()
        count = sum(_is_betrayed(row, person.pattern) for row in rows)
        if count:
            found[table.name] = count
    return found


def _may_be_hers(table: Table, person: Person) -> ColumnElement[bool]:
    """Rows under her ids, or with one of her tokens somewhere: ``_is_hers`` looks closer."""
    ids = sorted(person.customer_ids)
    by_id: list[ColumnElement[bool]] = []
    if ids:
        by_id = [table.c[name].in_(ids) for name in _ID_COLUMNS if name in table.c]
        if "subjects_json" in table.c:
            by_id += [table.c.subjects_json.contains(f'"{one}"', autoescape=True) for one in ids]
    return or_(false(), *by_id, _has_token(table, person.tokens))


def _has_token(table: Table, tokens: Sequence[str]) -> ColumnElement[bool]:
    columns = [column for column in table.columns if isinstance(column.type, String)]
    return or_(
        false(),
        *(
            func.lower(column).contains(token, autoescape=True)
            for column in columns
            for token in tokens
        ),
    )


def _is_hers(row: RowMapping, person: Person) -> bool:
    if any(row.get(name) in person.customer_ids for name in _ID_COLUMNS):
        return True
    named = json.loads(row.get("subjects_json") or "[]")
    if any(kind == "customer_id" and value in person.customer_ids for kind, value in named):
        return True
    return _is_betrayed(row, person.pattern)


def _is_betrayed(row: RowMapping, pattern: str) -> bool:
    # Joined by a sign that is in no address.
    return bool(re.search(pattern, "\n".join(str(one) for one in row.values()).lower()))


def _sequences(connection: Connection, table: Table, person: Person) -> list[int]:
    rows = connection.execute(select(table).where(_may_be_hers(table, person))).mappings()
    return [int(row["sequence"]) for row in rows if _is_hers(row, person)]


def _delete_by_key(connection: Connection, table: Table, person: Person) -> int:
    rows = connection.execute(select(table).where(_may_be_hers(table, person))).mappings()
    keys = list(table.primary_key)
    found = [[row[column.name] for column in keys] for row in rows if _is_hers(row, person)]
    for one in found:
        pairs = zip(keys, one, strict=True)
        connection.execute(delete(table).where(*(column == value for column, value in pairs)))
    return len(found)


def _delete(connection: Connection, table: Table, sequences: Sequence[int]) -> None:
    for some in chunks(sequences, _LOOKED_UP):
        connection.execute(delete(table).where(table.c.sequence.in_(some)))


def _blank_receipts(connection: Connection, work: Work) -> int:
    """Receipts stay, as proof of what was sent and taken back; a vendor's id of her does not."""
    own = receipt.c.key.in_(sorted(work.person.customer_ids))
    connection.execute(update(receipt).where(own).values(vendor_id=None))
    rows = connection.execute(
        select(receipt).where(_has_token(receipt, work.person.tokens))
    ).mappings()
    found = [row["sequence"] for row in rows if _is_betrayed(row, work.person.pattern)]
    for some in chunks(found, _LOOKED_UP):
        connection.execute(
            update(receipt)
            .where(receipt.c.sequence.in_(some))
            .values(key=f"{key_prefix(work.request_sequence)}address", vendor_id=None, reason=None)
        )
    return len(found)


def _restate(
    connection: Connection,
    request_sequence: int,
    changed: Mapping[Table, Sequence[int]],
    at: datetime,
) -> None:
    """Salt the changed batches anew and record their digests in one link."""
    batches = []
    for table, sequences in changed.items():
        for first, count in _batches(connection, table, sequences):
            audit.salt_anew(connection, table, first)
            batches.append([table.name, first, _digest(connection, table, first, count)])
    detail = {"request": request_sequence, "batches": batches}
    audit.append(connection, audit.ERASURE, detail, at)


def _digest(connection: Connection, table: Table, first: int, count: int) -> str:
    if table is privacy_request:
        return consent_events.batch_digest(connection, table, first, count)
    return _WITNESSED[table](connection, first, count)


def _batches(
    connection: Connection, table: Table, sequences: Iterable[int]
) -> list[tuple[int, int]]:
    """(first sequence, count) of the batches that the sequences belong to."""
    wanted = set(sequences)
    if not wanted:
        return []
    links: Iterable[str] = connection.execute(
        select(audit_chain.c.detail_json).where(audit_chain.c.kind == table.name)
    ).scalars()
    spans = ((one["first_sequence"], one["count"]) for one in map(json.loads, links))
    return sorted(
        (first, count) for first, count in spans if wanted & set(range(first, first + count))
    )
