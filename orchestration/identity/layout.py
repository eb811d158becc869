"""Where the records of a picture stand: near what they are linked to, never on one another.

What lives here: stress majorization in numpy, the same picture for the same graph.
What never does: what a record is or looks like (scene.py, drawing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Place = tuple[float, float]

UNIT = 150.0
"""Pixels between two linked records, before they make room for their labels."""
BOX: Place = (112.0, 108.0)
"""Room that one record takes with its label."""
_ROUNDS, _PUSHES = 300, 400
# Long chains of sightings curl up instead of running off the page.
_BEND = 0.6


def place_nodes(nodes: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, Place]:
    """A place for each node, the smallest coordinates being 0."""
    if not nodes:
        return {}
    number = {node: at for at, node in enumerate(nodes)}
    pairs = [(number[a], number[b]) for a, b in links if a in number and b in number and a != b]
    points = _stress(_distances(len(nodes), pairs))
    points = _apart(_lying(points) * UNIT)
    points -= points.min(axis=0)
    return {node: (float(points[at, 0]), float(points[at, 1])) for node, at in number.items()}


def flipped(places: Mapping[str, Place], across: bool, over: bool) -> dict[str, Place]:
    """The same picture mirrored left to right, upside down, or both."""
    width = max((x for x, _ in places.values()), default=0.0)
    height = max((y for _, y in places.values()), default=0.0)
    return {
        node: (width - x if across else x, height - y if over else y)
        for node, (x, y) in places.items()
    }


def _distances(count: int, pairs: Sequence[tuple[int, int]]) -> Points:
    distances = np.full((count, count), np.inf)
    np.fill_diagonal(distances, 0.0)
    for a, b in pairs:
        distances[a, b] = distances[b, a] = 1.0
    for middle in range(count):
        through = distances[:, middle, None] + distances[None, middle, :]
        distances = np.minimum(distances, through)
    longest = distances[np.isfinite(distances)].max()
    distances[~np.isfinite(distances)] = longest + 1.0
    return np.asarray(distances**_BEND, dtype=np.float64)


def _stress(distances: Points) -> Points:
    """Places whose distances come as near to the wanted ones as a plane allows (SMACOF)."""
    count = len(distances)
    angles = 2.399963 * np.arange(count)  # the golden angle: no two starts on one line
    points = np.sqrt(np.arange(count) + 0.5)[:, None] * np.column_stack(
        (np.cos(angles), np.sin(angles))
    )
    if count == 1:
        return np.zeros((1, 2))
    wanted = distances + np.eye(count)
    weights = wanted**-2 * (1 - np.eye(count))
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(count)
        pull = -weights * distances / np.maximum(apart, 1e-9)
        np.fill_diagonal(pull, 0.0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        points = inverse @ pull @ points
    return np.asarray(points, dtype=np.float64)


def _lying(points: Points) -> Points:
    """Turned so that the longest side lies; signs fixed, because a mirror image fits as well."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    for axis in range(turned.shape[1]):
        extreme = turned[np.argmax(np.round(np.abs(turned[:, axis]), 6)), axis]
        turned[:, axis] *= 1.0 if extreme <= 0 else -1.0
    if turned.shape[1] < 2:
        turned = np.column_stack((turned, np.zeros(len(turned))))
    return np.asarray(turned, dtype=np.float64)


def _apart(points: Points) -> Points:
    """Push overlapping boxes apart along the side on which they overlap least."""
    points = points.copy()
    room = np.asarray(BOX)
    for _ in range(_PUSHES):
        moved = False
        for a in range(len(points)):
            for b in range(a + 1, len(points)):
                gap = points[b] - points[a]
                overlap = room - np.abs(gap)
                if (overlap > 0.5).all():
                    axis = int(np.argmin(overlap))
                    push = (overlap[axis] / 2 + 0.5) * (1.0 if gap[axis] >= 0 else -1.0)
                    points[a, axis] -= push
                    points[b, axis] += push
                    moved = True
        if not moved:
            break
    return points
