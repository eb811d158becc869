"""What a small sample can say of a rate.

What lives here: whether a share that fell beside its bar may have done so by chance.
What never does: a bar. A full run is held to the bar itself.
"""

from __future__ import annotations

from typing import Literal

from scipy.stats import binomtest

# A quick run fails where chance alone would go so far once in a hundred.
CHANCE = 0.01


def holds(
    count: int, total: int, rate: float, side: Literal["at least", "at most"], quick: bool
) -> bool:
    """Whether ``count`` of ``total`` is at least, or at most, ``rate``; in a quick run, whether a
    true rate at the bar would come to this one time in a hundred or oftener (exact binomial)."""
    if not quick:
        return count >= rate * total if side == "at least" else count <= rate * total
    tail: Literal["less", "greater"] = "less" if side == "at least" else "greater"
    return total == 0 or bool(binomtest(count, total, rate, alternative=tail).pvalue >= CHANCE)
