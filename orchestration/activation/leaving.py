"""What leaves the diff: a plan's rows in sending order, and the opt-outs of a halted plan.

What lives here: reading the temporary tables that ``diff.py`` left in the warehouse.
What never does: comparing, judging, writing a file or the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from orchestration.activation import plan_file
from orchestration.activation.diff import ROWS_TOGETHER, payload_columns, quoted, relation_of
from orchestration.activation.spec import SyncSpec
from orchestration.ledger.statements import INSERTED_ROWS


def take_opt_outs(
    warehouse: duckdb.DuckDBPyConnection,
) -> Iterator[list[dict[str, str | None]]]:
    """Take removals of suppressed people out of the diff and give them in chunks: a halted plan
    must not hold them."""
    warehouse.execute("""
        create or replace temp table opt_out as
        select difference.key, sent_before.payload_json, sent_before.vendor_id
        from difference
        inner join removed_by_choice on difference.key = removed_by_choice.key
        left join sent_before on difference.key = sent_before.key
        where difference.operation = 'remove'
    """)
    warehouse.execute("delete from difference where key in (select opt_out.key from opt_out)")
    return _chunks(warehouse)


def _chunks(warehouse: duckdb.DuckDBPyConnection) -> Iterator[list[dict[str, str | None]]]:
    last = ""
    while some := warehouse.execute(
        "select key, payload_json, vendor_id from opt_out where key > ? "
        f"order by key limit {INSERTED_ROWS}",
        [last],
    ).fetchall():
        names = ("key", "payload_json", "vendor_id")
        yield [dict(zip(names, row, strict=True)) for row in some]
        last = some[-1][0]


def rows(warehouse: duckdb.DuckDBPyConnection, spec: SyncSpec) -> Iterator[pa.RecordBatch]:
    """The plan's rows in sending order, in batches of equal size; an addition with the reason
    that the audience gives for it."""
    packed = ", ".join(
        f"{quoted(name)} := desired.{quoted(name)}" for name in payload_columns(warehouse, spec)
    )
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
            sent_before.vendor_id,
            case when difference.operation = 'add' then why.reason end as reason
        from difference
        left join {relation_of(spec)} as desired
            on difference.key = cast(desired.{quoted(spec.key)} as varchar)
        left join sent_before on difference.key = sent_before.key
        left join {_reasons(spec)} as why on difference.key = why.key
        where not difference.is_held_back
        order by
            case difference.operation when 'add' then 1 when 'update' then 2 else 3 end,
            difference.key
    """).to_arrow_reader(ROWS_TOGETHER)
    for batch in reader:
        yield batch.cast(plan_file.SCHEMA)


def _reasons(spec: SyncSpec) -> str:
    """Who is in the audience and why; nobody where no single audience decides the membership."""
    if spec.audience is None:
        return "(select cast(null as varchar) as key, cast(null as varchar) as reason)"
    schema, table = spec.audience
    return (
        f"(select cast({quoted(spec.key)} as varchar) as key, cast(reason as varchar) as reason "
        f"from {quoted(schema)}.{quoted(table)})"
    )
