"""What the ledger remembers of customer ids: registration, anchors, merges and splits.

What lives here: recording each once; what stands in the ledger first is never changed.
What never does: deciding who belongs together (models/identity); what people decide
(``instructions.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    Table,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
)

from orchestration.errors import UnknownNameError
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.statements import next_sequence
from orchestration.ledger.tables import (
    customer_id_anchor,
    customer_id_change,
    customer_id_register,
)

CHANGE_KINDS = ("merge", "split")
_ID = ("customer_id",)
_SOURCE_ROW = ("source_relation", "source_table", "source_row_id")
_CHANGE = ("old_customer_id", "changed_at")

Row = Mapping[str, Any]


def unregistered(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Those rows whose customer id is not in the register; the first of equal ids counts."""
    return _unknown(connection, customer_id_register, _ID, rows)


def register(connection: Connection, rows: Sequence[Row], at: datetime) -> int:
    """Register new ids in the caller's transaction; a known id keeps its first facts."""
    new = unregistered(connection, rows)
    names = (*_ID, *_SOURCE_ROW)
    times = ("first_ordered_at", "first_seen_at", "as_of_at")
    return _append(
        connection,
        customer_id_register,
        [
            {
                **{name: row[name] for name in names},
                **{name: row.get(name) for name in times},
                "registered_at": at,
            }
            for row in new
        ],
    )


def unanchored(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Those rows whose source row anchors no id; the first of equal source rows counts."""
    return _unknown(connection, customer_id_anchor, _SOURCE_ROW, rows)


def register_anchors(connection: Connection, rows: Sequence[Row], at: datetime) -> int:
    """Register new anchors in the caller's transaction; a source row stays with its first id."""
    new = unanchored(connection, rows)
    names = (*_ID, *_SOURCE_ROW, "anchor_number")
    return _append(
        connection,
        customer_id_anchor,
        [
            {
                **{name: row[name] for name in names},
                "as_of_at": row.get("as_of_at"),
                "registered_at": at,
            }
            for row in new
        ],
    )


def of_source_rows(
    connection: Connection, source_table: str, row_ids: Sequence[str]
) -> dict[str, set[str]]:
    """Customers that each of these rows of a source is known to belong to, in whatever shop or
    account; unknown rows are absent."""
    found: dict[str, set[str]] = {}
    given = {"of_table": source_table, "row_ids": list(row_ids)}
    for table in (customer_id_anchor, customer_id_register):
        for row in connection.execute(_OF_SOURCE_ROWS[table.name], given):
            found.setdefault(row.source_row_id, set()).add(row.customer_id)
    return found


def unrecorded_changes(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Those changes that are not in the ledger by old id and time."""
    return _unknown(connection, customer_id_change, _CHANGE, rows)


def record_changes(connection: Connection, rows: Sequence[Row], at: datetime) -> int:
    """Record new changes in the caller's transaction; return how many were new.

    Raises:
        UnknownNameError: a kind of change that identity does not read.
        LedgerError: a merge into nobody or into itself, or a split into another id.
    """
    for row in rows:
        _check_change(row)
    new = unrecorded_changes(connection, rows)
    names = (*_CHANGE, *_ID, "kind", "reason")
    return _append(
        connection,
        customer_id_change,
        [{**{name: row[name] for name in names}, "recorded_at": at} for row in new],
    )


def same_people(connection: Connection, ids: Set[str]) -> set[str]:
    """These ids with every id that lives on in one of them, or that one of them lives on in."""
    return same_people_each(connection, [ids])[0]


def same_people_each(connection: Connection, groups: Sequence[Set[str]]) -> list[set[str]]:
    """``same_people`` of each of several people, read together."""
    near: dict[str, set[str]] = {}
    found = {one for ids in groups for one in ids}
    edge = found
    while edge:
        for row in connection.execute(_CHANGES_OF, {"edge": sorted(edge)}):
            old, new = str(row[0]), str(row[1])
            near.setdefault(old, set()).add(new)
            near.setdefault(new, set()).add(old)
        edge = set(near) - found
        found |= edge
    return [_reached(ids, near) for ids in groups]


def _reached(ids: Set[str], near: Mapping[str, Set[str]]) -> set[str]:
    found, edge = set(ids), set(ids)
    while edge:
        edge = {other for one in edge for other in near.get(one, ())} - found
        found |= edge
    return found


def _changes_of() -> Select[Any]:
    """Changes from or to ids of ``edge`` that no later change of the same id undid."""
    later = customer_id_change.alias("later")
    holds = ~exists().where(
        later.c.old_customer_id == customer_id_change.c.old_customer_id,
        later.c.changed_at > customer_id_change.c.changed_at,
    )
    old, new = customer_id_change.c.old_customer_id, customer_id_change.c.customer_id
    edge: BindParameter[Any] = bindparam("edge", expanding=True)
    return select(old, new).where(new.is_not(None), holds, or_(old.in_(edge), new.in_(edge)))


def _of_source_rows(table: Table) -> Select[Any]:
    row_ids: BindParameter[Any] = bindparam("row_ids", expanding=True)
    return select(table.c.source_row_id, table.c.customer_id).where(
        table.c.source_table == bindparam("of_table"), table.c.source_row_id.in_(row_ids)
    )


# Built once: an opt-out and a question about a person wait for them.
_CHANGES_OF = _changes_of()
_OF_SOURCE_ROWS = {
    table.name: _of_source_rows(table) for table in (customer_id_anchor, customer_id_register)
}


def _check_change(row: Row) -> None:
    kind, old, new = row["kind"], row["old_customer_id"], row["customer_id"]
    if kind not in CHANGE_KINDS:
        raise UnknownNameError("kind of change", kind, list(CHANGE_KINDS))
    if (kind == "split") != (new is None) or old == new:
        raise LedgerError(
            f"A {kind} of {old} names the wrong customer id.",
            remedy="A merge names the other id that lives on, a split names none.",
        )


def _unknown(
    connection: Connection, table: Table, key: Sequence[str], rows: Sequence[Row]
) -> list[Row]:
    columns = [table.c[name] for name in key]
    keys = [tuple(row[name] for name in key) for row in rows]
    known = {
        tuple(row)
        for row in connection.execute(select(*columns).where(tuple_(*columns).in_(keys)))
    }
    new: dict[tuple[Any, ...], Row] = {}
    for name, row in zip(keys, rows, strict=True):
        if name not in known:
            new.setdefault(name, row)
    return list(new.values())


def _append(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    if rows:
        first = next_sequence(connection, table.name, len(rows))
        connection.execute(
            table.insert(),
            [{**row, "sequence": first + place} for place, row in enumerate(rows)],
        )
    return len(rows)
