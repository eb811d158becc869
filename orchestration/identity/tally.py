"""Counts of what a customer is made of: records by kind, identifiers, rules.

What lives here: grouping of values that were read already.
What never does: the warehouse, text for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration.identity.evidence import Summary
from orchestration.identity.records import Edge, Identifier, Sighting, kind_of


@dataclass(frozen=True)
class RecordKind:
    kind: str
    record_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class ShownIdentifier:
    """An identifier with how many records show it and what it may do."""

    identifier: Identifier
    verdict: str
    reason: str | None
    record_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class AppliedRule:
    rule: str
    strength: str
    link_count: int
    first_linked_at: datetime | None
    last_linked_at: datetime | None


def records_by_kind(summary: Summary) -> list[RecordKind]:
    """Records per kind, the most numerous first."""
    groups: dict[str, list[datetime | None]] = {}
    for node, seen_at in summary.component.first_seen.items():
        groups.setdefault(kind_of(node), []).append(seen_at)
    counted = [RecordKind(kind, len(all_at), *_span(all_at)) for kind, all_at in groups.items()]
    return sorted(counted, key=lambda one: (-one.record_count, one.kind))


def identifiers_shown(sightings: Sequence[Sighting]) -> list[ShownIdentifier]:
    """Addresses and accounts; a record's own number that no other shows is left out."""
    groups: dict[Identifier, list[Sighting]] = {}
    for sighting in sightings:
        groups.setdefault(sighting.identifier, []).append(sighting)
    return [
        ShownIdentifier(
            identifier,
            group[0].verdict,
            group[0].reason,
            len(group),
            _span(one.first_seen_at for one in group)[0],
            _span(one.last_seen_at for one in group)[1],
        )
        for identifier, group in sorted(groups.items())
        if not identifier.scope or len(group) > 1
    ]


def rules_applied(edges: Iterable[Edge]) -> list[AppliedRule]:
    """Links per rule, the strongest rule first."""
    groups: dict[tuple[str, str], list[datetime | None]] = {}
    for edge in edges:
        groups.setdefault((edge.strength, edge.rule), []).append(edge.linked_at)
    return [
        AppliedRule(rule, strength, len(all_at), *_span(all_at))
        for (strength, rule), all_at in sorted(groups.items())
    ]


def _span(all_at: Iterable[datetime | None]) -> tuple[datetime | None, datetime | None]:
    known = [one for one in all_at if one is not None]
    return min(known, default=None), max(known, default=None)
