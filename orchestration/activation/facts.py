"""What people approve a plan by, as its seal holds it: the hash covers every figure of it.

What lives here: the facts of one plan, into the seal and out of it.
What never does: rows; computing any of the figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from orchestration.activation.forecast import Coverage
from orchestration.activation.guards import Judgement, PlanCounts


@dataclass(frozen=True)
class Facts:
    """``fields`` go to the vendor; ``reasons`` count additions by what put them in the audience;
    ``payload_bytes`` are those of additions and changes."""

    counts: PlanCounts
    judgement: Judgement
    fields: tuple[str, ...]
    coverage: Coverage
    approvers_needed: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    payload_bytes: int = 0

    def without_opt_outs(self) -> Facts:
        """The same, less the removals that a halted plan does not hold."""
        counts = self.counts
        removed = counts.removed - counts.removed_by_choice
        return replace(self, counts=replace(counts, removed=removed, removed_by_choice=0))

    def as_seal(self) -> dict[str, Any]:
        """Plain dicts, texts and whole numbers. Reasons with figures of the hour are left out: a
        plan must not change its hash because a source grew older."""
        return {
            "counts": asdict(self.counts),
            "guards": list(self.judgement.guards),
            "fields": list(self.fields),
            "coverage": asdict(self.coverage),
            "reasons": dict(self.reasons),
            "payload_bytes": self.payload_bytes,
            "approvers_needed": self.approvers_needed,
        }


def facts_of(seal_json: str, *, state: str, reason: str | None) -> Facts | None:
    """The facts that a seal holds; None in one of an older version."""
    seal = json.loads(seal_json)
    if "counts" not in seal:
        return None
    return Facts(
        counts=PlanCounts(**seal["counts"]),
        judgement=Judgement(state, reason, tuple(seal["guards"])),
        fields=tuple(seal["fields"]),
        coverage=Coverage(**seal["coverage"]),
        approvers_needed=int(seal["approvers_needed"]),
        reasons=seal["reasons"],
        payload_bytes=int(seal["payload_bytes"]),
    )


def guards_of(seal_json: str) -> tuple[str, ...]:
    """The guards that halted the plan, as its hash has it."""
    return tuple(json.loads(seal_json).get("guards", ()))


def approvers_needed(seal_json: str) -> int:
    """How many different people must sign, as the hash has it."""
    return int(json.loads(seal_json).get("approvers_needed", 1))
