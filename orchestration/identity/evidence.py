"""An explanation as values: what was found about one name, or between two.

What lives here: frozen values, nothing more.
What never does: gathering them (explain.py), showing them (report.py, document.py, scene.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestration.identity.paths import Step
from orchestration.identity.records import (
    Device,
    Edge,
    Identifier,
    Instruction,
    OldId,
    Review,
    Sighting,
    Stop,
)
from orchestration.identity.resolve import Resolved


@dataclass(frozen=True)
class Component:
    """All records of the customers concerned, and the links among them."""

    first_seen: Mapping[str, datetime | None]
    customer_of: Mapping[str, str]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Stopped:
    """What a guard stopped, with the identifier where one of the records concerned shows it."""

    stop: Stop
    identifier: Identifier | None


@dataclass(frozen=True)
class Summary:
    """What is known of one name."""

    what: Resolved
    component: Component
    sightings: tuple[Sighting, ...]
    devices: tuple[Device, ...]
    history: tuple[OldId, ...]
    stops: tuple[Stopped, ...]
    instructions: tuple[Instruction, ...]
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class Together:
    """Two names of one customer; ``steps`` is None where the build knows no link between them."""

    left: Resolved
    right: Resolved
    customer_id: str | None
    component: Component
    steps: tuple[Step, ...] | None


@dataclass(frozen=True)
class Shared:
    """An identifier that records of both sides show, with what it may do and why."""

    identifier: Identifier
    verdict: str
    reason: str | None
    left_nodes: tuple[str, ...]
    right_nodes: tuple[str, ...]


@dataclass(frozen=True)
class Apart:
    """Two names of different customers, or of none."""

    left: Resolved
    right: Resolved
    component: Component
    stops: tuple[Stopped, ...]
    shared: tuple[Shared, ...]
    instructions: tuple[Instruction, ...]
    reviews: tuple[Review, ...]
    near: tuple[Identifier, Identifier] | None


Explanation = Summary | Together | Apart
