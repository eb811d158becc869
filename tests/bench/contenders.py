"""What is measured: `python -m tests.bench.contenders NAME WAREHOUSE` prints one line of JSON.

What lives here: each contender on a DuckDB file with two threads, in a process of its own.
What never does: which contender is held to which bar (__main__.py).

CPU and time are those of the statements: for dbt every call of its cursor, so that parsing and the
rest of dbt are left out; then a checkpoint, so that what was written is on disk.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tests.components import dbt, write_project

ALL = "select left_node, right_node from main.{table}"
MOST = f"{ALL} where number % 100 <> 0"
NEW = "select left_node, right_node, 'added' as change from main.new_{table}"
FEWER = f"{ALL} where number % 1000 <> 500"


class Meter:
    """CPU and wall seconds of the parts that count."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self.cpu += time.process_time() - cpu
            self.wall += time.perf_counter() - wall


def connect(warehouse: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(warehouse, config={"threads": 2})


def limit(warehouse: str, meter: Meter, table: str = "edges") -> None:
    """Reads the edges, writes the nodes: what no method can leave out."""
    with connect(warehouse) as connection, meter.running():
        connection.execute(
            f"create table components as select left_node as node, left_node as component"
            f" from main.{table} union select right_node, right_node from main.{table}"
        ).fetchall()
        connection.execute("checkpoint").fetchall()


def native(warehouse: str, meter: Meter) -> None:
    import numpy as np
    import pyarrow as pa

    from tests.bench.native import components

    components(np.array([1, 2]), np.array([2, 3]))  # compiled outside the measured part
    with connect(warehouse) as connection:
        connection.execute("select 1").fetchnumpy()  # imports what it needs
        with meter.running():
            edges = connection.execute("select left_node, right_node from edges").fetchnumpy()
            node, component = components(edges["left_node"], edges["right_node"])
            connection.register("found", pa.table({"node": node, "component": component}))
            connection.execute("create table components as select * from found").fetchall()
            connection.execute("checkpoint").fetchall()


def scipy(warehouse: str, meter: Meter) -> None:
    """What is at hand without a compiler: ids to numbers by sorting, then scipy."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    with connect(warehouse) as connection, meter.running():
        edges = connection.execute("select left_node, right_node from edges").fetchnumpy()
        both = np.concatenate([edges["left_node"], edges["right_node"]])
        node, number = np.unique(both, return_inverse=True)
        ends = np.split(number, 2)
        weight = np.ones(len(ends[0]), np.int8)
        graph = coo_matrix((weight, tuple(ends)), shape=(len(node), len(node)))
        _, label = connected_components(graph, directed=False)
        _, first = np.unique(label, return_index=True)
        connection.register("found", pa.table({"node": node, "component": node[first[label]]}))
        connection.execute("create table components as select * from found").fetchall()
        connection.execute("checkpoint").fetchall()


def splink(warehouse: str, meter: Meter) -> None:
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    with connect(warehouse) as connection:
        api = DuckDBAPI(connection)
        with meter.running():
            clusters = cluster_pairwise_predictions_at_threshold(
                connection.table("nodes"), connection.table("edges"), api,
                node_id_column_name="node", edge_id_column_name_left="left_node",
                edge_id_column_name_right="right_node",
            )  # fmt: skip
            connection.execute("checkpoint").fetchall()
        connection.execute(
            "create table components as select node, cluster_id as component"
            f" from {clusters.physical_name}"
        )


def materialized(warehouse: str, meter: Meter, sql: str) -> None:
    """One dbt run of the materialization as table components."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

    execute = DuckDBCursorWrapper.execute

    def measured(self: object, statement: str, bindings: object = None) -> object:
        with meter.running():
            return execute(self, statement, bindings)

    DuckDBCursorWrapper.execute = measured
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, {"components": sql}, Path(warehouse))
        if not dbt(project, ["--quiet", "run"]):
            raise SystemExit("dbt failed")
    DuckDBCursorWrapper.execute = execute
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with meter.running():
        DuckDBConnectionManager.close_all_connections()


def model(sql: str, table: str = "edges") -> Callable[[str, Meter], None]:
    return lambda warehouse, meter: materialized(warehouse, meter, sql.format(table=table))


CONTENDERS: dict[str, Callable[[str, Meter], None]] = {
    "limit": limit,
    "native": native,
    "scipy": scipy,
    "splink": splink,
    "full": model(ALL),
    "most": model(MOST),
    "given": model(NEW),
    "found": model(ALL),
    "fewer": model(FEWER),
    "same": model(ALL),
    "text_limit": lambda warehouse, meter: limit(warehouse, meter, "text_edges"),
    "text_full": model(ALL, "text_edges"),
    "text_most": model(MOST, "text_edges"),
    "text_given": model(NEW, "text_edges"),
}


def partition(warehouse: str) -> list[int]:
    """Nodes, components and a digest that no order of rows and no name of a component changes."""
    with connect(warehouse) as connection:
        return list(connection.execute(
            "select count(*), count(distinct component), bit_xor(hash(node, smallest)) from"
            " (select node, component, smallest from components inner join"
            " (select component, min(node) as smallest from components group by component)"
            " using (component))"
        ).fetchall()[0])  # fmt: skip


def main(name: str, warehouse: str) -> None:
    meter = Meter()
    CONTENDERS[name](warehouse, meter)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {
        "cpu": meter.cpu, "wall": meter.wall, "rss": peak, "partition": partition(warehouse),
    }  # fmt: skip
    sys.stdout.write(f"RESULT {json.dumps(result)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
