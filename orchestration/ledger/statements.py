"""Small statement helpers that the ledger's files share.

What lives here: sequence numbers, insert-or-update for SQLite and Postgres, chunks.
What never does: the name of a table other than ``counter``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from orchestration.ledger.tables import counter

Item = TypeVar("Item")

# No transaction writes more rows than this, in all tables together.
TRANSACTION_ROWS = 1_000
# A settled row touches four tables (receipt, delivered, dead_letter, outbox), besides the counters.
SETTLED_ROWS = 200
# Rows of one table that go in together.
INSERTED_ROWS = 900

# Built once: building a statement costs more than the store needs to answer it.
_TAKE = (
    update(counter)
    .where(counter.c.name == bindparam("counter"))
    .values(value=counter.c.value + bindparam("count"))
)
_COUNTED = select(counter.c.value).where(counter.c.name == bindparam("counter"))


def next_sequence(connection: Connection, name: str, count: int) -> int:
    """Take ``count`` numbers of the counter ``name`` and return the first of them."""
    taken = connection.execute(_TAKE, {"counter": name, "count": count})
    if taken.rowcount == 0:
        connection.execute(counter.insert().values(name=name, value=count))
        return 1
    newest: int = connection.execute(_COUNTED, {"counter": name}).scalar_one()
    return newest - count + 1


def set_counter(connection: Connection, name: str, value: int) -> None:
    """Set the counter ``name``."""
    upsert(connection, counter, [{"name": name, "value": value}])


def counted(connection: Connection, name: str) -> int:
    """The counter ``name``; 0 where it never counted."""
    value: int | None = connection.execute(_COUNTED, {"counter": name}).scalar()
    return value or 0


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; where the primary key is there already, replace every given column."""
    if not rows:
        return
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]))
    connection.execute(statement, [dict(row) for row in rows])


@lru_cache(maxsize=64)
def _upsert(dialect_name: str, table: Table, names: tuple[str, ...]) -> Insert:
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    statement: Any = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    done: Insert = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return done


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Slices of at most ``size`` items, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
