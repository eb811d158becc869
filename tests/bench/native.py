"""Union-find compiled by numba: the native anchor, one core, its own hash table.

What lives here: the compiled loop over arrays of node ids.
What never does: reading and writing (contenders.py).
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit
def components(left, right):  # noqa: C901  # one loop, so that nothing is left to inline
    """Every node and the smallest node of its component. Open addressing, path halving, the smaller
    id is the root."""
    slots = 1
    while slots < 4 * len(left) + 4:
        slots *= 2
    slot = np.full(slots, -1, np.int32)
    node = np.empty(2 * len(left), np.int64)
    parent = np.empty(2 * len(left), np.int32)
    count = 0
    for row in range(len(left)):
        first = -1
        for side in range(2):
            value = left[row] if side == 0 else right[row]
            place = np.int64((np.uint64(value) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20))
            place &= slots - 1
            while slot[place] >= 0 and node[slot[place]] != value:
                place = (place + 1) & (slots - 1)
            if slot[place] < 0:
                slot[place] = count
                node[count] = value
                parent[count] = count
                count += 1
            root = slot[place]
            while parent[root] != root:
                parent[root] = parent[parent[root]]
                root = parent[root]
            if side == 0:
                first = root
            elif node[root] < node[first]:
                parent[first] = root
            else:
                parent[root] = first
    component = np.empty(count, np.int64)
    for place in range(count):
        root = place
        while parent[root] != root:
            parent[root] = parent[parent[root]]
            root = parent[root]
        component[place] = node[root]
    return node[:count], component
