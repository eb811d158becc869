"""Every dbt model and seed as an asset, every dbt test as its check.

What lives here: one multi-asset that runs the project's dbt runner.
What never does: a second way to start dbt, or a rule about a model.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.assets.names import WAREHOUSE_POOL, LayerTranslator
from orchestration.project import DbtProject


def build_dbt_models(
    manifest: Mapping[str, Any], translator: LayerTranslator
) -> dg.AssetsDefinition:
    """The assets of the manifest; resource ``dbt`` (DbtProject) does the work."""

    @dbt_assets(  # type: ignore[untyped-decorator]
        manifest=manifest,
        name="dbt_models",
        dagster_dbt_translator=translator,
        pool=WAREHOUSE_POOL,
    )
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: dg.ResourceParam[DbtProject]
    ) -> Iterator[Any]:
        select, indirect_selection = get_subset_selection_for_context(
            context=context,
            manifest=manifest,
            select=None,
            exclude=None,
            selector=None,
            dagster_dbt_translator=translator,
            current_dbt_indirect_selection_env=None,
        )
        events: list[dict[str, Any]] = []
        result = dbt.build(
            select[1].split() if select else None,
            indirect_selection=cast(Any, indirect_selection or "eager"),
            on_result=events.append,
        )
        for event in events:
            yield from DbtCoreCliEventMessage(event, {}).to_default_asset_events(
                manifest, translator, context
            )
        context.log.info(f"{result.counts} in {result.seconds:g} s; {result.seconds_by_layer}")
        result.raise_for_failures()

    return cast(dg.AssetsDefinition, dbt_models)
