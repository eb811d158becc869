"""One day of plan, approval and delivery, as a process of its own that may be killed.

What lives here: what the crash tests run in a child.
What never does: assertions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from orchestration.activation.approval import demo_approve
from orchestration.activation.deliver import deliver
from orchestration.activation.plan import make_plans
from orchestration.destinations.registry import open_destination
from orchestration.ledger import open_ledger, utc_now
from orchestration.settings import Settings
from tests.unit.activation.world import SPEC

SPECS = [
    SPEC,
    replace(SPEC, destination="google", object="customer_match/vip", model="sync_google__vip"),
]
OBJECTS = {spec.destination: [spec.object] for spec in SPECS}

_CONTEXT = get_context("forkserver")
# pyarrow imports pandas where it is first needed: once, not in every child.
_CONTEXT.set_forkserver_preload([__name__, "pandas", "httpx"])


def run_day(environment: Mapping[str, str]) -> None:
    """Plan, approve and deliver until nothing is left; the child's whole work."""
    os.environ.update(environment)
    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        for plan in make_plans(settings, ledger, SPECS, now=utc_now):
            if plan.state == "open":
                demo_approve(ledger, settings, plan.plan_hash, now=utc_now)
        deliver(settings, ledger, open_destination=open_destination, now=utc_now, sleep=_nap)


def _nap(seconds: float) -> None:
    time.sleep(seconds / 50)


def in_child(
    work: Callable[[Mapping[str, str]], None], home: Path, environment: Mapping[str, str]
) -> int:
    """Run ``work`` in a process that shares nothing with this one; its exit code, -9 if killed."""
    child = _CONTEXT.Process(
        target=work, args=({**environment, "TRIBUTARY_HOME": str(home)},), daemon=True
    )
    child.start()
    child.join(60)
    if child.is_alive():
        child.kill()
        raise TimeoutError("The child did not end.")
    assert child.exitcode is not None
    return child.exitcode
