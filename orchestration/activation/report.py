"""A plan or dry run as people and scripts read it: counts, cost, reach, reasons, masked samples.

What lives here: the two forms of the same facts, JSON and tables.
What never does: a value or key in clear; computing; the warehouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from orchestration.activation.facts import Facts
from orchestration.activation.forecast import Cost
from orchestration.activation.preview import DryRun, Plan, Sample
from orchestration.console import table

FORECAST = (
    "A forecast, not a measurement: the vendor's own match rate is at most this, and known only "
    "after sending."
)


@dataclass(frozen=True)
class View:
    """Everything that is shown of one plan. ``plan_hash`` is None in a dry run, ``facts`` None in
    a plan of an older version, ``cost`` None where no plug-in knows the object."""

    plan_hash: str | None
    destination: str
    object: str
    kind: str
    state: str
    reason: str | None
    facts: Facts | None
    samples: Sequence[Sample]
    cost: Cost | None


def view_of_plan(plan: Plan, cost: Cost | None) -> View:
    """A sealed plan, whatever became of it."""
    seal = plan.seal
    return View(
        plan_hash=seal.plan_hash,
        destination=seal.destination,
        object=seal.object,
        kind=seal.kind,
        state=seal.state,
        reason=seal.reason,
        facts=plan.facts,
        samples=plan.samples,
        cost=cost,
    )


def view_of_dry_run(run: DryRun, cost: Cost | None) -> View:
    """A plan that was not sealed."""
    judgement = run.facts.judgement
    return View(
        plan_hash=None,
        destination=run.destination,
        object=run.object,
        kind=run.kind,
        state=judgement.state,
        reason=judgement.reason,
        facts=run.facts,
        samples=run.samples,
        cost=cost,
    )


def as_json(view: View) -> dict[str, Any]:
    """One plan for scripts and for Dagster."""
    facts = view.facts
    return {
        "plan_hash": view.plan_hash,
        "is_dry_run": view.plan_hash is None,
        "destination": view.destination,
        "object": view.object,
        "state": view.state,
        "reason": view.reason,
        "counts": None if facts is None else asdict(facts.counts),
        "guards": [] if facts is None else list(facts.judgement.guards),
        "approvers_needed": None if facts is None else facts.approvers_needed,
        "cost": None if view.cost is None else asdict(view.cost),
        "active_records": None if facts is None else _active_records(view, facts),
        "match_forecast": None if facts is None else facts.coverage.as_json(),
        "added_because": {} if facts is None else dict(facts.reasons),
        "samples": [asdict(sample) for sample in view.samples],
    }


def as_lines(view: View) -> list[str | Table]:
    """One plan for people."""
    name = "Dry run" if view.plan_hash is None else f"Plan {view.plan_hash[:12]}"
    lines: list[str | Table] = [
        table(f"{name}: {view.object} at {view.destination}", ("what", "figure"), _figures(view))
    ]
    if view.facts is not None:
        coverage = view.facts.coverage
        shares = {"matchable at most": coverage.matchable, **coverage.shares}
        rows = [(name.replace("_", " "), str(share)) for name, share in shares.items()]
        lines += [table("Match forecast", ("rows that should stand there", "share"), rows)]
        lines += [FORECAST] if coverage.rows else []
        lines += [table("Added because", ("reason", "people"), view.facts.reasons.items())]
    samples = [
        (one.operation, one.key_digest, one.reason or "", ", ".join(one.filled_fields))
        for one in view.samples
    ]
    lines.append(table("Samples, masked", ("row", "key, hashed", "because", "filled"), samples))
    return lines


def _figures(view: View) -> list[tuple[str, object]]:
    figures: list[tuple[str, object]] = [("state", view.state.replace("_", " "))]
    if view.reason:
        figures.append(("reason", view.reason))
    if view.facts is not None:
        figures += _counts(view, view.facts)
    if view.cost is not None:
        figures += _cost(view.cost)
    return figures


def _counts(view: View, facts: Facts) -> list[tuple[str, object]]:
    counts = facts.counts
    figures: list[tuple[str, object]] = [
        ("add", counts.added),
        ("update", counts.updated),
        ("remove", counts.removed),
        ("of these because they opted out", counts.removed_by_choice),
        ("held back, rejected before", counts.held_back),
        ("people who must sign", facts.approvers_needed),
    ]
    active = _active_records(view, facts)
    if active is not None:
        text = f"{active['before']:,} to {active['after']:,} ({active['change']:+,})"
        figures.append(("active records of ours there, no price is known", text))
    return figures


def _cost(cost: Cost) -> list[tuple[str, object]]:
    figures: list[tuple[str, object]] = [
        ("rows", cost.rows),
        ("requests, at least", cost.requests),
    ]
    figures.append(
        ("minutes at the vendor's rate, at least", cost.minutes)
        if cost.minutes is not None
        else ("minutes", "the vendor names no rate")
    )
    if cost.days is not None:
        figures.append(("share of a day's quota of requests", f"{cost.days:.2%}"))
    return figures


def _active_records(view: View, facts: Facts) -> dict[str, int] | None:
    """Vendors bill by records: how many of ours stand there before and after. Events are none."""
    if view.kind == "event":
        return None
    counts = facts.counts
    change = counts.added - counts.removed
    return {
        "before": counts.delivered, "after": counts.delivered + change, "change": change,
    }  # fmt: skip
