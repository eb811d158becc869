"""The published snapshot as an asset: whatever the public models built, once it is green.

What lives here: the asset.
What never does: what a snapshot holds (``publish/``).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from orchestration.activation.published_optouts import suppress_published
from orchestration.assets.names import WAREHOUSE_POOL, LayerTranslator, snapshot_key
from orchestration.ledger import open_ledger
from orchestration.project import DbtProject
from orchestration.publish import publish
from orchestration.settings import Settings

Clock = Callable[[], datetime]


def build_snapshot(
    manifest: Mapping[str, Any], translator: LayerTranslator
) -> dg.AssetsDefinition:
    """Stands on every model, so that a red build publishes nothing."""
    # An ephemeral model is part of the models that read it; it has no table and no asset.
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    ]

    @dg.asset(
        key=snapshot_key(),
        deps=[translator.get_asset_key(model) for model in models],
        group_name="publish",
        description="Public models as Parquet, the lookup file, and one pointer moved at the end.",
        kinds={"parquet"},
        pool=WAREHOUSE_POOL,
    )
    def snapshot(
        settings: dg.ResourceParam[Settings],
        dbt: dg.ResourceParam[DbtProject],
        now: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult[None]:
        with open_ledger(settings, now=now) as ledger:
            report = publish(
                settings,
                ledger,
                now=now,
                manifest=dbt.current_manifest(),
                suppress=suppress_published(settings, ledger, now),
            )
        return dg.MaterializeResult(
            metadata={
                "build": report.build_id,
                "new": report.is_new,
                "tables": len(report.table_rows),
                "new customer ids": report.new_customer_id_count,
                "new anchors": report.new_anchor_count,
                "new merges and splits": report.new_change_count,
                "new suppressions": report.new_suppression_count,
            }
        )

    return snapshot
