"""What people do at the desk: look before they sign, sign, take back.

What lives here: dry runs and views with their cost, standing approvals, revoking, cancelling.
What never does: options and output (``commands``), sending.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from orchestration.activation import approval, standing
from orchestration.activation.forecast import Cost, cost
from orchestration.activation.plan import Border, Opener, dry_run
from orchestration.activation.preview import DryRun, Plan, load_plan
from orchestration.activation.report import View, view_of_dry_run, view_of_plan
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.registry import open_destination
from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.ledger import SealedPlan, open_ledger
from orchestration.ledger import standing as standing_approvals
from orchestration.ledger.standing import StandingApproval
from orchestration.settings import Settings

Clock = Callable[[], datetime]


def preview(
    settings: Settings,
    specs: Sequence[SyncSpec],
    *,
    now: Clock,
    border: Border | None = None,
    opener: Opener = open_destination,
) -> list[View]:
    """What a plan of each spec would hold now; nothing is sealed, landed or sent.

    Raises:
        PlanError, UnknownNameError: as ``make_plans``.
    """
    with open_ledger(settings, now=now) as ledger:
        runs = dry_run(settings, ledger, specs, now=now, border=border, opener=opener)
    return [view_of_dry_run(run, _cost_of_run(settings, run, opener)) for run in runs]


def show(
    settings: Settings, plan_hash: str, *, now: Clock, opener: Opener = open_destination
) -> View:
    """A sealed plan by its hash or beginning.

    Raises:
        UnknownNameError: no plan has that hash.
    """
    with open_ledger(settings, now=now) as ledger:
        plan = load_plan(settings, ledger.plan(plan_hash))
    return view_of_plan(plan, _cost_of_plan(settings, plan, opener))


def cancel(
    settings: Settings, plan_hash: str, *, actor: str | None, reason: str, now: Clock
) -> SealedPlan:
    """Take back a plan that was not started.

    Raises:
        ApprovalError: it is being sent, there is nothing to cancel, or no reason is given.
    """
    with open_ledger(settings, now=now) as ledger:
        return approval.cancel(
            ledger, plan_hash, actor=actor or getpass.getuser(), reason=reason, now=now
        )


def waiting_for_more(
    settings: Settings, plan_hashes: Sequence[str], *, now: Clock
) -> dict[str, str]:
    """Of plans that were just signed, those that wait for another person, and what they say."""
    with open_ledger(settings, now=now) as ledger:
        signed = [ledger.plan(plan_hash) for plan_hash in plan_hashes]
    return {
        one.plan_hash: str(one.reason) for one in signed if one.state in ("open", "halted")
    }


def sign_standing(
    settings: Settings,
    specs: Sequence[SyncSpec],
    destination: str,
    object_name: str,
    limits: standing.Limits,
    *,
    now: Clock,
) -> StandingApproval:
    """Sign the limits of one declared delivery with the approver's key.

    Raises:
        UnknownNameError: no model declares this delivery.
        ConfigurationError: no key is set.
        ApprovalError: see ``standing.sign_standing``.
    """
    declared = {(spec.destination, spec.object): spec for spec in specs}
    spec = declared.get((destination, object_name))
    if spec is None:
        known = [f"{theirs} {name}" for theirs, name in declared]
        raise UnknownNameError("delivery", f"{destination} {object_name}", known)
    with open_ledger(settings, now=now) as ledger:
        return standing.sign_standing(
            ledger, settings, spec, limits, approver_key=approver_key(settings), now=now
        )


def revoke(
    settings: Settings, signature: str, *, actor: str | None, reason: str, now: Clock
) -> StandingApproval:
    """Take a standing approval back. Stopping asks for no key.

    Raises:
        UnknownNameError: none has this signature.
    """
    with open_ledger(settings, now=now) as ledger, ledger.transaction() as connection:
        return standing_approvals.revoke(
            connection, signature, actor=actor or getpass.getuser(), reason=reason, at=now()
        )


def standing_now(settings: Settings, *, now: Clock) -> list[StandingApproval]:
    """Every standing approval, newest first."""
    with open_ledger(settings, now=now) as ledger, ledger.read() as connection:
        return standing_approvals.every(connection)


def approver_key(settings: Settings) -> Path:
    """The file of the key that this person signs with.

    Raises:
        ConfigurationError: no key is set.
    """
    if settings.approver_key_file is None:
        raise ConfigurationError(
            "No approver's key is set.",
            remedy="Make one with `tributary key FILE` and set TRIBUTARY_APPROVER_KEY_FILE.",
        )
    return settings.approver_key_file


def _cost_of_run(settings: Settings, run: DryRun, opener: Opener) -> Cost | None:
    counts = run.facts.counts
    return _cost(
        settings, opener, run.destination, run.object,
        counts.added + counts.updated, counts.removed, run.facts.payload_bytes,
    )  # fmt: skip


def _cost_of_plan(settings: Settings, plan: Plan, opener: Opener) -> Cost | None:
    seal = plan.seal
    payload_bytes = 0 if plan.facts is None else plan.facts.payload_bytes
    return _cost(
        settings, opener, seal.destination, seal.object,
        seal.add_count + seal.update_count, seal.remove_count, payload_bytes,
    )  # fmt: skip


def _cost(
    settings: Settings,
    opener: Opener,
    destination: str,
    object_name: str,
    upserts: int,
    removals: int,
    payload_bytes: int,
) -> Cost | None:
    try:
        plug_in = opener(destination, object_name, settings.destinations[destination])
    except (UnknownNameError, ConfigurationError, KeyError):
        # Sending will say what is wrong; a look needs no plug-in.
        return None
    return cost(plug_in.limits, upserts, removals, payload_bytes)
