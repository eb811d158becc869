"""The texts beside a drawing: the way, what was stopped, what links show, the legend.

What lives here: their order, wrapping and place.
What never does: the records and their links (drawing.py).
"""

from __future__ import annotations

import textwrap

from orchestration.identity.scene import Scene
from orchestration.identity.shapes import MEANINGS, SOFT, STOP, halo, line, shape, text_at

PANEL_WIDTH = 400.0
_LETTERS_PER_LINE = 50
_MOST_LINES = 24


def panel(scene: Scene, x: float, y: float) -> tuple[list[str], float]:
    """The texts from (x, y) downwards, and where they end."""
    parts: list[str] = []
    for title, lines in (
        ("The strongest way", scene.path),
        ("Stopped", scene.stopped),
        ("In common", scene.common),
        ("What links show", _cut(scene.key)),
    ):
        if not lines:
            continue
        parts.append(text_at(x, y, title, size=14, weight=600))
        y += 20
        for words in lines:
            for at, piece in enumerate(textwrap.wrap(words, _LETTERS_PER_LINE)):
                parts.append(text_at(x + (18 if at else 0), y, piece, size=12.5))
                y += 17
        y += 14
    legend, y = _legend(scene, x, y)
    return [*parts, *legend], y


def _legend(scene: Scene, x: float, y: float) -> tuple[list[str], float]:
    kinds = sorted({node.kind for group in scene.groups for node in group.nodes})
    parts = [text_at(x, y, "Legend", size=14, weight=600)]
    for kind in kinds:
        y += 26
        parts += [shape(kind, x + 12, y, 9.0), text_at(x + 36, y + 4, kind, size=12.5)]
    for strength in sorted({link.strength for link in scene.links}):
        y += 24
        words = f"{strength}: {MEANINGS.get(strength, 'link')}"
        parts += [line((x, y), (x + 28, y), strength), text_at(x + 36, y + 4, words, size=12.5)]
    if scene.path:
        y += 24
        parts += [
            halo((x + 6, y), (x + 22, y)),
            text_at(x + 36, y + 4, "the strongest way", size=12.5),
        ]
    if scene.stopped:
        y += 24
        parts += [
            f'<line x1="{x}" y1="{y}" x2="{x + 28}" y2="{y}" stroke="{STOP}" stroke-width="2"'
            ' stroke-dasharray="6 4"/>',
            text_at(x + 36, y + 4, "stopped by a guard", size=12.5),
        ]
    y += 30
    note = "Dates: first seen (UTC). Addresses are masked."
    parts.append(text_at(x, y, note, size=11, fill=SOFT))
    return parts, y


def _cut(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) <= _MOST_LINES:
        return lines
    return (*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} more")
