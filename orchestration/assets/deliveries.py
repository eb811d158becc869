"""From desired state to receipts: one plan and one delivery per ``meta.sync``.

What lives here: two assets per object, the checks of what came of it, and what they say when a
person has to approve first.
What never does: the diff, the gate or a vendor's API (rooms activation and destinations).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import dagster as dg

from orchestration.activation.connected import split_connected
from orchestration.activation.deliver import DeliveryReport, PlanDelivery, deliver, side_by_side
from orchestration.activation.plan import make_plans
from orchestration.activation.spec import SyncSpec
from orchestration.assets.names import (
    WAREHOUSE_POOL,
    account_pool,
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
# `started` is a delivery that a killed process left: this one finishes it.
_DELIVERABLE = ("approved", "started", "partial")
REJECTED_RATIO_MAX = 0.01


def build_plan(spec: SyncSpec) -> dg.AssetsDefinition:
    """The plan of one object, as an asset; nothing materialises for what is not connected."""

    @dg.asset(
        key=plan_key(spec),
        deps=[relation_key(spec), snapshot_key()],
        group_name="activation",
        description=f"What {spec.object} at {spec.destination} lacks or has too much, sealed.",
        kinds={"plan"},
        pool=WAREHOUSE_POOL,
        output_required=False,
    )
    def plan(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
    ) -> Iterator[dg.Output[None]]:
        _, skipped = split_connected(settings, [spec])
        if skipped:
            context.log.info(f"Not planned: {skipped[0].reason}.")
            return
        with open_ledger(settings, now=now) as ledger:
            land_ledger(settings, ledger)
            border = LeavingBorder(settings)
            (made,) = make_plans(settings, ledger, [spec], now=now, border=border)
        yield dg.Output(None, metadata=_plan_metadata(made.seal))

    return plan


def build_delivery(spec: SyncSpec) -> dg.AssetsDefinition:
    """The delivery of one object with its checks; nothing materialises while a person must
    approve."""
    key = delivery_key(spec)

    @dg.multi_asset(
        name="__".join(key.path),
        specs=[
            dg.AssetSpec(
                key,
                deps=[plan_key(spec)],
                group_name="delivery",
                description=f"{spec.object} at {spec.destination}, as receipts say that it stands.",
                kinds={spec.kind},
                skippable=True,
            )
        ],
        check_specs=_check_specs(key),
        # Else Dagster asks for the checks of a delivery that waits for its approval.
        can_subset=True,
        pool=account_pool(spec),
    )
    def delivery(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        now: dg.ResourceParam[Clock],
        sleep: dg.ResourceParam[Sleep],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        report = _deliver_due(settings, spec, now, sleep)
        stuck = [
            sent
            for sent in report.opt_outs
            if sent.pending_count and sent.destination == spec.destination
        ]
        if stuck:
            raise dg.Failure(
                f"{stuck[0].pending_count} opt-outs wait, so nothing else goes: {stuck[0].reason}"
            )
        if not report.deliveries:
            context.log.info("No approved plan: nothing is sent.")
            return
        newest = report.deliveries[-1]
        results = delivery_checks(key, report.deliveries)
        unfinished = [sent for sent in report.deliveries if sent.state != "done"]
        if unfinished:
            yield from results
            raise dg.Failure(
                f"{len(unfinished)} of {len(report.deliveries)} plans are not done: "
                f"{unfinished[0].reason}",
                metadata=_delivery_metadata(unfinished[0]),
            )
        yield dg.MaterializeResult(asset_key=key, metadata=_delivery_metadata(newest))
        yield from results

    return delivery


def _deliver_due(settings: Settings, spec: SyncSpec, now: Clock, sleep: Sleep) -> DeliveryReport:
    with open_ledger(settings, now=now) as ledger:
        # Without a plan too: opt-outs that wait go with whichever delivery runs first.
        due = [plan.plan_hash for plan in ledger.plans(_DELIVERABLE) if _is_of(plan, spec)]
        return deliver(
            settings,
            ledger,
            plan_hashes=due,
            open_destination=open_destination,
            now=now,
            sleep=sleep,
            run_accounts=side_by_side,
        )


def delivery_checks(
    key: dg.AssetKey, deliveries: Sequence[PlanDelivery]
) -> list[dg.AssetCheckResult]:
    """Whether each row has its verdict, none is in doubt, and few were rejected."""
    waiting = sum(sent.pending_count for sent in deliveries)
    doubtful = sum(sent.count("ambiguous") for sent in deliveries)
    rejected = sum(sent.count("rejected") for sent in deliveries)
    decided = sum(sum(sent.verdict_counts.values()) for sent in deliveries)
    ratio = rejected / decided if decided else 0.0
    return [
        dg.AssetCheckResult(
            asset_key=key,
            check_name="every_row_is_decided",
            passed=waiting == 0,
            metadata={"waiting": waiting, "decided": decided},
        ),
        dg.AssetCheckResult(
            asset_key=key,
            check_name="no_row_is_in_doubt",
            passed=doubtful == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"ambiguous": doubtful},
        ),
        dg.AssetCheckResult(
            asset_key=key,
            check_name="few_rows_are_rejected",
            passed=ratio < REJECTED_RATIO_MAX,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"rejected": rejected, "ratio": ratio, "bar": REJECTED_RATIO_MAX},
        ),
    ]


def _check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    texts = {
        "every_row_is_decided": "Each row of the plan has a receipt.",
        "no_row_is_in_doubt": "The destination told of each row what became of it.",
        "few_rows_are_rejected": f"Rejected rows are under {REJECTED_RATIO_MAX:.0%}.",
    }
    return [
        dg.AssetCheckSpec(name, asset=key, description=text) for name, text in texts.items()
    ]


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
        "held back": seal.held_back_count,
        **_match_forecast(seal.seal_json),
        "approve": f"tributary approve {seal.plan_hash[:12]}",
    }


def _match_forecast(seal_json: str) -> dict[str, str]:
    """What the vendor can match at most, where the seal counts the identifiers."""
    coverage = json.loads(seal_json).get("coverage") or {}
    rows = coverage.get("rows")
    if not rows:
        return {}
    matchable = rows - coverage["with_none"]
    return {
        "match forecast": f"at most {matchable / rows:.1%}: {matchable:,} of {rows:,} rows carry "
        "an identifier; the vendor's own rate is lower or equal"
    }


def _delivery_metadata(sent: PlanDelivery) -> dict[str, str | int]:
    return {
        "plan": sent.plan_hash,
        "state": sent.state,
        "planned": sum(sent.verdict_counts.values()) + sent.pending_count,
        "accepted": sent.count("accepted", "accepted_unverified"),
        "accepted unverified": sent.count("accepted_unverified"),
        "rejected": sent.count("rejected"),
        "ambiguous": sent.count("ambiguous"),
        "superseded": sent.count("superseded"),
        "waiting": sent.pending_count,
    }
