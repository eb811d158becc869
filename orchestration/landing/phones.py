"""Phones become E.164 once, here.

What lives here: distinct pairs of phone text and country -> ``raw_landing.phone_number``.
What never does: the form itself (``orchestration.e164``).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from orchestration.e164 import to_e164
from orchestration.landing.contract import ColumnContract, TableContract, quoted
from orchestration.landing.report import Progress

_CHUNK = 50_000


def land_phones(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[TableContract], progress: Progress
) -> int:
    """Add every pair of these tables that is not known yet; returns how many were new."""
    pairs = [
        _pairs(table, column)
        for table in tables
        for column in table.columns
        if column.phone_regions is not None
    ]
    if not pairs:
        return 0
    connection.execute(
        "create or replace temp table landing_new_phone as"
        f" select distinct p.phone, p.country_code from ({' union all '.join(pairs)}) as p"
        " anti join raw_landing.phone_number as k"
        " on p.phone = k.phone and p.country_code = k.country_code"
    )
    new = connection.execute(
        "select phone, country_code from landing_new_phone order by phone, country_code"
    ).fetch_arrow_table()
    for start in range(0, new.num_rows, _CHUNK):
        _insert(connection, new.slice(start, _CHUNK))
        progress("phones", min(start + _CHUNK, new.num_rows), new.num_rows)
    return int(new.num_rows)


def _pairs(table: TableContract, column: ColumnContract) -> str:
    # The same expression as the join in staging, so that every row there finds its pair.
    regions = ", ".join(quoted(name) for name in column.phone_regions or ())
    country = f"upper(coalesce({regions + ', ' if regions else ''}''))"
    return (
        f"select {quoted(column.name)} as phone, {country} as country_code"
        f" from {table.relation} where {quoted(column.name)} is not null"
    )


def _insert(connection: duckdb.DuckDBPyConnection, new: pa.Table) -> None:
    pairs = zip(new["phone"].to_pylist(), new["country_code"].to_pylist(), strict=True)
    numbers = [to_e164(phone, country) for phone, country in pairs]
    batch = pa.table(
        {
            "phone": new["phone"],
            "country_code": new["country_code"],
            "phone_e164": pa.array(numbers, pa.string()),
            "is_valid": pa.array([number is not None for number in numbers], pa.bool_()),
        }
    )
    connection.register("landing_phone_batch", batch)
    connection.execute(
        "insert into raw_landing.phone_number (phone, country_code, phone_e164, is_valid)"
        " select * from landing_phone_batch"
    )
    connection.unregister("landing_phone_batch")
