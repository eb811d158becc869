"""The landing border as Dagster asset checks; nothing is built on a table that breaks it.

What lives here: one check per raw table.
What never does: expectations, and Great Expectations itself before a check runs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.assets.names import WAREHOUSE_POOL, LayerTranslator
from orchestration.landing.registry import SOURCES
from orchestration.settings import Settings

CHECK_NAME = "landing_border"


def build_border_checks(
    manifest: Mapping[str, Any], translator: LayerTranslator
) -> dg.AssetChecksDefinition:
    """One blocking check per raw table that comes in from outside."""
    keys = {
        (str(node["source_name"]), str(node["name"])): translator.get_asset_key(node)
        for node in manifest["sources"].values()
        if node["source_name"] in SOURCES
    }
    specs = [
        dg.AssetCheckSpec(
            CHECK_NAME,
            asset=key,
            blocking=True,
            description="Great Expectations suite generated from the raw contract.",
        )
        for _, key in sorted(keys.items())
    ]

    @dg.multi_asset_check(
        name="check_landing_border", specs=specs, pool=WAREHOUSE_POOL, can_subset=True
    )
    def check_landing_border(
        context: dg.AssetCheckExecutionContext,
        settings: dg.ResourceParam[Settings],
    ) -> Iterator[dg.AssetCheckResult]:
        # Great Expectations takes ten seconds to import: only where a check runs.
        from orchestration.checks.landing_border import check_landing

        verdicts = {
            (verdict.source, verdict.table): verdict for verdict in check_landing(settings).tables
        }
        selected = {check.asset_key for check in context.selected_asset_check_keys}
        for name, key in sorted(keys.items()):
            if key not in selected:
                continue
            verdict = verdicts.get(name)
            failed = verdict.failed if verdict else ()
            yield dg.AssetCheckResult(
                check_name=CHECK_NAME,
                asset_key=key,
                passed=not failed,
                metadata={
                    "rows checked": verdict.rows_checked if verdict else 0,
                    "failed": ", ".join(failed),
                },
            )

    return check_landing_border
