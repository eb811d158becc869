"""The strongest shortest chain of evidence between records of one customer.

What lives here: a search over links in which records that show one identifier stand side by side.
What never does: the warehouse; which links stand (models/identity).
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from orchestration.identity.records import STRENGTHS, Edge, Identifier

Cost = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """From one record to the next by one identifier; ``through`` shows it in between."""

    left_node: str
    right_node: str
    rule: str
    identifier: Identifier | None
    strength: str
    linked_at: datetime | None
    through: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        return (self.left_node, *self.through, self.right_node)


@dataclass
class _Evidence:
    """The links of one rule and identifier that hang together: whoever is in it is in it whole."""

    rule: str
    identifier: Identifier | None
    strength: str
    neighbours: dict[str, dict[str, Edge]] = field(default_factory=lambda: defaultdict(dict))

    def step(self, left: str, right: str) -> Step:
        """The chain of sightings between two of its records; the newest of them made the tie."""
        before: dict[str, str] = {}
        queue = deque([left])
        while right not in before:
            node = queue.popleft()
            for other in self.neighbours[node]:
                if other != left and other not in before:
                    before[other] = node
                    queue.append(other)
        chain = [right]
        while chain[-1] != left:
            chain.append(before[chain[-1]])
        chain.reverse()
        edges = [self.neighbours[a][b] for a, b in pairwise(chain)]
        dates = [edge.linked_at for edge in edges if edge.linked_at is not None]
        return Step(
            left_node=left,
            right_node=right,
            rule=self.rule,
            identifier=self.identifier,
            strength=self.strength,
            linked_at=max(dates, default=None),
            through=tuple(chain[1:-1]),
        )


def strongest_path(
    edges: Iterable[Edge], starts: Collection[str], ends: Collection[str]
) -> tuple[Step, ...] | None:
    """The steps from any start to any end; empty where one record is both, None where none leads.

    A path with fewer links of the weakest strength wins, then of the next, and so on: an S1 link
    beats any number of weaker ones. A chain of sightings of one identifier counts as one link.
    """
    evidence = _evidence(edges)
    of_node: Mapping[str, list[int]] = _by_node(evidence)
    targets, nothing = set(ends), (0,) * len(STRENGTHS)
    queue: list[tuple[Cost, str, str, int]] = [(nothing, node, "", -1) for node in sorted(starts)]
    heapq.heapify(queue)
    settled: dict[str, tuple[str, int]] = {}
    used: set[int] = set()
    while queue:
        cost, node, previous, by = heapq.heappop(queue)
        if node in settled:
            continue
        settled[node] = (previous, by)
        if node in targets:
            return _steps(evidence, settled, node)
        for number in of_node.get(node, ()):
            # The first record to reach a piece of evidence reaches all of it at the same price.
            if number in used:
                continue
            used.add(number)
            dearer = _with(cost, evidence[number].strength)
            for other in sorted(evidence[number].neighbours):
                if other not in settled:
                    heapq.heappush(queue, (dearer, other, node, number))
    return None


def _evidence(edges: Iterable[Edge]) -> list[_Evidence]:
    groups: dict[tuple[object, ...], list[Edge]] = defaultdict(list)
    for edge in edges:
        shown = edge.identifier or (edge.left_node, edge.right_node)
        groups[edge.rule, shown, edge.strength].append(edge)
    return [part for group in groups.values() for part in _parts(group)]


def _parts(edges: Sequence[Edge]) -> Iterable[_Evidence]:
    """An identifier that rested for too long hangs together in parts only."""
    first = edges[0]
    whole = _Evidence(first.rule, first.identifier, first.strength)
    for edge in edges:
        whole.neighbours[edge.left_node].setdefault(edge.right_node, edge)
        whole.neighbours[edge.right_node].setdefault(edge.left_node, edge)
    rest = dict(whole.neighbours)
    while rest:
        part = _Evidence(first.rule, first.identifier, first.strength)
        reached = [next(iter(rest))]
        while reached:
            node = reached.pop()
            if node in rest:
                part.neighbours[node] = rest.pop(node)
                reached.extend(part.neighbours[node])
        yield part


def _by_node(evidence: Sequence[_Evidence]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, part in enumerate(evidence):
        for node in part.neighbours:
            found[node].append(number)
    return found


def _with(cost: Cost, strength: str) -> Cost:
    """The cost with one more link; the weakest strength stands first, so it decides first."""
    weakness = STRENGTHS.index(strength) if strength in STRENGTHS else len(STRENGTHS) - 1
    place = len(STRENGTHS) - 1 - weakness
    return (*cost[:place], cost[place] + 1, *cost[place + 1 :])


def _steps(
    evidence: Sequence[_Evidence], settled: Mapping[str, tuple[str, int]], node: str
) -> tuple[Step, ...]:
    steps: list[Step] = []
    while settled[node][1] >= 0:
        previous, number = settled[node]
        steps.append(evidence[number].step(previous, node))
        node = previous
    return tuple(reversed(steps))
