"""The materialization connected_components against union-find.

What lives here: one dbt run over a small project of its own that holds every graph, then questions.
What never does: the identity models (their unit tests stand beside them).
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

ROOT = Path(__file__).resolve().parents[2]
Edge = tuple[str, str]
SEEDS = range(200)
CHAIN = 10_000
MOST_ROUNDS = 20

PROJECT = f"""
name: tributary
version: 1.0.0
config-version: 2
profile: graphs
macro-paths: ["{ROOT / "macros" / "materializations"}", "{ROOT / "macros" / "engine"}"]
flags: {{send_anonymous_usage_stats: false}}
models: {{tributary: {{+materialized: connected_components}}}}
"""
PROFILE = "graphs: {target: t, outputs: {t: {type: duckdb, path: graphs.duckdb, threads: 1}}}\n"
MODELS = {
    "everything": "select left_node, right_node from main.edges",
    "shuffled": "select left_node, right_node from main.shuffled_edges",
    "chain": "select left_node, right_node from main.edges where graph = 'monotone chain'",
    "no_edge": "select left_node, right_node from main.edges where false",
    "capped": "{{ config(max_rounds=2) }}\n"
    "select left_node, right_node from main.edges where graph = 'monotone chain'",
}


def graphs() -> Iterator[tuple[str, list[Edge]]]:
    """Every graph with its name; nodes carry the name, so that graphs stay apart."""
    chain = [f"n{place:06d}" for place in range(CHAIN)]
    yield "monotone chain", list(pairwise(chain))
    mixed = random.Random(0).sample(chain, CHAIN)
    yield "random chain", list(pairwise(mixed))
    yield "star", [("centre", f"leaf{place}") for place in range(CHAIN)]
    yield "own neighbours", [(f"n{place}", f"n{place}") for place in range(10)]
    yield "twice and backwards", [("a", "b"), ("b", "a"), ("a", "b"), ("c", "c"), ("c", "d")]
    for seed in SEEDS:
        yield f"random {seed}", random_graph(seed)


def random_graph(seed: int) -> list[Edge]:
    draw = random.Random(seed)
    nodes = draw.randint(2, 80)
    return [
        (f"n{draw.randrange(nodes)}", f"n{draw.randrange(nodes)}")
        for _ in range(draw.randint(1, nodes + 10))
    ]


def union_find(edges: Iterable[Edge]) -> dict[str, str]:
    """Each node with the smallest node of its component."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in edges:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return {node: root(node) for node in list(parent)}


@dataclass(frozen=True)
class Run:
    output: str
    edges: list[Edge]
    warehouse: Path

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return list(connection.execute(query).fetchall())

    def components(self, model: str) -> dict[object, object]:
        return {row[0]: row[1] for row in self.rows(f"select node, component from main.{model}")}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = tmp_path_factory.mktemp("graphs")
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (project / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    for name, sql in MODELS.items():
        (project / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")
    named = [
        (name, f"{name}: {left}", f"{name}: {right}")
        for name, edges in graphs()
        for left, right in edges
    ]
    mixed = random.Random(1).sample(named, len(named))
    shuffled = [(name, right, left) for name, left, right in mixed]
    warehouse = project / "graphs.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for table, rows in (("edges", named), ("shuffled_edges", shuffled)):
            names, left, right = (list(column) for column in zip(*rows, strict=True))
            columns = {"graph": names, "left_node": left, "right_node": right}
            connection.register("rows", pa.table(columns))
            connection.execute(f"create table {table} as select * from rows")
        # Two ends that nobody knows, and what a killed run left.
        connection.execute("insert into edges values ('nulls', 'x', null), ('nulls', null, null)")
        connection.execute("create table everything__contraction_edges_1 as select 'stale' as low")
        connection.execute("create table everything__contraction_roots_7 as select 'stale' as node")
    dbt = str(Path(sys.executable).parent / "dbt")
    result = subprocess.run(
        [dbt, "run", "--project-dir", ".", "--profiles-dir", ".", "--target-path", "target"],
        cwd=project, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return Run(result.stdout, [(left, right) for _, left, right in named], warehouse)


def test_the_partition_is_that_of_union_find(run: Run) -> None:
    assert run.components("everything") == {**union_find(run.edges), "x": "x"}


def test_the_order_of_the_rows_changes_nothing(run: Run) -> None:
    assert run.components("shuffled") == union_find(run.edges)


def test_no_edge_gives_an_empty_table(run: Run) -> None:
    assert run.components("no_edge") == {}
    assert run.rows("select round, edges_left, converged from main.no_edge_rounds") == [
        (0, 0, True)
    ]


def test_the_proof_shows_every_round_to_the_last(run: Run) -> None:
    rounds = run.rows("select round, edges_left, converged from main.chain_rounds order by round")
    assert [row[0] for row in rounds] == list(range(len(rounds)))
    assert rounds[0] == (0, CHAIN - 1, False)
    assert [row[2] for row in rounds] == [False] * (len(rounds) - 1) + [True]
    assert rounds[-1][1] == 0


def test_labels_that_follow_the_path_need_few_rounds(run: Run) -> None:
    assert len(run.rows("select round from main.chain_rounds")) - 1 <= MOST_ROUNDS
    assert set(run.components("chain").values()) == {"monotone chain: n000000"}


def test_a_run_that_does_not_converge_fails_and_leaves_no_table(run: Run) -> None:
    assert "did not converge" in run.output
    assert "after 2 rounds" in run.output
    assert run.rows("select count(*) from duckdb_tables() where table_name = 'capped'") == [(0,)]


def test_no_step_is_left_behind(run: Run) -> None:
    tables = {str(row[0]) for row in run.rows("select table_name from duckdb_tables()")}
    assert {name for name in tables if "__" in name} == set()
