"""An explanation as JSON, for scripts.

What lives here: the keys that scripts rely on; identifiers masked unless asked.
What never does: gathering (explain.py), tables for people (report.py).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestration.identity.evidence import Apart, Explanation, Shared, Stopped, Summary, Together
from orchestration.identity.paths import Step
from orchestration.identity.records import Identifier, Instruction
from orchestration.identity.resolve import Resolved
from orchestration.identity.tally import identifiers_shown, records_by_kind, rules_applied

Document = dict[str, Any]


def as_json(explanation: Explanation, *, reveal: bool = False) -> Document:
    """The explanation; ``verdict`` says which of the three kinds it is."""
    if isinstance(explanation, Together):
        return _together(explanation, reveal)
    if isinstance(explanation, Apart):
        return _apart(explanation, reveal)
    return _summary(explanation, reveal)


def _together(found: Together, reveal: bool) -> Document:
    steps = found.steps or ()
    return {
        "verdict": "one_customer" if found.customer_id else "one_record",
        "customer_id": found.customer_id,
        "left": _name(found.left, reveal),
        "right": _name(found.right, reveal),
        "weakest_strength": max((step.strength for step in steps), default=None),
        "steps": [_step(step, reveal) for step in steps],
    }


def _apart(found: Apart, reveal: bool) -> Document:
    are_customers = found.left.customers and found.right.customers
    return {
        "verdict": "different_customers" if are_customers else "no_customer",
        "left": _name(found.left, reveal),
        "right": _name(found.right, reveal),
        "stops": [_stop(stopped, reveal) for stopped in found.stops],
        "shared": [_shared(one, reveal) for one in found.shared],
        "instructions": [_instruction(one, reveal) for one in found.instructions],
        "reviews": [asdict(one) for one in found.reviews],
        "nearest_miss": [one.as_json(reveal=reveal) for one in found.near or ()],
    }


def _summary(found: Summary, reveal: bool) -> Document:
    return {
        "verdict": "summary",
        "what": _name(found.what, reveal),
        "records": [asdict(one) for one in records_by_kind(found)],
        "identifiers": [
            {**asdict(one), "identifier": one.identifier.as_json(reveal=reveal)}
            for one in identifiers_shown(found.sightings)
        ],
        "rules": [asdict(one) for one in rules_applied(found.component.edges)],
        "browsers": [asdict(one) for one in found.devices],
        "history": [asdict(one) for one in found.history],
        "stops": [_stop(stopped, reveal) for stopped in found.stops],
        "instructions": [_instruction(one, reveal) for one in found.instructions],
        "reviews": [asdict(one) for one in found.reviews],
    }


def _name(name: Resolved, reveal: bool) -> Document:
    return {
        "kind": name.kind,
        "label": name.label(reveal=reveal),
        "customers": list(name.customers),
        "records": list(name.records),
        "followed": [asdict(one) for one in name.followed],
    }


def _step(step: Step, reveal: bool) -> Document:
    return {**asdict(step), "identifier": _shown(step.identifier, reveal)}


def _stop(stopped: Stopped, reveal: bool) -> Document:
    return {**asdict(stopped.stop), "identifier": _shown(stopped.identifier, reveal)}


def _shared(shared: Shared, reveal: bool) -> Document:
    return {**asdict(shared), "identifier": _shown(shared.identifier, reveal)}


def _instruction(order: Instruction, reveal: bool) -> Document:
    return {**asdict(order), "identifier": _shown(order.identifier, reveal)}


def _shown(identifier: Identifier | None, reveal: bool) -> Document | None:
    return None if identifier is None else dict(identifier.as_json(reveal=reveal))
