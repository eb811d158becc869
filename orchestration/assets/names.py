"""How tables and deliveries are called in Dagster: keys and groups by layer.

What lives here: the translation of dbt nodes and ``meta.sync`` to asset keys and group names.
What never does: work, and any name that neither dbt nor ``meta.sync`` knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration.activation.spec import SyncSpec
from orchestration.landing import SEGMENT_TABLES
from orchestration.project import layer_of

LANDING_GROUP = "landing"
WAREHOUSE_POOL = "warehouse"
LEDGER_SCHEMA = "raw_ledger"


class LayerTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Asset key = schema and table as in the warehouse; group = layer or shelf of the folder."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name of the relation; a test has none and keeps dbt's name."""
        props = dbt_resource_props
        return dg.AssetKey([str(props["schema"]), str(props.get("alias") or props["name"])])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer, e.g. ``staging``, ``margin``; sources belong to landing."""
        props = dbt_resource_props
        if props["resource_type"] == "source":
            return LANDING_GROUP
        return layer_of(str(props["resource_type"]), props["fqn"])


def source_keys(manifest: Mapping[str, Any], translator: LayerTranslator) -> list[dg.AssetKey]:
    """One key per raw table of the contract, in order."""
    return sorted(translator.get_asset_key(node) for node in manifest["sources"].values())


def is_of_ledger(key: dg.AssetKey) -> bool:
    """Whether a raw table is filled from the ledger."""
    return key.path[0] == LEDGER_SCHEMA


def relation_key(spec: SyncSpec) -> dg.AssetKey:
    """The desired state of one object, a dbt model."""
    return dg.AssetKey([spec.schema, spec.model])


def segment_keys() -> list[dg.AssetKey]:
    """The raw tables that the collector's segments fill."""
    return [dg.AssetKey(f"raw_{table}".split(".")) for table in SEGMENT_TABLES]


def snapshot_key() -> dg.AssetKey:
    """The published snapshot."""
    return dg.AssetKey(["published", "snapshot"])


def plan_key(spec: SyncSpec) -> dg.AssetKey:
    """The plan of one object, e.g. ``plan/klaviyo__list_vip``."""
    return dg.AssetKey(["plan", object_name(spec)])


def delivery_key(spec: SyncSpec) -> dg.AssetKey:
    """The delivery of one object."""
    return dg.AssetKey(["delivered", object_name(spec)])


def delivery_job_name(spec: SyncSpec) -> str:
    """The job that plans and delivers one object."""
    return f"deliver_{object_name(spec)}"


def account_pool(spec: SyncSpec) -> str:
    """The pool of one vendor account: its deliveries go one after another, others beside it."""
    return f"send_{spec.destination}"


def object_name(spec: SyncSpec) -> str:
    """The model's name without its prefix: ``sync_klaviyo__list_vip`` → ``klaviyo__list_vip``."""
    return re.sub(r"^sync_", "", spec.model)
