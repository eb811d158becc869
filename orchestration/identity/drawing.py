"""A scene as SVG: one file, no script, no font of its own, readable on light and dark pages.

What lives here: shapes, colours, texts and where they go.
What never does: a choice of what is shown (scene.py), a raw identifier.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product
from math import hypot

from orchestration.identity.layout import BOX, Place, flipped, place_nodes
from orchestration.identity.scene import Crossed, Group, Link, Node, Scene

# Told apart by people who see colours differently; the shape says the same once more.
COLOURS = {
    "account": "#0072b2", "order": "#00805a", "profile": "#b0568f", "checkout": "#b36b00",
    "browser": "#3f7fa6", "record": "#666666",
}  # fmt: skip
# Width and dashes: the weaker, the thinner and the more broken.
LINES = {
    "S0": (4.0, ""), "S1": (3.0, ""), "S2": (1.8, ""), "S3": (1.8, "8 5"), "S4": (1.8, "2 5"),
}  # fmt: skip
MEANINGS = {
    "S0": "by hand", "S1": "account or verified address", "S2": "e-mail", "S3": "phone",
    "S4": "browser or likeness",
}  # fmt: skip
INK, PAPER, SOFT, WAY, STOP = "#1f2430", "#ffffff", "#5b6270", "#ffb000", "#c1121f"
MARGIN, GAP, PANEL, TOP = 28.0, 72.0, 380.0, 64.0
HEAD = 40.0
"""Room for a customer's name above its records."""
_ROW_WIDTH = 1500.0
_LETTERS_PER_LINE = 52


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
    panel, panel_bottom = _panel(scene, right + MARGIN)
    width, height = right + MARGIN + PANEL, max(bottom, panel_bottom) + MARGIN
    above = {node for node in at if _pull(node, scene, at) > 0}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img"'
        ' font-family="system-ui, Helvetica, Arial, sans-serif">',
        f"<title>{escape(scene.title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="12" fill="{PAPER}"'
        f' stroke="#c9ced6"/>',
        _text(MARGIN, 38, scene.title, size=20, weight=600),
        *(_frame(frame) for frame in frames),
        *(_halo(at[link.left], at[link.right]) for link in scene.links if link.is_on_path),
        *(_line(link, at) for link in scene.links),
        *(_crossed(one, at) for one in scene.crossed),
        *(
            _node(node, at[node.key], is_label_above=node.key in above)
            for group in scene.groups
            for node in group.nodes
        ),
        *_badges(scene.links, at, above),
        *(_cross_mark(one, at) for one in scene.crossed),
        *panel,
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
        + _text(frame.x + 16, frame.y + 24, frame.group.title, size=13, weight=600)
        + _text(frame.x + 16, frame.y + frame.height - 10, frame.group.rest, size=12, fill=SOFT)
    )


def _halo(start: Place, end: Place) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="{WAY}" stroke-width="13" stroke-linecap="round" opacity="0.75"/>'
    )


def _line(link: Link, at: Mapping[str, Place]) -> str:
    return _stroke(at[link.left], at[link.right], link.strength)


def _stroke(start: Place, end: Place, strength: str) -> str:
    width, dashes = LINES.get(strength, LINES["S4"])
    broken = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="{INK}" stroke-width="{width}"{broken}/>'
    )


def _crossed(one: Crossed, at: Mapping[str, Place]) -> str:
    (x1, y1), (x2, y2) = at[one.left], at[one.right]
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{STOP}"'
        ' stroke-width="2" stroke-dasharray="6 4"/>'
    )


def _cross_mark(one: Crossed, at: Mapping[str, Place]) -> str:
    # Marks of several stops between the same records stand one after the other on the line.
    share = 0.5 + 0.09 * ((ord(one.mark) - ord("A")) % 5 - 1)
    (x1, y1), (x2, y2) = at[one.left], at[one.right]
    x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="{PAPER}" stroke="{STOP}"'
        f' stroke-width="2"/><path d="M{x - 8:.1f} {y - 8:.1f}L{x + 8:.1f} {y + 8:.1f}'
        f'M{x - 8:.1f} {y + 8:.1f}L{x + 8:.1f} {y - 8:.1f}" stroke="{STOP}" stroke-width="1.4"'
        ' opacity="0.45"/>' + _text(x, y + 4.5, one.mark, size=13, weight=700, fill=STOP, mid=True)
    )


def _pull(key: str, scene: Scene, at: Mapping[str, Place]) -> float:
    """Whether the lines of a record go down (above 0) or up: its label stands on the other side."""
    down = 0.0
    for one in (*scene.links, *scene.crossed):
        if key in (one.left, one.right):
            (x1, y1), (x2, y2) = at[key], at[one.right if key == one.left else one.left]
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
        + _shape(node.kind, x, y)
        + _text(x, name_y, f"{node.kind} {node.number}", size=11, weight=600, mid=True, halo=True)
        + _text(x, name_y + 13, node.date, size=10.5, fill=SOFT, mid=True, halo=True)
    )


def _shape(kind: str, x: float, y: float, size: float = 16.0) -> str:
    style = f'fill="{COLOURS.get(kind, COLOURS["record"])}" stroke="{PAPER}" stroke-width="2"'
    s = size
    if kind == "order":
        return (
            f'<rect x="{x - s * 0.9:.1f}" y="{y - s * 0.9:.1f}" width="{s * 1.8:.1f}"'
            f' height="{s * 1.8:.1f}" rx="3" {style}/>'
        )
    corners = {
        "profile": ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
        "checkout": ((0, -1.15), (1.15, 0.9), (-1.15, 0.9)),
        "browser": ((-1.15, 0), (-0.6, -1), (0.6, -1), (1.15, 0), (0.6, 1), (-0.6, 1)),
    }.get(kind)
    if corners is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{s:.1f}" {style}/>'
    points = " ".join(f"{x + dx * s:.1f},{y + dy * s:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {style}/>'


def _badges(links: Sequence[Link], at: Mapping[str, Place], above: Collection[str]) -> list[str]:
    """The numbers of the evidence, each where its line is freest of records and their labels."""
    taken: list[Place] = [*at.values()]
    for node, (x, y) in at.items():
        label_y = y - 33 if node in above else y + 38
        taken += [(x + dx, label_y) for dx in (-42, -14, 14, 42)]
    made = []
    for link in links:
        (x1, y1), (x2, y2) = at[link.left], at[link.right]
        choices = [
            (x1 + (x2 - x1) * share, y1 + (y2 - y1) * share)
            for share in (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72)
        ]
        x, y = max(
            choices, key=lambda one: min(min(hypot(one[0] - a, one[1] - b), 30) for a, b in taken)
        )
        taken.append((x, y))
        text = "·".join(map(str, link.marks)) + (f" +{link.between}" if link.between else "")
        half = 5.0 + 3.4 * len(text)
        made.append(
            f'<rect x="{x - half:.1f}" y="{y - 8:.1f}" width="{2 * half:.1f}" height="16" rx="8"'
            f' fill="{PAPER}" stroke="{SOFT}"/>' + _text(x, y + 4, text, size=10.5, mid=True)
        )
    return made


def _panel(scene: Scene, x: float) -> tuple[list[str], float]:
    """The texts at the right, and where they end."""
    parts: list[str] = []
    y = TOP + 14
    for title, lines in (
        ("The strongest way", scene.path),
        ("Stopped", scene.stopped),
        ("In common", scene.common),
        ("What links show", scene.key[:24]),
    ):
        if not lines:
            continue
        parts.append(_text(x, y, title, size=14, weight=600))
        y += 20
        for line in lines:
            for at, piece in enumerate(textwrap.wrap(line, _LETTERS_PER_LINE)):
                parts.append(_text(x + (18 if at else 0), y, piece, size=12.5))
                y += 17
        y += 14
    legend, y = _legend(scene, x, y)
    return [*parts, *legend], y


def _legend(scene: Scene, x: float, y: float) -> tuple[list[str], float]:
    kinds = sorted({node.kind for group in scene.groups for node in group.nodes})
    parts = [_text(x, y, "Legend", size=14, weight=600)]
    for kind in kinds:
        y += 26
        parts += [_shape(kind, x + 12, y, 9.0), _text(x + 36, y + 4, kind, size=12.5)]
    for strength in sorted({link.strength for link in scene.links}):
        y += 24
        words = f"{strength}: {MEANINGS.get(strength, 'link')}"
        parts += [_stroke((x, y), (x + 28, y), strength), _text(x + 36, y + 4, words, size=12.5)]
    if scene.path:
        y += 24
        parts += [
            _halo((x + 6, y), (x + 22, y)),
            _text(x + 36, y + 4, "the strongest way", size=12.5),
        ]
    if scene.stopped:
        y += 24
        parts += [
            f'<line x1="{x}" y1="{y}" x2="{x + 28}" y2="{y}" stroke="{STOP}" stroke-width="2"'
            ' stroke-dasharray="6 4"/>',
            _text(x + 36, y + 4, "stopped by a guard", size=12.5),
        ]
    y += 30
    parts.append(_text(x, y, "Dates: first seen (UTC). Addresses are masked.", size=11, fill=SOFT))
    return parts, y


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    weight: int = 400,
    fill: str = INK,
    mid: bool = False,
    halo: bool = False,
) -> str:
    if not text:
        return ""
    anchor = ' text-anchor="middle"' if mid else ""
    # The paper around letters keeps a line behind them from striking them through.
    paper = f' stroke="{PAPER}" stroke-width="4" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
        f' fill="{fill}"{anchor}{paper}>{escape(text)}</text>'
    )
