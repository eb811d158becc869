"""The materialization connected_components against union-find: full runs.

What lives here: one dbt run over a small project of its own that holds every graph, then questions.
What never does: later runs over changed edges (test_changed_components.py) and the identity models
(their unit tests stand beside them).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.components import WAREHOUSE, Edge, Step, run_steps, union_find, write_project

SEEDS = range(200)
LONG = 100_000
MOST_ROUNDS = 20
MODELS = {
    "everything": "select left_node, right_node from main.edges",
    "shuffled": "select left_node, right_node from main.shuffled_edges",
    "chain": "select left_node, right_node from main.edges where graph = 'monotone chain'",
    "mixed_chain": "select left_node, right_node from main.edges where graph = 'random chain'",
    "numbers": "select left_node, right_node from main.number_edges",
    "no_edge": "select left_node, right_node from main.edges where false",
    "alone": "select left_node, left_node as right_node from main.edges where graph = 'star'",
    "capped": "{{ config(max_rounds=2) }}\n"
    "select left_node, right_node from main.edges where graph = 'monotone chain'",
    "nameless": "select left_node from main.edges",
    "homeless": "select left_node, right_node, 'added' as change from main.edges",
}


def graphs() -> Iterator[tuple[str, list[Edge]]]:
    """Every graph with its name; nodes carry the name, so that graphs stay apart."""
    chain = [f"n{place:06d}" for place in range(LONG)]
    yield "monotone chain", list(pairwise(chain))
    mixed = random.Random(0).sample(chain, LONG)
    yield "random chain", list(pairwise(mixed))
    yield "star", [("centre", f"leaf{place}") for place in range(LONG)]
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


@dataclass(frozen=True)
class Run:
    output: str
    edges: list[Edge]
    warehouse: Path

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return list(connection.execute(query).fetchall())

    def components(self, model: str) -> dict[object, object]:
        rows = self.rows(f"select node, component from main.{model}")
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row[1] for row in rows}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = tmp_path_factory.mktemp("graphs")
    write_project(project, MODELS)
    named = [
        (name, f"{name}: {left}", f"{name}: {right}")
        for name, edges in graphs()
        for left, right in edges
    ]
    mixed = random.Random(1).sample(named, len(named))
    shuffled = [(name, right, left) for name, left, right in mixed]
    warehouse = project / WAREHOUSE
    with duckdb.connect(str(warehouse)) as connection:
        for table, rows in (("edges", named), ("shuffled_edges", shuffled)):
            names, left, right = (list(column) for column in zip(*rows, strict=True))
            columns = {"graph": names, "left_node": left, "right_node": right}
            connection.register("rows", pa.table(columns))
            connection.execute(f"create table {table} as select * from rows")
        connection.execute(
            "create table number_edges as select value as left_node, value % 7 as right_node"
            " from generate_series(-20, 20) as numbers (value)"
        )
        # Two ends that nobody knows, and what a killed run left.
        connection.execute("insert into edges values ('nulls', 'x', null), ('nulls', null, null)")
        connection.execute("create table everything__contraction_edges_1 as select 'stale' as low")
        connection.execute("create table everything__contraction_roots_7 as select 'stale' as node")
    output = run_steps(project, [Step()])
    return Run(output, [(left, right) for _, left, right in named], warehouse)


def test_the_partition_is_that_of_union_find(run: Run) -> None:
    assert run.components("everything") == {**union_find(run.edges), "x": "x"}


def test_the_order_of_the_rows_changes_nothing(run: Run) -> None:
    assert run.components("shuffled") == union_find(run.edges)


def test_nodes_may_be_numbers_and_are_ordered_as_such(run: Run) -> None:
    assert run.components("numbers") == {
        node: min(other for other in range(-20, 21) if same_rest(node, other))
        for node in range(-20, 21)
    }


def same_rest(node: int, other: int) -> bool:
    """Division cuts towards zero in SQL; 0 is the rest of both signs."""
    rests = {abs(number) % 7 * (1 if number > 0 else -1) for number in (node, other)}
    return len(rests) == 1


def test_no_edge_gives_an_empty_table(run: Run) -> None:
    assert run.components("no_edge") == {}
    assert run.rows("select * from main.no_edge_rounds") == [(0, 0, True, "full", 0, 0)]


def test_nodes_without_an_edge_stay_alone(run: Run) -> None:
    assert run.components("alone") == {"star: centre": "star: centre"}


def test_the_proof_shows_every_round_to_the_last(run: Run) -> None:
    rounds = run.rows("select round, edges_left, converged from main.chain_rounds order by round")
    assert [row[0] for row in rounds] == list(range(len(rounds)))
    assert rounds[0] == (0, LONG - 1, False)
    assert [row[2] for row in rounds] == [False] * (len(rounds) - 1) + [True]
    assert rounds[-1][1] == 0


@pytest.mark.parametrize("model", ["chain", "mixed_chain"])
def test_long_chains_need_few_rounds(run: Run, model: str) -> None:
    assert len(run.rows(f"select round from main.{model}_rounds")) - 1 <= MOST_ROUNDS
    assert len(run.components(model)) == LONG
    assert {str(name).split(": ")[1] for name in run.components(model).values()} == {"n000000"}


def test_a_run_that_does_not_converge_fails_and_leaves_no_table(run: Run) -> None:
    assert "did not converge" in run.output
    assert "after 2 rounds" in run.output
    assert run.rows("select count(*) from duckdb_tables() where table_name = 'capped'") == [(0,)]


def test_a_model_that_cannot_be_contracted_is_told_why(run: Run) -> None:
    assert "must select left_node and right_node; it selects left_node" in run.output
    assert "selects changes, but has no table to change" in run.output


def test_no_step_is_left_behind(run: Run) -> None:
    tables = {str(row[0]) for row in run.rows("select table_name from duckdb_tables()")}
    assert {name for name in tables if "__" in name} == set()
