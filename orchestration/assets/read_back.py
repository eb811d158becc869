"""What vendors list beside what was delivered: one asset, and a check for who is back.

What lives here: what the run shows of each object, and when its check fails.
What never does: reading a vendor's list, removing anybody again (``activation/drift.py``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

import dagster as dg

from orchestration.activation.connected import split_connected
from orchestration.activation.drift import Drift, check_drift
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger
from orchestration.settings import Settings

READ_BACK_KEY = dg.AssetKey(["delivered", "read_back"])
READ_BACK_JOB = "read_back"
READ_BACK_CHECK = "nobody_is_back_who_opted_out"
# Before the day begins: whoever is missing comes with the day's plans.
READ_BACK_SCHEDULE = "0 4 * * *"
Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


def build_read_back(specs: Sequence[SyncSpec]) -> dg.AssetsDefinition:
    """The daily reading of what connected vendors list."""

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                READ_BACK_KEY,
                group_name="delivery",
                description="What vendors list of members and opt-outs beside what was delivered.",
                kinds={"test"},
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(
                READ_BACK_CHECK,
                asset=READ_BACK_KEY,
                description="No vendor put anybody back; whoever it was leaves again at once.",
            )
        ],
        # No account's own slot: it takes each account's lease in turn.
        pool="send_read_back",
    )
    def read_back_vendors(
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
        sleep: dg.ResourceParam[Sleep],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        connected, _ = split_connected(settings, specs)
        with open_ledger(settings, now=now) as ledger:
            found = check_drift(
                settings, ledger, connected, open_destination=open_destination, now=now, sleep=sleep
            )
        missing = sum(one.missing_count for one in found)
        yield dg.MaterializeResult(
            asset_key=READ_BACK_KEY,
            metadata={
                "objects": len(found),
                "missing": missing,
                "read_back": dg.TableMetadataValue(
                    [dg.TableRecord(asdict(one)) for one in found], _columns()
                ),
            },
        )
        yield read_back_check(found)

    return read_back_vendors


def read_back_check(found: Sequence[Drift]) -> dg.AssetCheckResult:
    """Fails where somebody who opted out was back in a list, or was lost from a vendor's record."""
    back = {
        f"{one.destination} {one.object}": one.returned_count for one in found if one.returned_count
    }
    return dg.AssetCheckResult(
        asset_key=READ_BACK_KEY,
        check_name=READ_BACK_CHECK,
        passed=not back,
        metadata={"objects": ", ".join(f"{name}: {n}" for name, n in back.items()) or "none"},
    )


def _columns() -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(name, "string" if name in ("destination", "object") else "int")
            for name in Drift.__dataclass_fields__
        ]
    )
