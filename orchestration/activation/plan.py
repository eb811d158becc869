"""Plans: desired minus delivered, computed in SQL, sealed with a hash.

What lives here: the diff's statements and the sealing of one plan per object.
What never does: sending; landing; a rule about who belongs to an audience.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from orchestration.activation import plan_file
from orchestration.activation.errors import PlanError
from orchestration.activation.gate import channel_of
from orchestration.activation.guards import PlanCounts
from orchestration.activation.preview import Plan, key_digest, load_plan
from orchestration.activation.sealing import Diff, kept_plan, seal_plan, temporary_path
from orchestration.activation.spec import SyncSpec
from orchestration.errors import UnknownNameError
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, delivered, facts, seals
from orchestration.resources import warehouse_connection
from orchestration.settings import DestinationSettings, Settings

ConnectionFactory = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]

_ROWS_TOGETHER = 10_240
# The part of a membership's life after which it is sent again.
REFRESHED_AFTER = 0.8
_OPERATIONS = {
    "membership": ("add", "update", "remove"),
    "profile": ("add", "update"),
    "event": ("add",),
}


def make_plans(
    settings: Settings,
    ledger: Ledger,
    specs: Sequence[SyncSpec],
    *,
    now: Callable[[], datetime],
    connection_factory: ConnectionFactory | None = None,
) -> list[Plan]:
    """Seal one plan per spec, in the order given, while the warehouse is held.

    An object whose plan is approved or being sent keeps that plan; equal content keeps its plan.

    Raises:
        PlanError: a desired state has no table, null or equal keys, or no row_hash; the other
            specs are planned nevertheless.
        UnknownNameError: a spec names a destination that the settings do not know.
    """
    for spec in specs:
        if spec.destination not in settings.destinations:
            raise UnknownNameError("destination", spec.destination, list(settings.destinations))
    connect = connection_factory or (lambda: warehouse_connection(settings, "plan", read_only=True))
    plans, problems = [], []
    with connect() as warehouse:
        for spec in specs:
            try:
                plans.append(_make_plan(settings, ledger, spec, now, warehouse))
            except PlanError as error:
                problems.append(error)
    if problems:
        raise PlanError(" ".join(problem.what for problem in problems), remedy=problems[0].remedy)
    kill_point("after_plan")
    return plans


def _make_plan(
    settings: Settings,
    ledger: Ledger,
    spec: SyncSpec,
    now: Callable[[], datetime],
    warehouse: duckdb.DuckDBPyConnection,
) -> Plan:
    with ledger.read() as reader:
        kept = kept_plan(reader, spec, now())
        if kept is not None:
            return load_plan(settings, kept)
        _check_desired(warehouse, spec)
        version = delivered.version(reader, spec.destination, spec.object)
        _load_delivered(warehouse, reader, spec, settings.destinations[spec.destination], now())
        _diff(warehouse, spec)
        _load_sent_before(warehouse, reader, spec)
        counts = _count(warehouse, reader, spec)
        temporary = temporary_path(settings, spec)
        digest = plan_file.write_rows(temporary, _rows(warehouse, spec))
        previous = seals.last_done(reader, spec.destination, spec.object)
    diff = Diff(counts, digest, temporary, version, previous)
    return seal_plan(settings, ledger, spec, diff, now())


def _check_desired(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> None:
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
    key, relation = _quoted(spec.key), _relation(spec)
    missing = warehouse.execute(
        f"select count(*) from {relation} where {key} is null or row_hash is null"
    ).fetchone()[0]
    if missing:
        raise PlanError(
            f"{spec.schema}.{spec.model} has {missing} rows with a null {spec.key} or row_hash.",
            remedy="Give every row its key; nothing of this object was planned.",
        )
    equal = warehouse.execute(
        f"select cast({key} as varchar) as key from {relation} "
        f"group by key having count(*) > 1 order by key limit 5"
    ).fetchall()
    if equal:
        digests = ", ".join(key_digest(row[0]) for row in equal)
        raise PlanError(
            f"{spec.schema}.{spec.model} has equal keys (hashed: {digests}).",
            remedy=f"Make {spec.key} unique in the model; nothing of this object was planned.",
        )


def _load_delivered(
    warehouse: duckdb.DuckDBPyConnection,
    reader: Connection,
    spec: SyncSpec,
    account: DestinationSettings,
    at: datetime,
) -> None:
    expired_by = None
    if spec.kind == "membership" and account.membership_days is not None:
        expired_by = at - timedelta(days=account.membership_days) * REFRESHED_AFTER
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


def _diff(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> None:
    """Fill ``difference`` with every row that is not as desired, rejected content marked."""
    operations = ", ".join(f"'{operation}'" for operation in _OPERATIONS[spec.kind])
    warehouse.execute(f"""
        create or replace temp table difference as
        with desired as (
            select cast({_quoted(spec.key)} as varchar) as key, row_hash from {_relation(spec)}
        ),
        compared as (
            select
                case
                    when desired.key is null then 'remove'
                    when delivered.key is null or delivered.is_removed then 'add'
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
        where compared.operation in ({operations})
    """)


def _load_sent_before(
    warehouse: duckdb.DuckDBPyConnection, reader: Connection, spec: SyncSpec
) -> None:
    """What stands in the ledger for the keys that change: few on most days, so asked by key."""
    names = ("key", "payload_json", "vendor_id")
    schema = pa.schema([(name, pa.string()) for name in names])
    _load(warehouse, "sent_before", schema, ())
    last = ""
    while some := warehouse.execute(
        "select key from difference where is_known and not is_held_back and key > ? "
        f"order by key limit {_ROWS_TOGETHER}",
        [last],
    ).fetchall():
        keys = [row[0] for row in some]
        held = delivered.by_keys(reader, spec.destination, spec.object, keys)
        rows = [{name: getattr(row, name) for name in names} for row in held.values()]
        warehouse.register("sent_before_batch", pa.Table.from_pylist(rows, schema))
        warehouse.execute("insert into sent_before select * from sent_before_batch")
        warehouse.unregister("sent_before_batch")
        last = keys[-1]


def _count(warehouse: duckdb.DuckDBPyConnection, reader: Connection, spec: SyncSpec) -> PlanCounts:
    _load(
        warehouse,
        "suppressed_subject",
        pa.schema([("subject_type", pa.string()), ("subject_value", pa.string())]),
        facts.stream_suppressed(reader, channel_of(spec.destination, spec.purpose), spec.purpose),
    )
    row = warehouse.execute(f"""
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
        ),
        removed_by_choice as (
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
        )
        select
            (select count(*) from {_relation(spec)}),
            (select count(*) from delivered_now where not is_removed),
            count(*) filter (where operation = 'add' and not is_held_back),
            count(*) filter (where operation = 'update' and not is_held_back),
            count(*) filter (where operation = 'remove'),
            (select count(*) from removed_by_choice),
            count(*) filter (where is_held_back)
        from difference
    """).fetchone()
    return PlanCounts(*row)


def _rows(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> Iterator[pa.RecordBatch]:
    """The plan's rows in sending order, in batches of equal size."""
    payload = [name for name in _columns(warehouse, spec) if name not in (spec.key, "row_hash")]
    packed = ", ".join(f"{_quoted(name)} := desired.{_quoted(name)}" for name in payload)
    reader = warehouse.execute(f"""
        select
            difference.operation,
            difference.key,
            difference.row_hash,
            case
                when difference.operation = 'remove' then sent_before.payload_json
                else cast(to_json(struct_pack({packed})) as varchar)
            end as payload_json,
            case
                when difference.operation = 'update' then sent_before.payload_json
            end as prior_payload_json,
            sent_before.vendor_id
        from difference
        left join {_relation(spec)} as desired
            on difference.key = cast(desired.{_quoted(spec.key)} as varchar)
        left join sent_before on difference.key = sent_before.key
        where not difference.is_held_back
        order by
            case difference.operation when 'add' then 1 when 'update' then 2 else 3 end,
            difference.key
    """).to_arrow_reader(_ROWS_TOGETHER)
    for batch in reader:
        yield batch.cast(plan_file.SCHEMA)


def _load(
    warehouse: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: Iterable[Any]
) -> None:
    """Stream rows of the ledger into a temporary table; one batch is in memory at a time."""

    def batches() -> Iterator[pa.RecordBatch]:
        iterator = iter(rows)
        while some := list(islice(iterator, _ROWS_TOGETHER)):
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


def _columns(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> list[str]:
    warehouse.execute(f"select * from {_relation(spec)} limit 0")
    return [column[0] for column in warehouse.description]


def _relation(spec: SyncSpec) -> str:
    return f"{_quoted(spec.schema)}.{_quoted(spec.model)}"


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
