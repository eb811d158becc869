"""A small dbt project of its own for the materialization connected_components.

What lives here: the project, union-find to hold it against, and `python -m tests.components`, which
runs the steps of a project's steps.json, each in a process of its own that can be killed.
What never does: graphs and claims (tests/integration, tests/bench).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
WAREHOUSE = "graphs.duckdb"
KILLED = 9
Edge = tuple[str, str]

PROJECT = f"""
name: tributary
version: 1.0.0
config-version: 2
profile: graphs
macro-paths: ["{ROOT / "macros" / "materializations"}", "{ROOT / "macros" / "engine"}"]
flags: {{send_anonymous_usage_stats: false}}
models: {{tributary: {{+materialized: connected_components}}}}
"""
PROFILE = """
graphs:
  target: t
  outputs:
    t: {type: duckdb, path: "%s", threads: 1, settings: {threads: 2}}
"""


@dataclass(frozen=True)
class Step:
    """Statements, then a run of dbt that dies before statement `kill_at` of the materialization, if
    given; then a copy of the warehouse as `save`."""

    sql: Sequence[str] = ()
    arguments: Sequence[str] = ("run",)
    restore: str = ""
    save: str = ""
    kill_at: int | None = None


def write_project(folder: Path, models: dict[str, str], warehouse: Path | None = None) -> None:
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    profile = PROFILE % (warehouse or folder / WAREHOUSE)
    (folder / "profiles.yml").write_text(profile, encoding="utf-8")
    for name, sql in models.items():
        (folder / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")


def run_steps(folder: Path, steps: Sequence[Step]) -> str:
    """What dbt said of all steps. The runner opens no warehouse itself, so that it can fork."""
    (folder / "steps.json").write_text(json.dumps([asdict(step) for step in steps]))
    result = subprocess.run(
        [sys.executable, "-m", "tests.components", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


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


def dbt(folder: Path, arguments: Sequence[str]) -> bool:
    from dbt.cli.main import dbtRunner

    place = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    return dbtRunner().invoke([*arguments, *place]).success


def _count_statements(last: int | None) -> list[str]:
    """The statements from the first step that the materialization makes on; the process dies before
    statement `last`."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

    execute = DuckDBCursorWrapper.execute
    seen: list[str] = []

    def counted(self: object, sql: str, bindings: object = None) -> object:
        if seen or "__contraction_" in sql:
            seen.append(sql)
        if last is not None and len(seen) > last:
            os._exit(KILLED)
        return execute(self, sql, bindings)

    DuckDBCursorWrapper.execute = counted
    return seen


def say(*words: object) -> None:
    sys.stdout.write(f"STEP {' '.join(map(str, words))}\n")
    sys.stdout.flush()


def _run(folder: Path, step: Step) -> None:
    with duckdb.connect(str(folder / WAREHOUSE)) as connection:
        for sql in step.sql:
            connection.execute(sql)
    statements = _count_statements(step.kill_at)
    success = dbt(folder, step.arguments)
    swap = [place for place, sql in enumerate(statements) if "__contraction_proof" in sql][:1]
    say("done" if success else "failed", len(statements), "swap", swap)


def main(folder: Path) -> None:
    import dbt.cli.main  # noqa: F401  # before the forks, which then need not

    for raw in json.loads((folder / "steps.json").read_text()):
        step = Step(**raw)
        for ending in ("", ".wal"):
            if step.restore:
                (folder / f"{WAREHOUSE}{ending}").unlink(missing_ok=True)
            saved = folder / f"{step.restore}{ending}"
            if step.restore and saved.exists():
                shutil.copy(saved, folder / f"{WAREHOUSE}{ending}")
        child = os.fork()
        if child == 0:
            _run(folder, step)
            os._exit(0)
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if died:
            say("killed" if died == KILLED else f"exit {died}")
        for ending in ("", ".wal"):
            made = folder / f"{WAREHOUSE}{ending}"
            if step.save and made.exists():
                shutil.copy(made, folder / f"{step.save}{ending}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
