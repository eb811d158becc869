"""What each command answers: the same facts as JSON and as tables.

What lives here: one function per kind of report.
What never does: work, files, a row's value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rich.table import Table

from orchestration.activation.connected import Skipped
from orchestration.activation.deliver import DeliveryReport, PlanDelivery
from orchestration.console import table
from orchestration.landing import LandingReport
from orchestration.ledger import SealedPlan, deadlines
from orchestration.margin.findings import FindingCount
from orchestration.project import BuildResult
from orchestration.publish import PublishReport
from orchestration.rights.requests import Requests
from orchestration.run import RunReport, Status, Step

ACCEPTED = ("accepted", "accepted_unverified")


@dataclass(frozen=True)
class Answer:
    """``value`` for scripts, ``lines`` (text or tables) for people."""

    value: Mapping[str, Any]
    lines: tuple[str | Table, ...]


def landing(reports: Sequence[LandingReport]) -> Answer:
    """Rows per table; tables without news are left out of the table, not of the JSON."""
    tables = [one for report in reports for one in report.tables]
    landed = sum(report.landed for report in reports)
    quarantined = sum(report.quarantined for report in reports)
    rows = [
        (one.source_table, one.read, one.landed, one.updated, one.quarantined)
        for one in tables
        if one.read
    ]
    reasons = [
        f"{one.source_table}: {count:,} rows in quarantine, {reason}"
        for one in tables
        for reason, count in one.reasons.items()
    ]
    return Answer(
        {
            "landed": landed,
            "quarantined": quarantined,
            "reports": [report.as_json() for report in reports],
        },
        (
            table("Landed", ("table", "read", "new", "changed", "quarantined"), rows),
            *reasons,
            f"{landed:,} rows landed, {quarantined:,} in quarantine (raw_landing.quarantine).",
        ),
    )


def build(result: BuildResult) -> Answer:
    """Counts per kind of node, seconds per layer, and every failure."""
    counts = [
        (kind, status, count)
        for kind, statuses in result.counts.items()
        for status, count in statuses.items()
    ]
    return Answer(
        {
            "succeeded": result.succeeded,
            "seconds": result.seconds,
            "counts": result.counts,
            "seconds_by_layer": result.seconds_by_layer,
            "failures": [
                {"node": node.name, "layer": node.layer, "message": node.message}
                for node in result.failures
            ],
        },
        (
            table(f"Built in {result.seconds:.1f} s", ("node", "status", "count"), counts),
            table(
                "Work per layer",
                ("layer", "seconds"),
                [(layer, float(s)) for layer, s in result.seconds_by_layer.items()],
            ),
        ),
    )


def publication(report: PublishReport) -> Answer:
    """Which snapshot is current, and what the ledger learned from it."""
    how = "Published" if report.is_new else "Already published"
    return Answer(
        {
            "build_id": report.build_id,
            "is_new": report.is_new,
            "table_rows": dict(report.table_rows),
            "new_customer_ids": report.new_customer_id_count,
            "new_anchors": report.new_anchor_count,
            "new_merges_and_splits": report.new_change_count,
            "new_suppressions": report.new_suppression_count,
        },
        (
            f"{how}: build {report.build_id}, {len(report.table_rows)} tables; "
            f"{report.new_customer_id_count:,} new customer ids with "
            f"{report.new_anchor_count:,} new anchors, "
            f"{report.new_change_count:,} new merges and splits and "
            f"{report.new_suppression_count:,} new suppressions went to the ledger.",
        ),
    )


def plans(seals: Sequence[SealedPlan]) -> Answer:
    """Every plan with its counts, and the command that approves it."""
    waiting = [seal for seal in seals if seal.state == "open"]
    halted = [seal for seal in seals if seal.state == "halted"]
    rows = [
        (
            seal.plan_hash[:12],
            seal.destination,
            seal.object,
            seal.state.replace("_", " "),
            seal.add_count,
            seal.update_count,
            seal.remove_count,
            seal.reason or "",
        )
        for seal in seals
    ]
    columns = ("plan", "destination", "object", "state", "add", "update", "remove", "reason")
    hints = [f"Approve with: tributary approve {seal.plan_hash[:12]}" for seal in waiting]
    hints += [
        f"Halted; after a look: tributary approve {seal.plan_hash[:12]} --reason '…'"
        for seal in halted
    ]
    value = {"plans": [_plan(seal) for seal in seals]}
    return Answer(value, (table("Plans", columns, rows), *hints))


def planning(seals: Sequence[SealedPlan], skips: Sequence[Skipped]) -> Answer:
    """The plans just made, and what was not planned."""
    made, left_out = plans(seals), skipped(skips)
    return Answer({**made.value, **left_out.value}, (*made.lines, *left_out.lines))


def skipped(deliveries: Sequence[Skipped]) -> Answer:
    """Deliveries that are declared and not connected, one line per destination and reason."""
    objects: dict[tuple[str, str], list[str]] = {}
    for one in deliveries:
        objects.setdefault((one.destination, one.reason), []).append(one.object)
    return Answer(
        {
            "skipped": [
                {"destination": one.destination, "object": one.object, "reason": one.reason}
                for one in deliveries
            ]
        },
        tuple(
            f"Skipped: {', '.join(names)} at {destination}; {reason}."
            for (destination, reason), names in objects.items()
        ),
    )


def delivery(report: DeliveryReport | None) -> Answer:
    """Receipts per plan."""
    deliveries = () if report is None else report.deliveries
    opt_outs = () if report is None else report.opt_outs
    told = tuple(
        f"{sent.destination}: opt-outs of {sent.object_count} objects, {sent.pending_count} wait"
        + (f" ({sent.reason})" if sent.reason else "")
        for sent in opt_outs
    )
    if not deliveries:
        return Answer(
            {"deliveries": [], "opt_outs": [asdict(sent) for sent in opt_outs]},
            told or ("Nothing was sent.",),
        )
    rows = [
        (
            sent.destination,
            sent.object,
            sent.state,
            sent.count(*ACCEPTED),
            sent.count("rejected"),
            sent.count("ambiguous"),
            sent.count("superseded"),
            sent.pending_count,
            sent.reason or _refusals(sent),
        )
        for sent in deliveries
    ]
    columns = (
        "destination", "object", "state", "accepted", "rejected", "ambiguous", "superseded",
        "waiting", "reason",
    )  # fmt: skip
    return Answer(
        {
            "deliveries": [_delivery(sent) for sent in deliveries],
            "opt_outs": [asdict(sent) for sent in opt_outs],
        },
        (*told, table("Delivered", columns, rows)),
    )


def _refusals(sent: PlanDelivery) -> str:
    """Why rows were not taken: the two most frequent reasons, with their counts."""
    told = [f"{reason}: {number:,}" for reason, number in sent.refusal_counts.items()]
    return "; ".join(told[:2])


def run(report: RunReport) -> Answer:
    """The whole day."""
    parts = {"landing": landing(report.landing)}
    if report.build is not None:
        parts["build"] = build(report.build)
    if report.publication is not None:
        parts["publication"] = publication(report.publication)
        parts["findings"] = findings(report.findings)
    parts["plans"] = plans([plan.seal for plan in report.plans])
    parts["delivery"] = delivery(report.delivery)
    left_out = skipped(report.skipped)
    lines = [line for part in parts.values() for line in part.lines] + list(left_out.lines)
    return Answer(
        {
            "exit_code": int(report.exit_code),
            "steps": {step.name: step.seconds for step in report.steps},
            "waiting": list(report.waiting),
            **left_out.value,
            **{name: part.value for name, part in parts.items()},
        },
        (*lines, steps(report.steps)),
    )


def privacy(now: Requests, today: date) -> Answer:
    """Open requests with what is due when, tasks for a person, opt-outs that wait."""
    requests = [
        (
            one.sequence, one.kind, one.source, one.received_at.date(), one.confirm_by or "",
            one.answer_by, "overdue" if one.is_overdue(today) else "",
        )
        for one in now.requests
    ]  # fmt: skip
    tasks = [(sequence, step.name) for sequence, step in now.tasks]
    opt_outs = now.opt_outs
    late = opt_outs is not None and opt_outs.is_overdue(today)
    lines: list[str | Table] = []
    if requests:
        names = ("request", "kind", "source", "received", "confirm by", "answer by", "late")
        lines.append(table("Open requests of people", names, requests))
    if tasks:
        lines.append(table("Tasks that no call can do", ("request", "step"), tasks))
    if opt_outs is not None:
        said = "overdue since" if late else "due by"
        lines.append(f"{opt_outs.count:,} opt-outs wait for a vendor, {said} {opt_outs.due_by}.")
    return Answer(
        {
            "requests": [deadlines.as_json(one, today) for one in now.requests],
            "tasks": [{"request": sequence, "step": name} for sequence, name in tasks],
            "opt_outs": None
            if opt_outs is None
            else {"count": opt_outs.count, "due_by": opt_outs.due_by, "is_overdue": late},
        },
        tuple(lines),
    )


def status(now: Status, today: date) -> Answer:
    """The current snapshot, unfinished plans, and how many rows stand at each destination."""
    standing = [(*names, count) for names, count in sorted(now.delivered.items())]
    unfinished, odd, left_out = plans(now.plans), findings(now.findings), skipped(now.skipped)
    asked = privacy(now.requests, today)
    return Answer(
        {
            "build_id": now.build_id,
            **odd.value,
            **unfinished.value,
            **left_out.value,
            "privacy": asked.value,
            "delivered": [
                {"destination": destination, "object": name, "rows": rows}
                for destination, name, rows in standing
            ],
        },
        (
            f"Published build: {now.build_id or 'none yet'}",
            *odd.lines,
            *unfinished.lines,
            *left_out.lines,
            *asked.lines,
            table("Standing at the destinations", ("destination", "object", "rows"), standing),
        ),
    )


def findings(counts: Sequence[FindingCount]) -> Answer:
    """Input that can hardly be right, per kind; it counts as it came."""
    rows = [
        (one.finding, one.count, "" if one.amount is None else f"{one.amount:,.2f}", one.reason)
        for one in counts
    ]
    columns = ("finding", "count", "amount at stake", "for example")
    return Answer(
        {
            "findings": [
                {
                    "finding": one.finding,
                    "count": one.count,
                    "amount": None if one.amount is None else str(one.amount),
                }
                for one in counts
            ]
        },
        (
            table("Findings (margin.margin_findings)", columns, rows)
            if rows
            else "No findings: all input is as it should be.",
        ),
    )


def steps(done: Sequence[Step]) -> Table:
    """Seconds per step and in all."""
    rows = [(step.name, float(step.seconds)) for step in done]
    rows.append(("in all", float(sum(step.seconds for step in done))))
    return table("Seconds", ("step", "seconds"), rows)


def _plan(seal: SealedPlan) -> dict[str, Any]:
    return {
        "plan_hash": seal.plan_hash,
        "destination": seal.destination,
        "object": seal.object,
        "model": seal.model,
        "state": seal.state,
        "reason": seal.reason,
        "desired": seal.desired_count,
        "delivered": seal.delivered_count,
        "add": seal.add_count,
        "update": seal.update_count,
        "remove": seal.remove_count,
    }


def _delivery(sent: PlanDelivery) -> dict[str, Any]:
    return {
        "plan_hash": sent.plan_hash,
        "destination": sent.destination,
        "object": sent.object,
        "state": sent.state,
        "reason": sent.reason,
        "accepted": sent.count(*ACCEPTED),
        "rejected": sent.count("rejected"),
        "ambiguous": sent.count("ambiguous"),
        "superseded": sent.count("superseded"),
        "waiting": sent.pending_count,
        "refusals": dict(sent.refusal_counts),
    }
