"""The pieces of a drawing: shapes by kind, lines by strength, texts.

What lives here: colours and SVG elements that take plain coordinates.
What never does: where they go (drawing.py, panel.py).
"""

from __future__ import annotations

from html import escape

from orchestration.identity.layout import Place

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


def shape(kind: str, x: float, y: float, size: float = 16.0) -> str:
    """A record: a circle where the kind has no shape of its own."""
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


def line(start: Place, end: Place, strength: str) -> str:
    """A link, as wide and as whole as it is strong."""
    width, dashes = LINES.get(strength, LINES["S4"])
    broken = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="{INK}" stroke-width="{width}"{broken}/>'
    )


def halo(start: Place, end: Place) -> str:
    """The mark of the way, behind a line."""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        f' stroke="{WAY}" stroke-width="13" stroke-linecap="round" opacity="0.75"/>'
    )


def text_at(
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
    """One line of text; nothing for the empty one."""
    if not text:
        return ""
    anchor = ' text-anchor="middle"' if mid else ""
    # The paper around letters keeps a line behind them from striking them through.
    paper = f' stroke="{PAPER}" stroke-width="4" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
        f' fill="{fill}"{anchor}{paper}>{escape(text)}</text>'
    )
