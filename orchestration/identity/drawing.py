"""A scene as SVG: one file, no script, no font of its own, readable on light and dark pages.

What lives here: shapes, colours, texts and where they go.
What never does: a choice of what is shown (scene.py), a raw identifier.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product
from math import hypot

from orchestration.identity.layout import BOX, Place, flipped, place_nodes
from orchestration.identity.panel import PANEL_WIDTH, panel
from orchestration.identity.scene import Crossed, Group, Link, Node, Scene
from orchestration.identity.shapes import PAPER, SOFT, STOP, WAY, halo, line, shape, text_at

MARGIN, GAP, TOP = 28.0, 72.0, 64.0
TITLE_SIZE, LETTER = 20.0, 0.6
"""Size of the title's letters, and how wide one is in the widest of the usual fonts."""
HEAD = 40.0
"""Room for a customer's name above its records."""
_ROW_WIDTH = 1500.0


@dataclass(frozen=True)
class _Frame:
    """A customer's rectangle."""

    group: Group
    x: float
    y: float
    width: float
    height: float


def draw(scene: Scene) -> str:
    """The SVG text of a scene."""
    places = _placed_groups(scene)
    frames, at = _arranged(scene.groups, places)
    right = max((frame.x + frame.width for frame in frames), default=0.0)
    bottom = max((frame.y + frame.height for frame in frames), default=0.0)
    texts, texts_bottom = panel(scene, right + MARGIN, TOP + 14)
    width = max(right + MARGIN + PANEL_WIDTH, 2 * MARGIN + LETTER * TITLE_SIZE * len(scene.title))
    height = max(bottom, texts_bottom) + MARGIN
    above = {node for node in at if _pull(node, scene, at) > 0}
    taken = _taken(at, above)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img"'
        ' font-family="system-ui, Helvetica, Arial, sans-serif">',
        f"<title>{escape(scene.title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="12" fill="{PAPER}"'
        f' stroke="#c9ced6"/>',
        text_at(MARGIN, 38, scene.title, size=TITLE_SIZE, weight=600),
        *(_frame(frame) for frame in frames),
        *(halo(at[link.left], at[link.right]) for link in scene.links if link.is_on_path),
        *(line(at[link.left], at[link.right], link.strength) for link in scene.links),
        *(_crossed(one, at) for one in scene.crossed),
        *(
            _node(node, at[node.key], is_label_above=node.key in above)
            for group in scene.groups
            for node in group.nodes
        ),
        *(_badge(link, _freest(at[link.left], at[link.right], taken)) for link in scene.links),
        *(_cross_mark(one, _freest(at[one.left], at[one.right], taken)) for one in scene.crossed),
        *texts,
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _placed_groups(scene: Scene) -> list[dict[str, Place]]:
    links = [(link.left, link.right) for link in scene.links]
    made = [place_nodes([node.key for node in group.nodes], links) for group in scene.groups]
    if len(made) != 2 or not scene.crossed:
        return made
    # Two customers face each other where they were kept apart.
    turns = list(product((False, True), repeat=2))
    return min(
        ([flipped(made[0], *a), flipped(made[1], *b)] for a, b in product(turns, turns)),
        key=lambda both: _reach(scene, both),
    )


def _reach(scene: Scene, both: Sequence[Mapping[str, Place]]) -> float:
    offset = max((x for x, _ in both[0].values()), default=0.0) + BOX[0]
    at = {**both[0], **{node: (x + offset, y) for node, (x, y) in both[1].items()}}
    return sum(
        hypot(at[one.left][0] - at[one.right][0], at[one.left][1] - at[one.right][1])
        for one in scene.crossed
    )


def _arranged(
    groups: Sequence[Group], places: Sequence[Mapping[str, Place]]
) -> tuple[list[_Frame], dict[str, Place]]:
    """Frames side by side, in rows, and every record's place on the page."""
    frames: list[_Frame] = []
    at: dict[str, Place] = {}
    x, y, row_height = MARGIN, TOP, 0.0
    for group, own in zip(groups, places, strict=True):
        least = 8.0 * max(len(group.title), len(group.rest)) + 2 * MARGIN
        inner = max((px for px, _ in own.values()), default=0.0) + BOX[0]
        width = max(inner + MARGIN, least)
        height = max((py for _, py in own.values()), default=0.0) + BOX[1] + HEAD + MARGIN
        if frames and x + width > _ROW_WIDTH:
            x, y, row_height = MARGIN, y + row_height + GAP, 0.0
        frames.append(_Frame(group, x, y, width, height))
        left = x + (width - inner) / 2 + BOX[0] / 2
        at |= {n: (left + px, y + HEAD + BOX[1] / 2 + py) for n, (px, py) in own.items()}
        x, row_height = x + width + GAP, max(row_height, height)
    return frames, at


def _frame(frame: _Frame) -> str:
    return (
        f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}"'
        f' height="{frame.height:.1f}" rx="14" fill="#f5f7fa" stroke="#d5dae1"/>'
        + text_at(frame.x + 16, frame.y + 24, frame.group.title, size=13, weight=600)
        + text_at(frame.x + 16, frame.y + frame.height - 10, frame.group.rest, size=12, fill=SOFT)
    )


def _crossed(one: Crossed, at: Mapping[str, Place]) -> str:
    (x1, y1), (x2, y2) = at[one.left], at[one.right]
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{STOP}"'
        ' stroke-width="2" stroke-dasharray="6 4"/>'
    )


def _cross_mark(one: Crossed, place: Place) -> str:
    x, y = place
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="{PAPER}" stroke="{STOP}"'
        f' stroke-width="2"/><path d="M{x - 8:.1f} {y - 8:.1f}L{x + 8:.1f} {y + 8:.1f}'
        f'M{x - 8:.1f} {y + 8:.1f}L{x + 8:.1f} {y - 8:.1f}" stroke="{STOP}" stroke-width="1.4"'
        ' opacity="0.45"/>'
        + text_at(x, y + 4.5, one.mark, size=13, weight=700, fill=STOP, mid=True)
    )


def _pull(key: str, scene: Scene, at: Mapping[str, Place]) -> float:
    """Whether the lines of a record go down (above 0) or up: its label stands on the other side."""
    down = 0.0
    ends = [(one.left, one.right) for one in scene.links]
    ends += [(one.left, one.right) for one in scene.crossed]
    for left, right in ends:
        if key in (left, right):
            (x1, y1), (x2, y2) = at[key], at[right if key == left else left]
            down += (y2 - y1) / max(hypot(x2 - x1, y2 - y1), 1.0)
    return round(down, 3)


def _node(node: Node, place: Place, *, is_label_above: bool) -> str:
    x, y = place
    ring = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="24" fill="none" stroke="{WAY}" stroke-width="4"/>'
        if node.is_named
        else ""
    )
    away = 6 if node.is_named else 0
    name_y = y - 37 - away if is_label_above else y + 34 + away
    return (
        ring
        + shape(node.kind, x, y)
        + text_at(x, name_y, f"{node.kind} {node.number}", size=11, weight=600, mid=True, halo=True)
        + text_at(x, name_y + 13, node.date, size=10.5, fill=SOFT, mid=True, halo=True)
    )


def _taken(at: Mapping[str, Place], above: Collection[str]) -> list[Place]:
    """Points that records and their labels cover."""
    taken: list[Place] = [*at.values()]
    for node, (x, y) in at.items():
        label_y = y - 33 if node in above else y + 38
        taken += [(x + dx, label_y) for dx in (-42, -14, 14, 42)]
    return taken


def _freest(start: Place, end: Place, taken: list[Place]) -> Place:
    """The place on a line that is freest, the middle first; it is taken from then on."""
    (x1, y1), (x2, y2) = start, end
    choices = [
        (x1 + (x2 - x1) * share, y1 + (y2 - y1) * share)
        for share in (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72)
    ]
    place = max(
        choices, key=lambda one: min(min(hypot(one[0] - a, one[1] - b), 30.0) for a, b in taken)
    )
    taken.append(place)
    return place


def _badge(link: Link, place: Place) -> str:
    """The numbers of the evidence on a line."""
    x, y = place
    text = "·".join(map(str, link.marks)) + (f" +{link.between}" if link.between else "")
    half = 5.0 + 3.4 * len(text)
    return (
        f'<rect x="{x - half:.1f}" y="{y - 8:.1f}" width="{2 * half:.1f}" height="16" rx="8"'
        f' fill="{PAPER}" stroke="{SOFT}"/>' + text_at(x, y + 4, text, size=10.5, mid=True)
    )
