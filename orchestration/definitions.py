"""The Dagster code location: every part put together, nothing else.

What lives here: ``build_defs``, which tests call with fakes, and ``defs``, which Dagster loads.
What never does: an asset, a schedule, Great Expectations (it costs 14 seconds at import).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.activation.connected import split_connected
from orchestration.activation.spec import read_sync_specs
from orchestration.assets.canary import build_canary
from orchestration.assets.deliveries import build_delivery, build_plan
from orchestration.assets.erasures import erase_requested
from orchestration.assets.landed import build_landed
from orchestration.assets.models import build_dbt_models
from orchestration.assets.names import LayerTranslator, is_of_ledger, source_keys
from orchestration.assets.publication import build_snapshot
from orchestration.assets.read_back import build_read_back
from orchestration.automation import build_automation
from orchestration.checks.assets import build_border_checks
from orchestration.ledger import utc_now
from orchestration.project import DbtProject
from orchestration.settings import CanarySettings, Settings


def build_defs(
    settings: Settings | None = None, overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors.

    Args:
        settings: the environment's if None.
        overrides: resources to replace: ``settings``, ``dbt``, ``now``, ``sleep``.

    Raises:
        DbtFailedError: the dbt project does not parse.
    """
    settings = settings or Settings.from_env()
    project = DbtProject(settings)
    manifest_path = project.current_manifest()
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    translator = LayerTranslator()
    specs = read_sync_specs(manifest_path)
    landed = build_landed(manifest, translator)
    automation = build_automation(
        specs,
        connected=split_connected(settings, specs)[0],
        ledger_keys=[key for key in source_keys(manifest, translator) if is_of_ledger(key)],
        shop_timezone=str(project.variable("shop_timezone")),
        build_schedule=settings.build_schedule,
        has_canary=CanarySettings.from_env().is_set,
    )
    return dg.Definitions(
        assets=[
            *landed,
            build_dbt_models(manifest, translator),
            build_snapshot(manifest, translator),
            *(build_plan(spec) for spec in specs),
            *(build_delivery(spec) for spec in specs),
            build_canary(specs),
            build_read_back(specs),
            erase_requested,
        ],
        asset_checks=[build_border_checks(manifest, translator)],
        jobs=automation.jobs,
        schedules=automation.schedules,
        sensors=automation.sensors,
        resources={
            "settings": settings,
            "dbt": project,
            "now": utc_now,
            "sleep": time.sleep,
            **(overrides or {}),
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the environment's settings, no fakes."""
    return build_defs()
