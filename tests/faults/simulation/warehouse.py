"""A warehouse in memory: desired states as a build leaves them.

What lives here: one connection for every world of this process, and its tables.
What never does: a home, a ledger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from tests.faults.simulation.people import Person, Sync


@lru_cache(maxsize=1)
def shared_warehouse() -> duckdb.DuckDBPyConnection:
    pa.set_cpu_count(1)
    made = duckdb.connect(":memory:", config={"threads": 1})
    made.execute("create schema activation")
    # For a dozen rows, thinking about the best way takes longer than any way.
    made.execute("pragma disable_optimizer")
    return made


@contextmanager
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    yield shared_warehouse()


def table_of(sync: Sync, desired: Mapping[str, Any]) -> pa.Table:
    """The desired state as a build leaves it."""
    names = ["customer_id", *sync.payload(Person("x")), "row_hash"]
    rows = [
        (key, *payload.values(), hashlib.md5(json.dumps(payload).encode()).hexdigest())
        for key, payload in desired.items()
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def build_table(sync: Sync, desired: Mapping[str, Any]) -> None:
    connection = shared_warehouse()
    connection.register("built", table_of(sync, desired))
    connection.execute(
        f"create or replace table {sync.spec.schema}.{sync.spec.model} as select * from built"
    )
    connection.unregister("built")
