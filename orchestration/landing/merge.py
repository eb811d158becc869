"""One row per primary key: the newest ``_fivetran_synced`` wins, ties by file digest.

What lives here: duplicates inside the files that came together, and the merge into a raw table.
What never does: reading files, and deciding which value is good.

Wide rows are never sorted as a whole: keys are counted, and only contested rows are ranked, so
that tens of millions of rows pass in bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.landing.contract import SYNCED, TableContract, column_list, quoted
from orchestration.landing.readers import DIGEST, ROW, Group
from orchestration.landing.typed import DEFAULTED, REASON, quarantine_rows

CONFLICT = "the key stands twice in this file with equal _fivetran_synced and other values"


@dataclass(frozen=True)
class MergeCounts:
    """Rows of the incoming relation by what became of them."""

    landed: int = 0
    updated: int = 0
    unchanged: int = 0


def create_incoming_view(
    connection: duckdb.DuckDBPyConnection, group: Group, at: datetime, has_bad_rows: bool
) -> None:
    """Make ``landing_incoming`` of ``landing_typed``: good rows, one per key.

    Among copies of a key the newest wins, then the greater digest, then the greater text of the
    row. A copy of equal time, file and other values goes to the quarantine; the rest are history.
    """
    table = group.table
    keys = column_list(table.keys)
    good = f"where {REASON} is null" if has_bad_rows else ""
    connection.execute(
        f"create or replace temp table landing_contested_key as select {keys}"
        f" from landing_typed {good} group by {keys} having count(*) > 1"
    )
    names = f"{column_list(table.names)}, {DIGEST}, {DEFAULTED}"
    plain = f"select {names} from landing_typed as t {good}"
    if not _has_rows(connection, "landing_contested_key"):
        connection.execute(f"create or replace temp view landing_incoming as {plain}")
        return
    _rank_contested(connection, table, good)
    quarantine_rows(
        connection, group, "landing_contested", "is_conflict", f"'{CONFLICT}'", at
    )
    joined = _equal(table.keys, "k", "t")
    connection.execute(
        f"create or replace temp view landing_incoming as {plain}"
        f" {'and' if good else 'where'} not exists"
        f" (select 1 from landing_contested_key as k where {joined})"
        f" union all select {names} from landing_contested where overall_rank = 1"
    )


def _rank_contested(
    connection: duckdb.DuckDBPyConnection, table: TableContract, good: str
) -> None:
    keys = column_list(table.keys)
    pairs = ", ".join(f"'{name}': t.{quoted(name)}" for name in table.names)
    newest = f"{quoted(SYNCED)} desc"
    connection.execute(
        f"""
        create or replace temp table landing_contested as
        with copies as (
            select t.*, md5(cast(to_json({{{pairs}}}) as varchar)) as content
            from (select * from landing_typed {good}) as t
            inner join landing_contested_key as k on {_equal(table.keys, "k", "t")}
        ),
        ranked as (
            select
                *,
                row_number() over (
                    partition by {keys}
                    order by {newest}, {DIGEST} desc, content desc, {ROW}
                ) as overall_rank,
                first_value(content) over in_file as file_content,
                first_value({quoted(SYNCED)}) over in_file as file_synced
            from copies
            window in_file as (
                partition by {keys}, {DIGEST} order by {newest}, content desc, {ROW}
            )
        )
        select
            *,
            {quoted(SYNCED)} = file_synced and content <> file_content as is_conflict
        from ranked
        """
    )


def merge_incoming(connection: duckdb.DuckDBPyConnection, table: TableContract) -> MergeCounts:
    """Merge ``landing_incoming`` (contract columns, digest, defaulted; unique keys) into raw."""
    names = f"{column_list(table.names)}, {DIGEST}"
    insert = f"insert into {table.relation} ({names}) select {names} from landing_incoming as i"
    if not _has_rows(connection, table.relation):
        return MergeCounts(landed=_count(connection, insert))
    _match(connection, table)
    keys = _equal(table.keys, "m", "t")
    connection.execute(
        f"delete from {table.relation} as t using landing_matched as m where m.wins and {keys}"
    )
    written = _count(
        connection,
        f"{insert} where not exists (select 1 from landing_matched as m"
        f" where not m.wins and {_equal(table.keys, 'm', 'i')})",
    )
    wins, updated, matched = _row(
        connection,
        "select count(case when wins then 1 end),"
        " count(case when wins and not is_same then 1 end), count(*) from landing_matched",
    )
    return MergeCounts(written - wins, updated, matched - updated)


def _match(connection: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    """Keys that stand on both sides, and which side wins."""
    content = [name for name in table.names if name not in (*table.keys, SYNCED)]
    same = " and ".join(f"r.{quoted(n)} is not distinct from i.{quoted(n)}" for n in content)
    synced = quoted(SYNCED)
    connection.execute(
        f"""
        create or replace temp table landing_matched as
        select
            {column_list(table.keys, "r.")},
            ({same or "true"}) as is_same,
            case
                -- A file without its own times brings equal rows again: nothing happened.
                when i.{DEFAULTED} and ({same or "true"}) then false
                when r.{synced} is null or i.{synced} > r.{synced} then true
                when i.{synced} < r.{synced} then false
                else i.{DIGEST} > coalesce(r.{DIGEST}, '')
            end as wins
        from {table.relation} as r
        inner join landing_incoming as i on {_equal(table.keys, "r", "i")}
        """
    )


def _equal(keys: tuple[str, ...], left: str, right: str) -> str:
    return " and ".join(f"{left}.{quoted(key)} = {right}.{quoted(key)}" for key in keys)


def _has_rows(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    return connection.execute(f"select 1 from {relation} limit 1").fetchone() is not None


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    return int(_row(connection, statement)[0])


def _row(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[int, ...]:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return tuple(row)
