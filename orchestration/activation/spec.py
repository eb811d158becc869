"""``meta.sync`` of the dbt manifest: the whole declaration of a delivery.

What lives here: reading and checking it.
What never does: the warehouse, the ledger, a vendor's rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from orchestration.activation.errors import SyncSpecError

KINDS = ("membership", "profile", "event")
PURPOSES = ("marketing", "ads_sharing")


@dataclass(frozen=True)
class SyncSpec:
    """One delivery: table ``schema.model`` (key column ``key``) to ``object`` at ``destination``.

    ``kind``: membership (mirror), profile (upsert, never removed) or event (append only);
    ``schedule``: cron of five fields; ``purpose``: what the person must have agreed to.
    ``audience``: (schema, table) that decides a membership and gives each member's reason; not
    declared but read from what the model refers to.
    """

    model: str
    schema: str
    destination: str
    object: str
    key: str
    kind: str
    schedule: str
    purpose: str
    audience: tuple[str, str] | None = None


_READ = ("model", "schema", "audience")
_DECLARED = tuple(f.name for f in fields(SyncSpec) if f.name not in _READ)


def read_sync_specs(manifest: Path) -> list[SyncSpec]:
    """Every model with ``meta.sync`` in the manifest, ordered by destination and object.

    Raises:
        SyncSpecError: no readable manifest; an unknown or missing key; an unknown kind or
            purpose; two models for one object.
    """
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    except (OSError, ValueError, KeyError) as error:
        raise SyncSpecError(
            f"{manifest.name} cannot be read ({type(error).__name__}).",
            remedy="Run 'tributary build' (or 'dbt parse') first.",
        ) from error
    specs = [
        _spec(node, declared, nodes)
        for node in nodes.values()
        if node.get("resource_type") == "model" and (declared := _declared(node)) is not None
    ]
    specs.sort(key=lambda spec: (spec.destination, spec.object))
    for first, second in pairwise(specs):
        if (first.destination, first.object) == (second.destination, second.object):
            raise SyncSpecError(
                f"Models {first.model} and {second.model} both feed {first.object} at "
                f"{first.destination}.",
                remedy="Let one model hold the whole desired state of an object.",
            )
    return specs


def _declared(node: Mapping[str, Any]) -> Any:
    # dbt 1.11 keeps meta under config; older manifests beside it.
    for meta in (node.get("config", {}).get("meta"), node.get("meta")):
        if meta and "sync" in meta:
            return meta["sync"]
    return None


def _spec(node: Mapping[str, Any], declared: Any, nodes: Mapping[str, Any]) -> SyncSpec:
    model = str(node["name"])
    if not isinstance(declared, Mapping):
        raise _wrong(model, "is not a mapping")
    unknown = sorted(set(declared) - set(_DECLARED))
    missing = sorted(set(_DECLARED) - set(declared))
    if unknown or missing:
        parts = [f"has unknown keys {unknown}"] * bool(unknown)
        parts += [f"lacks {missing}"] * bool(missing)
        raise _wrong(model, " and ".join(parts))
    for name, value in declared.items():
        if not isinstance(value, str) or not value.strip():
            raise _wrong(model, f"has no text in {name}")
    for name, known in (("kind", KINDS), ("purpose", PURPOSES)):
        if declared[name] not in known:
            raise _wrong(model, f"has {name} '{declared[name]}' (known: {', '.join(known)})")
    if len(declared["schedule"].split()) != 5:
        raise _wrong(model, f"has schedule '{declared['schedule']}', not cron of five fields")
    table = str(node.get("alias") or model)
    audience = _audience(node, declared, nodes) if declared["kind"] == "membership" else None
    return SyncSpec(model=table, schema=str(node["schema"]), audience=audience, **declared)


def _audience(
    node: Mapping[str, Any], declared: Mapping[str, str], nodes: Mapping[str, Any]
) -> tuple[str, str] | None:
    """The one model that it refers to which says per key why somebody is in."""
    found = [
        parent
        for name in node.get("depends_on", {}).get("nodes", ())
        if (parent := nodes.get(name)) is not None
        and {declared["key"], "reason", "entered_at"} <= set(parent.get("columns", {}))
    ]
    if len(found) != 1:
        return None
    return str(found[0]["schema"]), str(found[0].get("alias") or found[0]["name"])


def _wrong(model: str, how: str) -> SyncSpecError:
    return SyncSpecError(
        f"meta.sync of model {model} {how}.",
        remedy=f"Give exactly: {', '.join(_DECLARED)}.",
    )
