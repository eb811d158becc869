"""What the walls are judged on.

What lives here: the parsed manifest and the project's own YAML, once per session.
What never does: a build; no wall needs a row of data.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("staging", "identity", "intermediate", "marts", "audiences", "activation")
VENDORS = (
    "shopify", "klaviyo", "meta", "facebook", "instagram", "google", "tiktok", "postscript",
    "recharge", "fivetran", "stripe", "paypal",
)  # fmt: skip
SHELVES = ("commerce", "attribution", "margin", "consent", "marketing", "customer", "delivery")


@dataclass(frozen=True)
class Node:
    """A model of the manifest, as far as walls ask about it."""

    name: str
    path: Path  # below models/
    access: str
    materialized: str
    is_contract_enforced: bool
    meta: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, Any]]
    models: tuple[str, ...] = field(repr=False)
    sources: tuple[tuple[str, str], ...] = field(repr=False)
    macros: tuple[str, ...] = field(repr=False)
    description: str = field(repr=False)
    code: str = field(repr=False)

    @property
    def layer(self) -> str:
        return self.path.parts[0]

    @property
    def shelf(self) -> str:
        """Second folder; empty where the layer has none."""
        return self.path.parts[1] if len(self.path.parts) > 2 else ""

    @property
    def rank(self) -> tuple[int, int]:
        """Place in the one way through the house; a model reads nothing of a greater one."""
        shelf = SHELVES.index(self.shelf) if self.layer == "marts" else 0
        return LAYERS.index(self.layer), shelf

    def personal_columns(self, kind: str) -> set[str]:
        """Columns tagged ``pii: <kind>`` (direct or indirect)."""
        return {
            name
            for name, column in self.columns.items()
            if (column.get("config", {}).get("meta") or column.get("meta") or {}).get("pii") == kind
        }


@dataclass(frozen=True)
class Manifest:
    models: Mapping[str, Node]
    singular_tests: Mapping[str, Mapping[str, Any]]
    tested: frozenset[tuple[str, str]]  # (model, name of a generic test on it)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The project as dbt reads it, parsed into a folder of its own."""
    home = tmp_path_factory.mktemp("walls")
    result = subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            *("parse", "--no-partial-parse", "--target-path", str(home / "target")),
            *("--log-path", str(home / "logs"), "--project-dir", str(ROOT)),
            *("--profiles-dir", str(ROOT)),
        ],
        cwd=home,
        env=os.environ | {"TRIBUTARY_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    parsed = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = parsed["nodes"].values()
    return Manifest(
        models={node["name"]: _node(node) for node in nodes if node["resource_type"] == "model"},
        singular_tests={
            node["name"]: node
            for node in nodes
            if node["resource_type"] == "test" and not node.get("test_metadata")
        },
        tested=frozenset(
            (_last(node.get("attached_node") or ""), node["test_metadata"]["name"])
            for node in nodes
            if node["resource_type"] == "test" and node.get("test_metadata")
        ),
    )


def _node(node: Mapping[str, Any]) -> Node:
    depends = node["depends_on"]
    return Node(
        name=node["name"],
        path=Path(node["original_file_path"]).relative_to("models"),
        access=node["config"].get("access") or node.get("access") or "protected",
        materialized=node["config"]["materialized"],
        is_contract_enforced=bool(node["config"]["contract"]["enforced"]),
        meta=node["config"].get("meta") or {},
        columns=node["columns"],
        models=tuple(_last(name) for name in depends["nodes"] if name.startswith("model.")),
        sources=tuple(
            (name.split(".")[2], name.split(".")[3])
            for name in depends["nodes"]
            if name.startswith("source.")
        ),
        macros=tuple(_last(name) for name in depends["macros"]),
        description=node["description"],
        code=node["raw_code"],
    )


def _last(unique_id: str) -> str:
    return unique_id.rsplit(".", 1)[-1]


@pytest.fixture(scope="session")
def yaml_files() -> Mapping[Path, Any]:
    """Every YAML file of models and seeds, by its path below the project; no key twice in a map."""
    return dict(_read_all())


def _read_all() -> Iterator[tuple[Path, Any]]:
    for folder in ("models", "seeds"):
        for file in sorted((ROOT / folder).rglob("*.yml")):
            with file.open(encoding="utf-8") as stream:
                yield file.relative_to(ROOT), yaml.load(stream, Loader=_StrictLoader)


class _StrictLoader(yaml.SafeLoader):
    """A second key of the same name would silently win: refuse it."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    # `<<: *row` takes a row over, and the keys beside it change it: not a second key.
    own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    keys = [loader.construct_object(key) for key in own]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.constructor.ConstructorError(
            None, None, f"keys {twice} stand twice", node.start_mark
        )
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def vendor_of(name: str) -> str | None:
    """The vendor that a name speaks of. An id may say who issued it: shopify_order_id."""
    words = re.split(r"[_\W]+", name.lower())
    if re.search(r"_ids?$", name.lower()):
        return None
    return next((word for word in words if word in VENDORS), None)


def without_comments(code: str) -> str:
    return re.sub(r"\{#.*?#\}|--[^\n]*", " ", code, flags=re.DOTALL)
