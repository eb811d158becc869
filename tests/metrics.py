"""Metrics by name as one SQL statement each, from the YAML that declares them.

What lives here: simple and ratio metrics of ``models/metrics.yml``, compiled over whole tables.
What never does: grouping by dimensions or time; that is the work of a semantic layer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
_AGGREGATES = {"sum": "sum({})", "count": "count({})", "average": "avg({})"}


@lru_cache(maxsize=1)
def declared() -> dict[str, Any]:
    text = (ROOT / "models" / "metrics.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def model_of(semantic_model: dict[str, Any]) -> str:
    found = re.fullmatch(r"ref\('(\w+)'\)", semantic_model["model"])
    assert found is not None, semantic_model["name"]
    return found[1]


def measures() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a measure -> the model it is of, and its declaration."""
    return {
        measure["name"]: (model_of(model), measure)
        for model in declared()["semantic_models"]
        for measure in model["measures"]
    }


def expression(name: str, schemas: dict[str, str]) -> str:
    """A scalar subquery, or a quotient of two, that a metric's declaration comes to."""
    metric = next(one for one in declared()["metrics"] if one["name"] == name)
    given = metric["type_params"]
    if metric["type"] == "ratio":
        numerator, denominator = (
            expression(given[side], schemas) for side in ("numerator", "denominator")
        )
        return f"({numerator} / nullif({denominator}, 0))"
    assert metric["type"] == "simple", name
    model, measure = measures()[given["measure"]]
    column = _AGGREGATES[measure["agg"]].format(measure.get("expr", measure["name"]))
    condition = re.sub(r"\{\{ Dimension\('\w+?__(\w+)'\) \}\}", r"\1", metric.get("filter", "true"))
    return f"(select {column} from {schemas[model]}.{model} where {condition})"
