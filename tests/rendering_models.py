"""Models of one shelf, run without dbt: rendered for DuckDB over tables of a schema ``given``.

What lives here: rendering of a model and its ephemeral parents, and running a chain of them.
What never does: tests, contracts, other engines; ``dbt build`` proves those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import yaml

ROOT = Path(__file__).resolve().parents[1]
EPHEMERAL = "materialized='ephemeral'"
_MACROS = ("audiences", "engine", "identifiers", "money", "statistics", "time")

DBT = SimpleNamespace(
    type_bigint=lambda: "bigint",
    type_timestamp=lambda: "timestamp",
    type_string=lambda: "varchar",
    dateadd=lambda part, count, start: f"({start} + interval 1 {part} * ({count}))",
    datediff=lambda start, end, part: f"date_diff('{part}', {start}, {end})",
    position=lambda part, text: f"position({part} in {text})",
    date_trunc=lambda part, value: f"date_trunc('{part}', {value})",
    split_part=lambda text, delimiter, part: f"split_part({text}, {delimiter}, {part})",
)


def project_variables() -> dict[str, Any]:
    """The vars of dbt_project.yml."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    return dict(project["vars"])


def run_models(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], variables: Mapping[str, Any]
) -> None:
    """Create the models as tables in schema ``given``, in this order; other refs stand there."""
    for name in names:
        connection.execute(f"create or replace table given.{name} as {model_sql(name, variables)}")


def model_sql(name: str, variables: Mapping[str, Any]) -> str:
    """The SQL of a model as dbt renders it for DuckDB, its references as ``given.<name>``."""
    known = {**project_variables(), **variables}

    def ref(parent: str) -> str:
        file = _model_files().get(parent)
        is_ephemeral = file is not None and EPHEMERAL in file.read_text(encoding="utf-8")
        return f"({model_sql(parent, variables)})" if is_ephemeral else f"given.{parent}"

    text = re.sub(
        r"\{#.*?#\}", "", _model_files()[name].read_text(encoding="utf-8"), flags=re.DOTALL
    )
    module: Any = None

    def dispatch(macro_name: str, _: str) -> Any:
        return getattr(module, f"duckdb__{macro_name}", None) or getattr(
            module, f"default__{macro_name}"
        )

    given = _given(dispatch, ref, known)
    module = _template().make_module(given)
    macros = {key: value for key, value in vars(module).items() if not key.startswith("_")}
    return _environment().from_string(text).render({**given, **macros}).strip()


def macro_text(name: str, *arguments: str) -> str:
    """The SQL of one macro, of a named adapter if its name says so."""
    module: Any = None

    def dispatch(macro_name: str, _: str) -> Any:
        return getattr(module, f"duckdb__{macro_name}", None) or getattr(
            module, f"default__{macro_name}"
        )

    module = _template().make_module(_given(dispatch, None, {}))
    return str(getattr(module, name)(*arguments))


def _given(dispatch: Any, ref: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "adapter": SimpleNamespace(dispatch=dispatch),
        "config": lambda **_: "",
        "dbt": DBT,
        "ref": ref,
        "return": lambda value: value,
        "var": lambda key, default=None: known.get(key, default),
    }


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    """The macros, compiled once."""
    return _environment().from_string(_macros())


@lru_cache(maxsize=1)
def _macros() -> str:
    files = [file for room in _MACROS for file in sorted((ROOT / "macros" / room).glob("*.sql"))]
    return "".join(file.read_text(encoding="utf-8") for file in files)


@lru_cache(maxsize=1)
def _model_files() -> dict[str, Path]:
    return {file.stem: file for file in (ROOT / "models").rglob("*.sql")}
