"""Every model could run on Spark, Snowflake and BigQuery: differences stand in dispatched macros.

What lives here: one `dbt compile`, then a scan of what models say and of what they compile to.
What never does: a run on those engines. Parsing and a list of functions is what this proves.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

ROOT = Path(__file__).resolve().parents[2]
DIALECTS = ("spark", "snowflake", "bigquery")

# Functions that mean the same everywhere: a model may call them.
PORTABLE = frozenset((
    "abs", "avg", "cast", "ceil", "coalesce", "concat", "count", "dense_rank", "exp",
    "extract", "first_value", "floor", "greatest", "lag", "last_value", "lead", "least",
    "length", "ln", "lower", "max", "min", "mod", "ntile", "nullif", "percent_rank", "power",
    "rank", "replace", "round", "row_number", "sign", "sqrt", "substr", "sum", "trim",
    "upper",
))  # fmt: skip
# What dispatched macros (ours, dbt's own) compile to on DuckDB: never written in a model.
DISPATCHED = frozenset((
    "bool_or", "chr", "date_add", "date_diff", "date_trunc", "isodow", "last_day", "levenshtein",
    "lgamma", "md5",
    "median", "nfc_normalize", "position", "regexp_extract", "regexp_matches", "regexp_replace",
    "sha256", "split_part", "string_agg", "string_split", "timezone", "try_cast",
))  # fmt: skip
# Words that stand before a bracket and call nothing.
WORDS = frozenset((
    "all", "and", "any", "as", "between", "by", "case", "decimal", "distinct", "else",
    "exists", "from", "in", "inner", "interval", "join", "like", "not", "numeric", "on", "or",
    "order", "over", "partition", "select", "then", "timestamp", "union", "using", "values",
    "varchar", "when", "where", "with",
))  # fmt: skip
FORBIDDEN = {
    "a cast by ::": r"::",
    "qualify": r"\bqualify\b",
    "filter (where …)": r"\bfilter\s*\(",
    "a recursive query": r"\brecursive\b",
    "group by all": r"\bgroup\s+by\s+all\b",
    "order by all": r"\border\s+by\s+all\b",
    "select * exclude or replace": r"\*\s*(exclude|except|replace)\b",
    "ilike": r"\bilike\b",
    "a lambda or JSON arrow": r"->",
    "a list": r"\[",
    "an asof join": r"\basof\b",
    "a comma after the last column": r",\s*(from\b|\)|$)",
    "integer division by //": r"//",
    "the clock": r"\b(current_date|current_timestamp|localtimestamp|now\s*\()",
}


@dataclass(frozen=True)
class Model:
    name: str
    path: str
    source: str
    compiled: str

    @property
    def plain(self) -> str:
        """The source without Jinja, comments and texts; an expression counts as a name."""
        text = re.sub(r"\{#.*?#\}", " ", self.source, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"\{\{.*?\}\}", " jinja ", text, flags=re.DOTALL)
        text = re.sub(r"--[^\n]*", " ", text)
        return re.sub(r"'(?:[^']|'')*'", "''", text).lower().strip()


def called(sql: str) -> set[str]:
    """Names of the functions that a statement calls, as written."""
    tokens: list[Token] = sqlglot.tokenize(sql, read="duckdb")
    return {
        token.text.lower()
        for token, following in pairwise(tokens)
        if following.token_type == TokenType.L_PAREN
        and re.fullmatch(r"[A-Za-z_]\w*", token.text)
        and token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
    } - WORDS


def findings(model: Model) -> Iterator[str]:
    """What is not portable in a model, one sentence each."""
    for what, pattern in FORBIDDEN.items():
        if re.search(pattern, model.plain):
            yield f"{model.path} uses {what}"
    for function in sorted(called(model.plain) - PORTABLE):
        yield f"{model.path} calls {function}(): use a dispatched macro of macros/engine or of dbt"
    for function in sorted(called(model.compiled) - PORTABLE - DISPATCHED):
        yield f"{model.path} compiles to {function}(), which no dispatched macro is known to give"


def parse_findings(model: Model, dialect: str) -> Iterator[str]:
    # DuckDB quotes names by ", Spark and BigQuery by `; // comes from the macro integer_quotient.
    text = model.compiled.replace(") // (", ") / (")
    text = text if dialect == "snowflake" else text.replace('"', "`")
    try:
        sqlglot.parse_one(text, read=dialect)
    except SqlglotError as error:
        yield f"{model.path} is no {dialect} SQL: {str(error).splitlines()[0]}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    home = tmp_path_factory.mktemp("portability")
    result = subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), "compile", "--target-path", str(home / "target"),
         "--log-path", str(home / "logs"), "--no-populate-cache"],
        cwd=ROOT, env={**os.environ, "TRIBUTARY_HOME": str(home)}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:]
    manifest = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))
    return [
        Model(node["name"], node["original_file_path"], node["raw_code"], node["compiled_code"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    ]


def test_models_call_portable_functions_only(models: list[Model]) -> None:
    assert len(models) > 60
    found = [finding for model in models for finding in findings(model)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_models_parse_in_every_dialect(models: list[Model], dialect: str) -> None:
    found = [finding for model in models for finding in parse_findings(model, dialect)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("select a::integer from x", "a cast by ::"),
        ("select a from x qualify true", "qualify"),
        ("select count(*) filter (where a) from x", "filter (where …)"),
        ("with recursive r as (select 1) select 1", "a recursive query"),
        ("select a from x group by all", "group by all"),
        ("select * exclude (a) from x", "select * exclude or replace"),
        ("select a from x where a ilike 'b'", "ilike"),
        ("select a -> 'b' from x", "a lambda or JSON arrow"),
        ("select [a] from x", "a list"),
        ("select\n    a,\nfrom x", "a comma after the last column"),
        ("select a // 2 as a from x", "integer division"),
        ("select current_date as a from x", "the clock"),
        ("select list_aggregate(a) from x", "calls list_aggregate()"),
        ("select md5(a) from x", "calls md5()"),
        ("select arg_max(a, b) over (partition by c) from x", "calls arg_max()"),
    ],
)
def test_what_is_not_portable_is_found(source: str, finding: str) -> None:
    found = list(findings(Model("a_model", "models/a_model.sql", source, "select 1")))
    assert any(finding in each for each in found)
    assert all(each.startswith("models/a_model.sql") for each in found)


def test_what_macros_compile_to_is_checked_too() -> None:
    model = Model("a_model", "models/a_model.sql", "select {{ macro('a') }}", "select list_sum(a)")
    assert list(findings(model)) == [
        "models/a_model.sql compiles to list_sum(), which no dispatched macro is known to give"
    ]


def test_comments_texts_and_jinja_are_not_read() -> None:
    source = "-- now(), a::b\n{# qualify #} select '[::]' as a, {{ md5_hex('b') }} as b from x"
    model = Model("a_model", "models/a_model.sql", source, "select md5(b) as b from x")
    assert list(findings(model)) == []


def test_a_statement_that_another_dialect_cannot_read_is_found() -> None:
    model = Model("a_model", "models/a_model.sql", "", "select a from x where (a = 1")
    assert all(any(parse_findings(model, dialect)) for dialect in DIALECTS)
