"""One plan per object: which plan is kept, which gives way, and the seal itself.

What lives here: that decision, and storing rows and seal in an order that survives a crash.
What never does: the diff; approving.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from orchestration.activation import plan_file, standing
from orchestration.activation.errors import PlanError
from orchestration.activation.facts import Facts, approvers_needed
from orchestration.activation.optouts import put_out
from orchestration.activation.preview import Plan, load_plan
from orchestration.activation.refusals import unused_today
from orchestration.activation.spec import SyncSpec
from orchestration.ledger import Ledger, SealedPlan, delivered, seals
from orchestration.ledger.audit import canonical_json
from orchestration.settings import Settings


@dataclass(frozen=True)
class Diff:
    """What the planner computed: facts, the rows' file and its digest, and what it compared with:
    the delivered version and the object's last finished plan."""

    facts: Facts
    rows_digest: str
    rows_file: Path
    delivered_version: int
    previous_plan_hash: str | None


def temporary_path(settings: Settings, spec: SyncSpec) -> Path:
    """Where a plan's rows stand before they have a name; one per object, under the lock."""
    name = hashlib.sha256(f"{spec.destination}|{spec.object}".encode()).hexdigest()[:16]
    return settings.plans_dir / f".{name}.parquet"


def kept_plan(connection: Connection, spec: SyncSpec, at: datetime) -> SealedPlan | None:
    """The object's plan where a newer one must wait for it."""
    current = seals.current(connection, spec.destination, spec.object)
    if current is None or current.state in seals.UNAPPROVED:
        return None
    if current.state in seals.RUNNING:
        return current
    # What a standing approval let through has no person waiting for it: the newest plan is better.
    if current.standing_signature is not None:
        return None
    given = unused_today(seals.approvals(connection, current.plan_hash), at)
    people = {one.approver for one in given}
    return current if len(people) >= approvers_needed(current.seal_json) else None


def seal_plan(
    settings: Settings,
    ledger: Ledger,
    spec: SyncSpec,
    diff: Diff,
    opt_outs: Iterator[Sequence[Mapping[str, str | None]]],
    at: datetime,
) -> Plan:
    """Name the rows by the plan's hash and seal it, unless a plan that must be kept came between.

    Args:
        opt_outs: chunks of removals that the halted plan does not hold; they go to the outbox, the
            first chunk with the seal itself, every further one in a transaction of its own.

    Raises:
        PlanError: what is delivered changed since the diff.
    """
    sealed = _sealed(settings, spec, diff, at)
    file = plan_file.plan_path(settings, sealed.plan_hash)
    # File before row: a sealed plan always has its rows; an unsealed file harms nobody.
    plan_file.publish_file(diff.rows_file, file)
    with ledger.transaction() as connection:
        kept = kept_plan(connection, spec, at)
        version = delivered.version(connection, spec.destination, spec.object)
        if kept is None and version != diff.delivered_version:
            raise PlanError(
                f"What is delivered to {spec.object} changed while it was planned.",
                remedy="Run 'tributary plan' again.",
            )
        replaced = seals.current(connection, spec.destination, spec.object)
        stored = kept or seals.seal(connection, sealed, at)
        if kept is None:
            put_out(connection, stored, next(opt_outs, ()), at)
            stored = standing.approve_if_inside(connection, settings, stored, at)
    if kept is None:
        for rest in opt_outs:
            with ledger.transaction() as connection:
                put_out(connection, stored, rest, at)
    # Rows that nobody can approve any more are personal data without a use.
    for unused in {sealed.plan_hash, replaced.plan_hash if replaced else None}:
        if unused is not None and unused != stored.plan_hash:
            plan_file.plan_path(settings, unused).unlink(missing_ok=True)
    return load_plan(settings, stored)


def _sealed(settings: Settings, spec: SyncSpec, diff: Diff, at: datetime) -> SealedPlan:
    seal = plan_file.seal_of(
        spec,
        settings.destinations[spec.destination],
        rows_digest=diff.rows_digest,
        delivered_version=diff.delivered_version,
        previous_plan_hash=diff.previous_plan_hash,
        facts=diff.facts.as_seal(),
    )
    judgement, counts = diff.facts.judgement, diff.facts.counts
    return SealedPlan(
        plan_hash=plan_file.seal_hash(seal),
        destination=spec.destination,
        object=spec.object,
        model=f"{spec.schema}.{spec.model}",
        kind=spec.kind,
        purpose=spec.purpose,
        seal_json=canonical_json(seal),
        state=judgement.state,
        reason=judgement.reason,
        delivered_version=diff.delivered_version,
        desired_count=counts.desired,
        delivered_count=counts.delivered,
        add_count=counts.added,
        update_count=counts.updated,
        remove_count=counts.removed,
        held_back_count=counts.held_back,
        planned_at=at,
    )
