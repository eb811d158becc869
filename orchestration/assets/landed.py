"""Raw tables as assets: what a source brought, what the ledger learned, what a fit found.

What lives here: three multi-assets, one per way in.
What never does: readers, quarantine, contracts (room landing).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.names import (
    LANDING_GROUP,
    WAREHOUSE_POOL,
    LayerTranslator,
    is_of_ledger,
    segment_keys,
)
from orchestration.fitting import fit_identity, is_probabilistic
from orchestration.landing import LandingReport, land_directory, land_ledger, land_segments
from orchestration.ledger import open_ledger
from orchestration.project import DbtProject
from orchestration.settings import Settings

Clock = Callable[[], datetime]
FITS_SCHEMA = "raw_fits"


class Inbox(dg.Config):
    """Where the files of the raw layout wait; the settings' inbox if empty."""

    directory: str = ""


def build_landed(
    manifest: Mapping[str, Any], translator: LayerTranslator
) -> list[dg.AssetsDefinition]:
    """The raw tables that the dbt sources declare."""
    nodes = sorted(manifest["sources"].values(), key=lambda node: str(node["unique_id"]))
    specs = [
        dg.AssetSpec(
            key=translator.get_asset_key(node),
            group_name=LANDING_GROUP,
            description=node.get("description") or None,
            kinds={"raw"},
        )
        for node in nodes
    ]
    of_ledger = [spec for spec in specs if is_of_ledger(spec.key)]
    of_fits = [spec for spec in specs if spec.key.path[0] == FITS_SCHEMA]
    of_sources = [spec for spec in specs if spec not in of_ledger and spec not in of_fits]
    # A fit reads what landed before it; the models read the fit.
    after_landing = [
        spec.replace_attributes(deps=[one.key for one in (*of_sources, *of_ledger)])
        for spec in of_fits
    ]
    return [
        _build_from_inbox(of_sources),
        _build_from_ledger(of_ledger),
        _build_from_fits(after_landing),
    ]


def _build_from_inbox(specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    # By itself a segment's table is landed from segments only: no look into the inbox.
    @dg.multi_asset(name="land", specs=specs, pool=WAREHOUSE_POOL, can_subset=True)
    def land(
        context: dg.AssetExecutionContext,
        config: Inbox,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
    ) -> Iterator[dg.MaterializeResult[None]]:
        selected = context.selected_asset_keys
        directory = Path(config.directory or settings.inbox_dir)
        reports = [LandingReport(())]
        if selected <= set(segment_keys()):
            context.log.info("The collector's segments only.")
        elif directory.is_dir():
            reports.append(land_directory(settings, directory, now=now))
        else:
            context.log.info("No inbox: what a loader wrote or landed before stays as it is.")
        reports.append(land_segments(settings, now=now))
        yield from _results([spec for spec in specs if spec.key in selected], *reports)

    return land


def _build_from_ledger(specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    @dg.multi_asset(name="land_ledger", specs=specs, pool=WAREHOUSE_POOL)
    def land_facts(
        settings: dg.ResourceParam[Settings], now: dg.ResourceParam[Clock]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with open_ledger(settings, now=now) as ledger:
            report = land_ledger(settings, ledger)
        yield from _results(specs, report)

    return land_facts


def _build_from_fits(specs: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    @dg.multi_asset(name="fit_identity", specs=specs, pool=WAREHOUSE_POOL)
    def fit(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        dbt: dg.ResourceParam[DbtProject],
        now: dg.ResourceParam[Clock],
    ) -> Iterator[dg.MaterializeResult[None]]:
        report = LandingReport(())
        if is_probabilistic(dbt):
            report = fit_identity(settings, dbt, now=now)
        else:
            context.log.info("Off: probabilistic_identity in dbt_project.yml.")
        yield from _results(specs, report)

    return fit


def _results(
    specs: Sequence[dg.AssetSpec], *reports: LandingReport
) -> Iterator[dg.MaterializeResult[None]]:
    # Every table, new rows or not: Dagster skips whatever stands on an output that never came.
    for spec in specs:
        name = ".".join(spec.key.path).removeprefix("raw_")
        tables = [report.table(name) for report in reports]
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata={
                "read": sum(table.read for table in tables),
                "landed": sum(table.landed for table in tables),
                "updated": sum(table.updated for table in tables),
                "quarantined": sum(table.quarantined for table in tables),
            },
        )
