"""The daily test of opting out: one asset, and a check for every channel.

What lives here: which channel's check fails, and with which reason.
What never does: the opt-out or a vendor's API (room activation).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import dagster as dg

from orchestration.activation.canary import BROKEN, Channel, opt_canary_out
from orchestration.activation.connected import split_connected
from orchestration.activation.spec import SyncSpec
from orchestration.assets.names import snapshot_key
from orchestration.destinations.registry import PLUGINS, open_destination
from orchestration.ledger import open_ledger
from orchestration.settings import CanarySettings, Settings

CANARY_KEY = dg.AssetKey(["delivered", "canary"])
CANARY_JOB = "opt_out_canary"
# Before the day begins, so that a broken channel is known when somebody can repair it.
CANARY_SCHEDULE = "30 4 * * *"
Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


def build_canary(specs: Sequence[SyncSpec]) -> dg.AssetsDefinition:
    """The canary's opt-out with a check per destination; where none is configured it fails."""
    names = ("ledger", *sorted(PLUGINS))

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                CANARY_KEY,
                deps=[snapshot_key()],
                group_name="delivery",
                description="Nobody opts out, and every connected channel shows that she is gone.",
                kinds={"test"},
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                _check_name(name),
                asset=CANARY_KEY,
                description=f"She is gone from every object of {name} that is connected.",
            )
            for name in names
        ],
        # One test at a time: two would read each other's traces.
        pool="send_canary",
    )
    def opt_nobody_out(
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
        sleep: dg.ResourceParam[Sleep],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        connected, _ = split_connected(settings, specs)
        with open_ledger(settings, now=now) as ledger:
            found = opt_canary_out(
                settings, ledger, connected, CanarySettings.from_env(),
                open_destination=open_destination, now=now, sleep=sleep,
            )  # fmt: skip
        broken = sum(one.state == BROKEN for one in found)
        yield dg.MaterializeResult(
            asset_key=CANARY_KEY, metadata={"channels": len(found), "broken": broken}
        )
        yield from canary_checks(found, names)

    return opt_nobody_out


def canary_checks(found: Sequence[Channel], names: Sequence[str]) -> list[dg.AssetCheckResult]:
    """One result per destination; one that is not connected has nothing to show."""
    results = []
    for name in names:
        mine = [one for one in found if one.destination == name]
        broken = {one.object: str(one.reason) for one in mine if one.state == BROKEN}
        results.append(
            dg.AssetCheckResult(
                asset_key=CANARY_KEY,
                check_name=_check_name(name),
                passed=not broken,
                metadata={
                    "objects": ", ".join(f"{one.object}: {one.state}" for one in mine) or "none",
                    "broken": json.dumps(broken),
                },
            )
        )
    return results


def _check_name(destination: str) -> str:
    return f"canary_is_gone_from_{destination}"
