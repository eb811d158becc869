"""The warehouse of the attribution benchmark: as many storefront events as asked, as landed.

What lives here: a small brand, landed, whose events are then drawn anew by attribution_web.sql;
the last day, which waits until it is asked for;
`python -m tests.bench.attribution_web HOME EVENTS`.
What never does: a model of attribution, a measurement.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.bench.margin_contenders import connect
from tests.bench.margin_shop import staged

DRAWN = Path(__file__).with_name("attribution_web.sql")


def write(home: Path, events: int) -> None:
    """`home`/warehouse.duckdb, as the profile of the project names it, without its last day."""
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="bench-brand-", dir=home) as folder:
        shutil.move(staged(Path(folder)), home)
    with connect(home) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        connection.execute(f"set variable events = {events}")
        connection.execute(DRAWN.read_text(encoding="utf-8"))
        connection.execute("checkpoint")


def land_day(connection: duckdb.DuckDBPyConnection) -> None:
    """The last day's events and orders, and late ones of the day before."""
    for table in ("raw_web.event", "commerce.fct_orders"):
        connection.execute(f"insert into {table} by name select * from {table}_later")
    connection.execute("update intermediate.int_as_of set as_of_at = as_of_at + interval 1 day")
    connection.execute("checkpoint")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
