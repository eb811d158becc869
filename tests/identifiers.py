"""The identifier macros by themselves, over any texts.

What lives here: a small dbt project that holds one model per macro, run in a process of its own.
What never does: vectors and verdicts; those are the tests'.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
PROJECT = f"""
name: tributary
version: 1.0.0
config-version: 2
profile: identifiers
macro-paths: ["{ROOT / "macros" / "identifiers"}", "{ROOT / "macros" / "engine"}"]
flags: {{send_anonymous_usage_stats: false}}
models: {{tributary: {{+materialized: table}}}}
"""
PROFILE = """
identifiers:
  target: t
  outputs:
    t: {type: duckdb, path: "%s", threads: 1}
"""
MODEL = "select place, {{ %s('given') }} as result from main.given where macro = '%s'"


def applied(folder: Path, asked: Sequence[tuple[str, str]]) -> list[str | None]:
    """What each (macro, text) becomes, in order; ``folder`` is a fresh one."""
    warehouse = folder / "identifiers.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table given (place integer, macro text, given text)")
        connection.executemany(
            "insert into given values (?, ?, ?)",
            [(place, macro, text) for place, (macro, text) in enumerate(asked)],
        )
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (folder / "profiles.yml").write_text(PROFILE % warehouse, encoding="utf-8")
    macros = sorted({macro for macro, _ in asked})
    for macro in macros:
        model = MODEL % (macro, macro)
        (folder / "models" / f"of_{macro}.sql").write_text(model, encoding="utf-8")
    result = subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "run", "--project-dir", str(folder),
         "--profiles-dir", str(folder)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    union = " union all ".join(f"select * from main.of_{macro}" for macro in macros)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = dict(connection.execute(union).fetchall())
    return [found[place] for place in range(len(asked))]
