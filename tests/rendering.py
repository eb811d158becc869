"""Macros of normal forms, run without dbt: rendered for DuckDB and applied to given texts.

What lives here: the rendering of ``macros/identifiers`` and one query.
What never does: models, targets, an assertion.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

MACROS = Path(__file__).resolve().parents[1] / "macros"


def macro_sql(name: str) -> str:
    """The SQL of a macro over the column ``given``, as dbt renders it for DuckDB."""
    files = [MACROS / "engine" / "text.sql", MACROS / "engine" / "hash.sql"]
    files += sorted((MACROS / "identifiers").glob("*.sql"))
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    module: Any = None

    def dispatch(macro_name: str, _: str) -> Any:
        return getattr(module, f"duckdb__{macro_name}", None) or getattr(
            module, f"default__{macro_name}"
        )

    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
    module = environment.from_string(text).make_module({
        "adapter": SimpleNamespace(dispatch=dispatch),
        "dbt": SimpleNamespace(split_part=lambda e, by, at: f"split_part({e}, {by}, {at})"),
        "return": lambda value: value,
    })
    return str(getattr(module, name)("given"))


def by_macro(name: str, texts: Sequence[str | None]) -> list[str | None]:
    """What the macro makes of each text, in order."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select {macro_sql(name)} from (select unnest($texts::varchar[]) as given,"
            " generate_subscripts($texts::varchar[], 1) as place) order by place",
            {"texts": list(texts)},
        ).fetchall()
    return [row[0] for row in rows]
