"""The nearest miss: two addresses that differ by one slip of the finger.

What lives here: comparing what two customers show, value by value, up to a bound.
What never does: a link; how likely the slip is (the probabilistic rule).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from orchestration.identity.records import Identifier

COMPARED = ("email", "phone")
MOST_COMPARED = 200


def nearest_miss(
    left: Iterable[Identifier], right: Iterable[Identifier]
) -> tuple[Identifier, Identifier] | None:
    """The first pair of e-mails or phones one slip apart; None where there is none."""
    theirs = list(islice((one for one in right if one.type in COMPARED), MOST_COMPARED))
    for ours in islice((one for one in left if one.type in COMPARED), MOST_COMPARED):
        for other in theirs:
            if ours.type == other.type and is_one_slip(ours.value, other.value):
                return ours, other
    return None


def is_one_slip(left: str, right: str) -> bool:
    """One letter more, less, other, or two neighbours exchanged."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[1:2] + a[:1] == b[:2] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]
