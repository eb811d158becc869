"""What a picture shows: which records, which links, which way, what was stopped.

What lives here: choosing and counting, at most ``MOST_DRAWN`` records; texts already masked.
What never does: coordinates (layout.py), SVG (drawing.py), an unmasked identifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestration.identity.evidence import Apart, Component, Explanation, Together
from orchestration.identity.paths import Step
from orchestration.identity.records import Edge, Identifier, kind_of, row_id_of, verdict_words
from orchestration.identity.report import day
from orchestration.identity.resolve import Resolved

MOST_DRAWN = 60
NO_CUSTOMER = "no customer"


@dataclass(frozen=True)
class Node:
    key: str
    kind: str
    number: str
    date: str
    is_named: bool


@dataclass(frozen=True)
class Group:
    """A customer: its records that are drawn, and how many are not."""

    title: str
    nodes: tuple[Node, ...]
    rest: str


@dataclass(frozen=True)
class Link:
    """All links between two records in one line, drawn as the strongest of them."""

    left: str
    right: str
    strength: str
    marks: tuple[int, ...]
    is_on_path: bool
    between: int = 0
    """Sightings of the same identifier in between that are not drawn."""


@dataclass(frozen=True)
class Crossed:
    """What a guard stopped between two records."""

    left: str
    right: str
    mark: str


@dataclass(frozen=True)
class Scene:
    title: str
    groups: tuple[Group, ...]
    links: tuple[Link, ...]
    crossed: tuple[Crossed, ...]
    path: tuple[str, ...]
    stopped: tuple[str, ...]
    common: tuple[str, ...]
    key: tuple[str, ...]


def scene_of(explanation: Explanation) -> Scene:
    """The picture of an explanation."""
    component = explanation.component
    steps = (explanation.steps or ()) if isinstance(explanation, Together) else ()
    marked = _marked(explanation) if isinstance(explanation, Apart) else []
    named = _named(explanation, steps)
    must = [
        *named,
        *(node for step in steps for node in step.nodes),
        *(node for left, right, _ in marked for node in (left, right)),
    ]
    if len(set(must)) > MOST_DRAWN:
        must = [*named, *(node for one in steps for node in (one.left_node, one.right_node))]
    drawn = _chosen(component, must)
    edges = [*component.edges, *_bridges(component, steps, drawn)]
    marks = _marks(edges, drawn)
    return Scene(
        title=_title(explanation),
        groups=_groups(component, drawn, named, must),
        links=_links(edges, drawn, marks, steps),
        crossed=tuple(
            Crossed(left, right, _letter(at)) for at, (left, right, _) in enumerate(marked)
        ),
        path=tuple(_step_text(at, step) for at, step in enumerate(steps, start=1)),
        stopped=tuple(f"{_letter(at)}  {text}" for at, (_, _, text) in enumerate(marked)),
        common=_common(explanation) if isinstance(explanation, Apart) else (),
        key=tuple(f"{number}  {text}" for text, number in _key(marks)),
    )


def _named(explanation: Explanation, steps: Sequence[Step]) -> list[str]:
    """The records that the picture is about: the ends of the way, else the first of each name."""
    if steps:
        return [steps[0].left_node, steps[-1].right_node]
    return [name.starts[0] for name in _names(explanation)]


def _common(found: Apart) -> tuple[str, ...]:
    if not found.shared:
        return ("No identifier.",)
    return tuple(
        f"{one.identifier.label()}: {verdict_words(one.verdict)}" for one in found.shared[:12]
    )


def _names(explanation: Explanation) -> list[Resolved]:
    if isinstance(explanation, Together | Apart):
        return [explanation.left, explanation.right]
    return [explanation.what]


def _title(explanation: Explanation) -> str:
    labels = [name.label() for name in _names(explanation)]
    if isinstance(explanation, Together):
        return f"Why {labels[0]} and {labels[1]} are one customer"
    if isinstance(explanation, Apart):
        return f"What keeps {labels[0]} and {labels[1]} apart"
    return f"What {labels[0]} is made of"


def _marked(found: Apart) -> list[tuple[str, str, str]]:
    """Pairs of records with the text of what keeps them apart, each text once."""
    known = set(found.component.first_seen)
    pairs: dict[str, tuple[str, str, str]] = {}
    shown = {one.identifier: one for one in found.shared}
    for stopped in found.stops:
        stop, shared = stopped.stop, None
        if stopped.identifier is not None:
            shared = shown.get(stopped.identifier)
        left, right = stop.left_node, stop.right_node
        if left not in known or right not in known:
            left = shared.left_nodes[0] if shared is not None else None
            right = shared.right_nodes[0] if shared is not None else None
        if left is None or right is None or left == right:
            continue
        label = stopped.identifier.label() if stopped.identifier is not None else stop.rule or ""
        text = f"{stop.guard.replace('_', ' ')}: {label}, {stop.reason}, {day(stop.stopped_at)}"
        pairs.setdefault(text, (left, right, text))
    return list(pairs.values())[:8]


def _chosen(component: Component, must: Sequence[str]) -> list[str]:
    """What the picture is about, and whole customers, the smallest first, while there is room."""
    drawn = list(dict.fromkeys(must))
    owned: dict[str, list[str]] = {}
    for node in component.first_seen:
        owned.setdefault(component.customer_of.get(node, NO_CUSTOMER), []).append(node)
    for nodes in sorted(owned.values(), key=len):
        with_them = list(dict.fromkeys([*drawn, *nodes]))
        if len(with_them) <= MOST_DRAWN:
            drawn = with_them
    return drawn


def _bridges(component: Component, steps: Iterable[Step], drawn: Sequence[str]) -> list[Edge]:
    """Steps of the way that no drawn edge stands for: of a browser, and over records left out."""
    visible, known = set(drawn), {edge.identifier for edge in component.edges}
    return [
        Edge(step.left_node, step.right_node, step.rule, step.identifier, step.strength,
             step.linked_at)
        for step in steps
        if not visible.issuperset(step.nodes)
        or step.identifier not in known
        or "browser" in (kind_of(step.left_node), kind_of(step.right_node))
    ]  # fmt: skip


Evidence = tuple[str, Identifier | None, str]


def _marks(edges: Iterable[Edge], drawn: Sequence[str]) -> dict[Evidence, int]:
    """A number for each piece of evidence that is drawn, the strongest first."""
    visible = set(drawn)
    found = {
        (edge.rule, edge.identifier, edge.strength)
        for edge in edges
        if edge.left_node in visible and edge.right_node in visible
    }
    ordered = sorted(found, key=lambda one: (one[2], one[0], one[1] or Identifier("", "", "")))
    return {one: number for number, one in enumerate(ordered, start=1)}


def _key(marks: dict[Evidence, int]) -> list[tuple[str, int]]:
    return [
        (f"{'link' if shown is None else shown.label()} ({rule}, {strength})", number)
        for (rule, shown, strength), number in marks.items()
    ]


def _links(
    edges: Iterable[Edge],
    drawn: Sequence[str],
    marks: dict[Evidence, int],
    steps: Iterable[Step],
) -> tuple[Link, ...]:
    visible = set(drawn)
    pairs: dict[tuple[str, str], list[Edge]] = {}
    between: dict[frozenset[str], int] = {}
    for step in steps:
        if visible.issuperset(step.nodes):
            between |= {frozenset(pair): 0 for pair in pairwise(step.nodes)}
        else:
            between[frozenset((step.left_node, step.right_node))] = len(step.through)
    for edge in edges:
        if edge.left_node in visible and edge.right_node in visible:
            left, right = sorted((edge.left_node, edge.right_node))
            pairs.setdefault((left, right), []).append(edge)
    return tuple(
        Link(
            left=left,
            right=right,
            strength=min(edge.strength for edge in group),
            marks=tuple(sorted({marks[e.rule, e.identifier, e.strength] for e in group})),
            is_on_path=frozenset((left, right)) in between,
            between=between.get(frozenset((left, right)), 0),
        )
        for (left, right), group in sorted(pairs.items())
    )


def _groups(
    component: Component, drawn: Sequence[str], named: Sequence[str], must: Sequence[str]
) -> tuple[Group, ...]:
    owners: dict[str, list[str]] = {}
    hidden: dict[str, Counter[str]] = {}
    for node in dict.fromkeys([*must, *component.first_seen]):
        owner = component.customer_of.get(node, NO_CUSTOMER)
        if node in drawn:
            owners.setdefault(owner, []).append(node)
        else:
            hidden.setdefault(owner, Counter())[kind_of(node)] += 1
    return tuple(
        Group(
            title=owner,
            nodes=tuple(_node(component, node, node in named) for node in sorted(nodes)),
            rest=_rest(hidden.get(owner, Counter())),
        )
        for owner, nodes in owners.items()
    )


def _node(component: Component, key: str, is_named: bool) -> Node:
    number = row_id_of(key)
    return Node(
        key=key,
        kind=kind_of(key),
        number=number if len(number) <= 8 else f"…{number[-6:]}",
        date=day(component.first_seen.get(key)),
        is_named=is_named,
    )


def _rest(counts: Counter[str]) -> str:
    parts = [f"{count:,} × {kind}" for kind, count in sorted(counts.items())]
    return f"not drawn: {', '.join(parts)}" if parts else ""


def _step_text(at: int, step: Step) -> str:
    shown = "by hand or score" if step.identifier is None else step.identifier.label()
    between = f", {len(step.through)} between" if step.through else ""
    return (
        f"{at}. {kind_of(step.left_node)} to {kind_of(step.right_node)}: {shown} "
        f"({step.rule}, {step.strength}, {day(step.linked_at)}{between})"
    )


def _letter(at: int) -> str:
    return "ABCDEFGH"[at]
