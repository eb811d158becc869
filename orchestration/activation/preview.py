"""A plan as people see it: counts, reasons and masked samples.

What lives here: ``Plan`` and its loading.
What never does: a value or key in clear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.activation import plan_file
from orchestration.activation.facts import Facts, facts_of
from orchestration.ledger import SealedPlan
from orchestration.settings import Settings

_SAMPLED_ROWS = 3


@dataclass(frozen=True)
class Sample:
    """One row of a plan as people may see it: never a value, only which fields are filled, and
    what put an added person into the audience."""

    operation: str
    key_digest: str
    filled_fields: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True)
class Plan:
    """A sealed plan and where its rows are."""

    seal: SealedPlan
    file: Path
    samples: tuple[Sample, ...]

    @property
    def facts(self) -> Facts | None:
        """What it is approved by; None in a plan of an older version."""
        return facts_of(self.seal.seal_json, state=self.state, reason=self.reason)

    @property
    def plan_hash(self) -> str:
        return self.seal.plan_hash

    @property
    def state(self) -> str:
        return self.seal.state

    @property
    def reason(self) -> str | None:
        return self.seal.reason


@dataclass(frozen=True)
class DryRun:
    """What a plan would hold; nothing of it is kept."""

    destination: str
    object: str
    kind: str
    facts: Facts
    samples: tuple[Sample, ...]


def load_plan(settings: Settings, sealed: SealedPlan) -> Plan:
    """The plan with its file and samples, as ``make_plans`` gave it."""
    file = plan_file.plan_path(settings, sealed.plan_hash)
    return Plan(sealed, file, _samples(file) if file.exists() else ())


class Samples:
    """The first few rows of each operation, as batches pass by."""

    def __init__(self) -> None:
        self._taken: dict[str, list[Sample]] = {}

    def look_at(self, batch: pa.RecordBatch) -> None:
        """Take what is still wanted of a batch; equal operations stand together in it."""
        operations = batch.column("operation")
        for operation in pc.unique(operations).to_pylist():
            some = self._taken.setdefault(operation, [])
            start = pc.index(operations, operation).as_py()
            for row in batch.slice(start, _SAMPLED_ROWS - len(some)).to_pylist():
                if row["operation"] == operation:
                    some.append(_sample(row))

    def taken(self) -> tuple[Sample, ...]:
        """All samples, operation by operation."""
        return tuple(sample for some in self._taken.values() for sample in some)


def _sample(row: Mapping[str, Any]) -> Sample:
    payload = json.loads(row["payload_json"] or "{}")
    filled = tuple(name for name, value in payload.items() if value is not None)
    return Sample(row["operation"], key_digest(row["key"]), filled, row.get("reason"))


def _samples(file: Path) -> tuple[Sample, ...]:
    samples = Samples()
    for batch in plan_file.batches(file):
        samples.look_at(batch)
    return samples.taken()


def key_digest(key: str) -> str:
    """A key as people and logs may see it: the first 12 digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
