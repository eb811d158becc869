"""A plan as people see it: counts, reasons and masked samples.

What lives here: ``Plan`` and its loading.
What never does: a value or key in clear.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from orchestration.activation import plan_file
from orchestration.ledger import SealedPlan
from orchestration.settings import Settings

_SAMPLED_ROWS = 3
_SCANNED_ROWS = 1_000


@dataclass(frozen=True)
class Sample:
    """One row of a plan as people may see it: never a value, only which fields are filled."""

    operation: str
    key_digest: str
    filled_fields: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A sealed plan and where its rows are."""

    seal: SealedPlan
    file: Path
    samples: tuple[Sample, ...]

    @property
    def plan_hash(self) -> str:
        return self.seal.plan_hash

    @property
    def state(self) -> str:
        return self.seal.state

    @property
    def reason(self) -> str | None:
        return self.seal.reason


def load_plan(settings: Settings, sealed: SealedPlan) -> Plan:
    """The plan with its file and samples, as ``make_plans`` gave it."""
    file = plan_file.plan_path(settings, sealed.plan_hash)
    return Plan(sealed, file, _samples(file) if file.exists() else ())


def _samples(file: Path) -> tuple[Sample, ...]:
    taken: dict[str, list[Sample]] = {}
    for rows in plan_file.read_rows(file, 0, _SCANNED_ROWS):
        for row in rows:
            some = taken.setdefault(row["operation"], [])
            if len(some) < _SAMPLED_ROWS:
                payload = json.loads(row["payload_json"] or "{}")
                filled = tuple(name for name, value in payload.items() if value is not None)
                some.append(Sample(row["operation"], key_digest(row["key"]), filled))
    return tuple(sample for some in taken.values() for sample in some)


def key_digest(key: str) -> str:
    """A key as people and logs may see it: the first 12 digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
