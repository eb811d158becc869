"""The diff in SQL: what a destination lacks or has too much, from desired and delivered state.

What lives here: its statements, step by step; each step leaves a temporary table for the next.
What never does: sealing, sending, a rule about who belongs to an audience, a judgement.

Steps in order: ``check_desired``, ``load_delivered``, ``compare``, ``load_sent_before``, ``count``;
what leaves it then, ``leaving.py`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from orchestration.activation.errors import PlanError
from orchestration.activation.gate import channel_of
from orchestration.activation.guards import EqualKeys, PlanCounts
from orchestration.activation.preview import key_digest
from orchestration.activation.spec import SyncSpec
from orchestration.ledger import delivered, facts, outbox

ROWS_TOGETHER = 10_240
# The part of a membership's life after which it is sent again.
REFRESHED_AFTER = 0.8
_NAMED_KEYS = 5


@dataclass(frozen=True)
class Changes:
    """Which operations a delivery may have. ``in_doubt``: what becomes of a row that nobody knows
    to stand at the vendor."""

    operations: tuple[str, ...]
    in_doubt: str


def check_desired(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> EqualKeys:
    """Keys that stand more than once; they and what the fast lane takes out are ``left_alone``.

    Raises:
        PlanError: nothing can be planned: no table, null keys, or no key that stands alone.
    """
    try:
        columns = _columns(warehouse, spec)
    except duckdb.Error:
        columns = []
    if not {spec.key, "row_hash"} <= set(columns):
        # Never read as empty: an error is not zero rows.
        raise PlanError(
            f"{spec.schema}.{spec.model} has no table with columns {spec.key} and row_hash.",
            remedy="Run 'tributary build' until it is green, then plan again.",
        )
    key, relation = quoted(spec.key), relation_of(spec)
    missing, distinct = _counts(
        warehouse,
        f"select count(*) filter (where {key} is null or row_hash is null), count(distinct {key}) "
        f"from {relation}",
    )
    if missing:
        raise PlanError(
            f"{spec.schema}.{spec.model} has {missing} rows with a null {spec.key} or row_hash.",
            remedy="Give every row its key; nothing of this object was planned.",
        )
    warehouse.execute(f"""
        create or replace temp table left_alone as
        select cast({key} as varchar) as key
        from {relation}
        group by key
        having count(*) > 1
    """)
    return _equal_keys(warehouse, spec, distinct)


def _equal_keys(
    warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec, distinct: int
) -> EqualKeys:
    some = warehouse.execute(
        f"select key, count(*) over () from left_alone order by key limit {_NAMED_KEYS}"
    ).fetchall()
    digests = tuple(key_digest(row[0]) for row in some)
    equal = int(some[0][1]) if some else 0
    if equal and equal == distinct:
        raise PlanError(
            f"{spec.schema}.{spec.model} has equal keys (hashed: {', '.join(digests)}).",
            remedy=f"Make {spec.key} unique in the model; nothing of this object was planned.",
        )
    return EqualKeys(equal, digests)


def load_delivered(
    warehouse: duckdb.DuckDBPyConnection,
    reader: Connection,
    spec: SyncSpec,
    membership_days: int | None,
    at: datetime,
) -> None:
    """What the ledger says of the object: delivered, rejected, and leaving without a plan.

    A member whom the vendor forgets soon counts as in doubt: she is sent again.
    """
    expired_by = None
    if spec.kind == "membership" and membership_days is not None:
        expired_by = at - timedelta(days=membership_days) * REFRESHED_AFTER
    _load(
        warehouse,
        "delivered_now",
        pa.schema([("key", pa.string()), ("row_hash", pa.string()), ("is_removed", pa.bool_())]),
        delivered.stream_hashes(reader, spec.destination, spec.object, expired_by),
    )
    _load(
        warehouse,
        "rejected_before",
        pa.schema([("key", pa.string()), ("row_hash", pa.string())]),
        delivered.stream_rejected(reader, spec.destination, spec.object, at),
    )
    _load(
        warehouse,
        "on_their_way_out",
        pa.schema([("key", pa.string())]),
        outbox.stream_opted_out(reader, spec.destination, spec.object),
    )
    warehouse.execute("insert into left_alone select key from on_their_way_out")


def compare(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec, changes: Changes) -> None:
    """Fill ``difference`` with every row that is not as desired, rejected content marked."""
    operations = ", ".join(f"'{operation}'" for operation in changes.operations)
    warehouse.execute(f"""
        create or replace temp table difference as
        with desired as (
            select cast({quoted(spec.key)} as varchar) as key, row_hash from {relation_of(spec)}
        ),
        compared as (
            select
                case
                    when desired.key is null then 'remove'
                    when delivered.key is null or delivered.is_removed then 'add'
                    when delivered.row_hash is null then '{changes.in_doubt}'
                    else 'update'
                end as operation,
                coalesce(desired.key, delivered.key) as key,
                desired.row_hash,
                delivered.key is not null as is_known
            from desired
            full outer join delivered_now as delivered on desired.key = delivered.key
            where
                case
                    when desired.key is null then not delivered.is_removed
                    when delivered.key is null or delivered.is_removed then true
                    else delivered.row_hash is distinct from desired.row_hash
                end
        )
        select
            compared.*,
            compared.operation <> 'remove' and rejected.key is not null as is_held_back
        from compared
        left join rejected_before as rejected
            on compared.key = rejected.key and compared.row_hash = rejected.row_hash
        where
            compared.operation in ({operations})
            and compared.key not in (select left_alone.key from left_alone)
    """)


def load_sent_before(
    warehouse: duckdb.DuckDBPyConnection, reader: Connection, spec: SyncSpec
) -> None:
    """What stands in the ledger for the keys that change: few on most days, so asked by key."""
    names = ("key", "payload_json", "vendor_id")
    schema = pa.schema([(name, pa.string()) for name in names])
    _load(warehouse, "sent_before", schema, ())
    last = ""
    while some := warehouse.execute(
        "select key from difference where is_known and not is_held_back and key > ? "
        f"order by key limit {ROWS_TOGETHER}",
        [last],
    ).fetchall():
        keys = [row[0] for row in some]
        held = delivered.by_keys(reader, spec.destination, spec.object, keys)
        rows = [{name: getattr(row, name) for name in names} for row in held.values()]
        warehouse.register("sent_before_batch", pa.Table.from_pylist(rows, schema))
        warehouse.execute("insert into sent_before select * from sent_before_batch")
        warehouse.unregister("sent_before_batch")
        last = keys[-1]


def count(warehouse: duckdb.DuckDBPyConnection, reader: Connection, spec: SyncSpec) -> PlanCounts:
    """The diff's counts; ``removed_by_choice`` keeps the keys that suppressions explain."""
    _load(
        warehouse,
        "suppressed_subject",
        pa.schema([("subject_type", pa.string()), ("subject_value", pa.string())]),
        facts.stream_suppressed(reader, channel_of(spec.destination, spec.purpose), spec.purpose),
    )
    warehouse.execute(f"""
        create or replace temp table removed_by_choice as
        with removed as (
            select
                difference.key,
                {_payload_field("email_sha256")} as email_sha256,
                {_payload_field("phone_sha256")} as phone_sha256,
                sha256(lower(trim({_payload_field("email")}))) as own_email_sha256,
                sha256(trim({_payload_field("phone_number")})) as own_phone_sha256
            from difference
            left join sent_before on difference.key = sent_before.key
            where difference.operation = 'remove'
        )
        select removed.key
        from removed
        inner join suppressed_subject as subject
            on case subject.subject_type
                when 'customer_id' then subject.subject_value = removed.key
                when 'email_sha256' then
                    subject.subject_value in (removed.email_sha256, removed.own_email_sha256)
                else subject.subject_value in (removed.phone_sha256, removed.own_phone_sha256)
            end
        group by removed.key
    """)
    row = warehouse.execute(f"""
        select
            (select count(*) from {relation_of(spec)}),
            (select count(*) from delivered_now where not is_removed),
            count(*) filter (where operation = 'add' and not is_held_back),
            count(*) filter (where operation = 'update' and not is_held_back),
            count(*) filter (where operation = 'remove'),
            (select count(*) from removed_by_choice),
            count(*) filter (where is_held_back)
        from difference
    """).fetchone()
    return PlanCounts(*(row or ()))


def _load(
    warehouse: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: Iterable[Any]
) -> None:
    """Stream rows of the ledger into a temporary table; one batch is in memory at a time."""

    def batches() -> Iterator[pa.RecordBatch]:
        iterator = iter(rows)
        while some := list(islice(iterator, ROWS_TOGETHER)):
            columns = zip(*some, strict=True)
            arrays = [
                pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)
            ]
            yield pa.record_batch(arrays, schema=schema)

    name = f"{table}_batches"
    warehouse.register(name, pa.RecordBatchReader.from_batches(schema, batches()))
    try:
        warehouse.execute(f"create or replace temp table {table} as select * from {name}")
    finally:
        warehouse.unregister(name)


def _payload_field(name: str) -> str:
    return f"json_extract_string(sent_before.payload_json, '$.{name}')"


def payload_columns(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> list[str]:
    """The columns of the desired state that go to the vendor, in its order."""
    return [name for name in _columns(warehouse, spec) if name not in (spec.key, "row_hash")]


def _columns(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> list[str]:
    warehouse.execute(f"select * from {relation_of(spec)} limit 0")
    return [column[0] for column in warehouse.description or ()]


def relation_of(spec: SyncSpec) -> str:
    """The desired state's table, quoted."""
    return f"{quoted(spec.schema)}.{quoted(spec.model)}"


def quoted(identifier: str) -> str:
    """An identifier as SQL takes it, whatever it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def _counts(warehouse: duckdb.DuckDBPyConnection, statement: str) -> tuple[int, ...]:
    return tuple(int(one) for one in warehouse.execute(statement).fetchone() or ())
