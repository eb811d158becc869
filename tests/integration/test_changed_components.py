"""The materialization connected_components over edges that come and go, against union-find.

What lives here: batches of changes, found by the run or given by the model, and killed runs.
What never does: graphs that are hard to contract (test_connected_components.py).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.components import Edge, Step, run_steps, union_find, write_project

SEEDS = range(200)
BATCHES = 5
KILLS = 4
LARGE = 4  # the batch that changes too much to be worth an incremental run
EDGES = "select left_node, right_node from main.edges"
MODELS = {
    # Every edge twice and backwards: what is selected need not be unique.
    "found": f"{EDGES} union all select right_node, left_node from main.edges",
    "given": "{% if has_components() %}\n"
    "select left_node, right_node, change from main.changes\n"
    f"{{% else %}}\n{EDGES}\n{{% endif %}}",
}


DROP_PROOFS = [f"drop table {model}_rounds" for model in MODELS]


@dataclass(frozen=True)
class Batch:
    edges: list[Edge]
    changes: list[tuple[str, str, str]]


def batches() -> list[Batch]:
    """All seeds side by side, as each is a graph of its own; the first batch is the whole graph."""
    draws = {seed: random.Random(seed) for seed in SEEDS}
    present: dict[int, set[Edge]] = {seed: set() for seed in SEEDS}
    made = []
    for number in range(BATCHES + 1):
        changes = [
            change
            for seed in SEEDS
            for change in change_graph(draws[seed], seed, present[seed], number)
        ]
        made.append(Batch(sorted(edge for edges in present.values() for edge in edges), changes))
    return made


def change_graph(
    draw: random.Random, seed: int, edges: set[Edge], number: int
) -> list[tuple[str, str, str]]:
    adds = draw.randint(30, 60) if number == 0 else draw.randint(0, 3)
    removes = len(edges) // 2 if number == LARGE else draw.randint(0, 3)
    added = {random_edge(draw, seed) for _ in range(adds)} - edges
    removed = set(draw.sample(sorted(edges), min(removes, len(edges))))
    # What is there may be added again and what is not may be removed: changes are a set.
    again = set(draw.sample(sorted(edges - removed), 1)) if len(edges) > len(removed) else set()
    absent = {(f"{seed}: none", f"{seed}: nowhere")}
    edges -= removed
    edges |= added
    return [
        *((right, left, "added") for left, right in sorted(added | again)),
        *((left, right, "removed") for left, right in sorted(removed | absent)),
    ]


def random_edge(draw: random.Random, seed: int) -> Edge:
    low, high = sorted(f"{seed}: n{draw.randrange(60):02d}" for _ in range(2))
    return low, high


def write(project: Path, name: str, batch: Batch) -> list[str]:
    """The batch as files, and the statements that load it: the runner holds no warehouse open."""
    statements = []
    for table, rows, columns in (
        ("edges", batch.edges, ["left_node", "right_node"]),
        ("changes", batch.changes, ["left_node", "right_node", "change"]),
    ):
        place = project / f"{name}_{table}.parquet"
        values = list(zip(*rows, strict=True)) or [[] for _ in columns]
        arrays = [pa.array(value, pa.string()) for value in values]
        duckdb.from_arrow(pa.table(arrays, names=columns)).write_parquet(str(place))
        statements.append(f"create or replace table {table} as select * from '{place}'")
    return statements


@dataclass(frozen=True)
class Saved:
    folder: Path

    def rows(self, save: str, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.folder / save)) as connection:
            return list(connection.execute(query).fetchall())

    def components(self, save: str, model: str) -> dict[object, object]:
        rows = self.rows(save, f"select node, component from main.{model}")
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row[1] for row in rows}

    def proof(self, save: str, model: str) -> tuple[object, ...]:
        query = f"select distinct run, edges_added, edges_removed from main.{model}_rounds"
        [row] = self.rows(save, query)
        return row


BATCH_LIST = batches()
BRIDGE = ("0: n00", "1: n00")
WITH_BRIDGE = Batch([*BATCH_LIST[-1].edges, BRIDGE], [(*BRIDGE, "added")])
WITHOUT_BRIDGE = Batch(BATCH_LIST[-1].edges, [(*BRIDGE, "removed")])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    project = tmp_path_factory.mktemp("changes")
    write_project(project, MODELS)
    steps = [
        Step(write(project, f"batch{number}", batch), save=f"batch{number}")
        for number, batch in enumerate(BATCH_LIST)
    ]
    steps += [
        Step(save="again"),
        Step(write(project, "bridged", WITH_BRIDGE), save="bridged"),
        Step(write(project, "restored", WITHOUT_BRIDGE), save="restored"),
        Step([*DROP_PROOFS, "delete from found"], save="torn"),
        Step(arguments=("run", "--full-refresh"), save="refreshed"),
        Step(["update changes set change = 'moved'"], ("run", "--select", "given"), save="wrong"),
    ]
    output = run_steps(project, steps)
    assert output.count("STEP done") == len(steps) - 1, output
    assert "change must be 'added' or 'removed' in every row" in output
    return Saved(project)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", range(BATCHES + 1))
def test_every_batch_leaves_what_a_full_run_would(saved: Saved, model: str, number: int) -> None:
    expected = union_find(BATCH_LIST[number].edges)
    assert saved.components(f"batch{number}", model) == expected


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", range(1, BATCHES + 1))
def test_the_proof_counts_what_changed(saved: Saved, model: str, number: int) -> None:
    before, after = set(BATCH_LIST[number - 1].edges), set(BATCH_LIST[number].edges)
    run = "full" if number == LARGE else "incremental"
    assert saved.proof(f"batch{number}", model) == (
        run, len(after - before), len(before - after)
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", range(BATCHES + 1))
def test_the_edges_beside_the_table_are_those_it_holds(
    saved: Saved, model: str, number: int
) -> None:
    rows = saved.rows(f"batch{number}", f"select distinct low, high from main.{model}_contracted")
    assert sorted(rows) == BATCH_LIST[number].edges


@pytest.mark.parametrize("model", MODELS)
def test_a_run_without_a_change_touches_nothing(saved: Saved, model: str) -> None:
    for table in (model, f"{model}_contracted"):
        # In the order of the file: rows that are written anew lie elsewhere.
        query = f"select rowid, * from main.{table}"
        assert saved.rows("again", query) == saved.rows(f"batch{BATCHES}", query)
    rounds = saved.rows("again", f"select * from main.{model}_rounds")
    assert rounds == [(0, 0, True, "incremental", 0, 0)]


@pytest.mark.parametrize("model", MODELS)
def test_an_edge_that_comes_and_goes_leaves_the_partition(saved: Saved, model: str) -> None:
    assert saved.components("bridged", model) == union_find(WITH_BRIDGE.edges)
    assert saved.components("bridged", model) != saved.components("restored", model)
    assert saved.components("restored", model) == union_find(BATCH_LIST[-1].edges)


@pytest.mark.parametrize("model", MODELS)
def test_without_its_proof_a_table_is_built_anew(saved: Saved, model: str) -> None:
    """What an engine without transactions for tables leaves of a killed run."""
    assert saved.components("torn", model) == union_find(BATCH_LIST[-1].edges)
    assert saved.proof("torn", model)[0] == "full"


@pytest.mark.parametrize("model", MODELS)
def test_a_full_refresh_builds_anew(saved: Saved, model: str) -> None:
    assert saved.components("refreshed", model) == union_find(BATCH_LIST[-1].edges)
    assert saved.proof("refreshed", model)[0] == "full"


def test_changes_that_cannot_be_read_change_nothing(saved: Saved) -> None:
    assert saved.components("wrong", "given") == saved.components("refreshed", "given")


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_run_ends_right_when_run_again(
    tmp_path_factory: pytest.TempPathFactory, model: str
) -> None:
    project = tmp_path_factory.mktemp("kills")
    write_project(project, {model: MODELS[model]})
    start = Step(write(project, "before", BATCH_LIST[1]), save="before")
    change = write(project, "after", BATCH_LIST[2])
    output = run_steps(project, [start, Step(change)])
    total, swap = map(int, re.findall(r"STEP done (\d+) swap \[(\d+)\]", output)[-1])
    # Steps are all alike; the swap at the end is where a kill could tear the tables apart.
    first = swap + 1 + list(MODELS).index(model)
    kills = [swap // 2, *range(first, total, (total - swap) // KILLS)]
    steps = [
        step
        for kill in kills
        for step in (
            Step(change, restore="before", kill_at=kill, save=f"killed{kill}"),
            Step(save=f"ended{kill}"),
        )
    ]
    output = run_steps(project, steps)
    assert output.count("STEP killed") == output.count("STEP done") == len(kills), output
    saved = Saved(project)
    partitions = [union_find(BATCH_LIST[number].edges) for number in (1, 2)]
    for kill in kills:
        assert saved.components(f"killed{kill}", model) in partitions
        assert saved.components(f"ended{kill}", model) == partitions[1]
        names = saved.rows(f"ended{kill}", "select table_name from duckdb_tables()")
        assert not [name for (name,) in names if "__" in str(name)]
