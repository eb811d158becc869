"""A deterministic sample of a raw table, for the checks at the border.

What lives here: which rows are looked at. What never does: what is expected of them.
"""

from __future__ import annotations

import math

import duckdb
import pandas as pd

from orchestration.landing.contract import TableContract, quoted


def sample(
    connection: duckdb.DuckDBPyConnection, table: TableContract, rows: int
) -> pd.DataFrame:
    """At most ``rows`` rows, the same ones each time; copies of a key come together."""
    held = [
        (name, kind)
        for name, kind, *_ in connection.execute(f"describe {table.relation}").fetchall()
        if name != "_file_digest"
    ]
    # Decimals as doubles: expectations compare them with plain numbers.
    columns = ", ".join(
        f"cast({quoted(name)} as double) as {quoted(name)}"
        if kind.startswith("DECIMAL")
        else quoted(name)
        for name, kind in held
    )
    counted = connection.execute(f"select count(*) from {table.relation}").fetchone()
    total = int(counted[0]) if counted else 0
    keys = ", ".join(quoted(key) for key in table.keys)
    # A tenth fewer than asked for, as hashes do not spread evenly.
    buckets = 1 if total <= rows else math.ceil(total / (0.9 * rows))
    frame: pd.DataFrame = connection.execute(
        f"select {columns} from {table.relation} where hash({keys}) % {buckets} = 0"
        f" order by {keys} limit {rows}"
    ).fetch_df()
    return frame
