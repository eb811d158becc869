"""From desired state to receipts: one plan and one delivery per ``meta.sync``.

What lives here: two assets per object, and what they say when a person has to approve first.
What never does: the diff, the gate or a vendor's API (rooms activation and destinations).
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import dagster as dg

from orchestration.activation.deliver import PlanDelivery, deliver
from orchestration.activation.plan import make_plans
from orchestration.activation.spec import SyncSpec
from orchestration.assets.names import (
    WAREHOUSE_POOL,
    delivery_key,
    plan_key,
    relation_key,
    snapshot_key,
)
from orchestration.checks.leaving_border import LeavingBorder
from orchestration.destinations.registry import open_destination
from orchestration.landing import land_ledger
from orchestration.ledger import SealedPlan, open_ledger
from orchestration.settings import Settings

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]
_DELIVERABLE = ("approved", "started", "partial")


def build_plan(spec: SyncSpec) -> dg.AssetsDefinition:
    """The plan of one object, as an asset."""

    @dg.asset(
        key=plan_key(spec),
        deps=[relation_key(spec), snapshot_key()],
        group_name="activation",
        description=f"What {spec.object} at {spec.destination} lacks or has too much, sealed.",
        kinds={"plan"},
        pool=WAREHOUSE_POOL,
    )
    def plan(
        settings: dg.ResourceParam[Settings], now: dg.ResourceParam[Clock]
    ) -> dg.MaterializeResult[None]:
        with open_ledger(settings, now=now) as ledger:
            land_ledger(settings, ledger)
            border = LeavingBorder(settings)
            (made,) = make_plans(settings, ledger, [spec], now=now, border=border)
        return dg.MaterializeResult(metadata=_plan_metadata(made.seal))

    return plan


def build_delivery(spec: SyncSpec) -> dg.AssetsDefinition:
    """The delivery of one object, as an asset; nothing materialises while a person must approve."""

    @dg.asset(
        key=delivery_key(spec),
        deps=[plan_key(spec)],
        group_name="delivery",
        description=f"{spec.object} at {spec.destination}, as receipts say that it stands.",
        kinds={spec.kind},
        output_required=False,
    )
    def delivery(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
        sleep: dg.ResourceParam[Sleep],
    ) -> Iterator[dg.Output[None]]:
        with open_ledger(settings, now=now) as ledger:
            due = [plan for plan in ledger.plans(_DELIVERABLE) if _is_of(plan, spec)]
            if not due:
                context.log.info("No approved plan: nothing is sent.")
                return
            report = deliver(
                settings,
                ledger,
                plan_hashes=[plan.plan_hash for plan in due],
                open_destination=open_destination,
                now=now,
                sleep=sleep,
            )
        unfinished = [sent for sent in report.deliveries if sent.state != "done"]
        if unfinished:
            raise dg.Failure(
                f"{len(unfinished)} of {len(due)} plans are not done: {unfinished[0].reason}",
                metadata=_delivery_metadata(unfinished[0]),
            )
        yield dg.Output(None, metadata=_delivery_metadata(report.deliveries[-1]))

    return delivery


def _is_of(plan: SealedPlan, spec: SyncSpec) -> bool:
    return (plan.destination, plan.object) == (spec.destination, spec.object)


def _plan_metadata(seal: SealedPlan) -> dict[str, str | int]:
    return {
        "plan": seal.plan_hash,
        "state": seal.state,
        "reason": seal.reason or "",
        "add": seal.add_count,
        "update": seal.update_count,
        "remove": seal.remove_count,
        "approve": f"tributary approve {seal.plan_hash[:12]}",
    }


def _delivery_metadata(sent: PlanDelivery) -> dict[str, str | int]:
    return {
        "plan": sent.plan_hash,
        "state": sent.state,
        "accepted": sent.count("accepted", "accepted_unverified"),
        "rejected": sent.count("rejected"),
        "ambiguous": sent.count("ambiguous"),
        "superseded": sent.count("superseded"),
        "waiting": sent.pending_count,
    }
