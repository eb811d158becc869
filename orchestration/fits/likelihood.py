"""The search for the parameters under which what was seen is likeliest.

What lives here: one optimiser over logarithms of positive parameters, and how sure its end is.
What never does: a model's likelihood, a rule when a fit is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
LogLikelihood = Callable[[Vector], float]

# Landed with six decimals: an equal fit on another machine gives equal rows.
DIGITS = 6
# Normal quantile of the interval of a parameter: 90 % between the bounds.
Z = 1.644854
# Parameters stay within e^±12: beyond it a likelihood is flat and the search runs away.
LOG_BOUND = 12.0
_STEP = 1e-3


@dataclass(frozen=True)
class Estimate:
    """Parameters by name, their 90 % bounds where the likelihood has a peak, and its height."""

    parameters: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    log_likelihood: float
    is_converged: bool


def maximise(
    log_likelihood: LogLikelihood, start: Mapping[str, float]
) -> Estimate:
    """Climb from ``start``; all parameters are positive.

    A gradient search comes near the peak, a simplex ends on it: differences of a likelihood of
    thousands are too coarse for the last digits of a gradient.
    """
    from scipy.optimize import minimize

    def loss(logs: Vector) -> float:
        value = log_likelihood(np.exp(logs))
        return -value if np.isfinite(value) else 1e300

    names = list(start)
    logs = np.log(np.array([start[name] for name in names], dtype=np.float64))
    near = minimize(
        loss, logs, method="L-BFGS-B", bounds=[(-LOG_BOUND, LOG_BOUND)] * len(names)
    )
    found = minimize(
        loss, near.x, method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4_000, "maxfev": 4_000},
    )  # fmt: skip
    peak = np.asarray(found.x, dtype=np.float64)
    values = np.round(np.exp(peak), DIGITS)
    is_inside = bool(np.all(np.abs(peak) < LOG_BOUND - 0.1))
    return Estimate(
        parameters=dict(zip(names, map(float, values), strict=True)),
        bounds=dict(zip(names, _bounds(loss, peak), strict=True)) if is_inside else {},
        log_likelihood=round(-float(found.fun), DIGITS),
        is_converged=bool(found.success) and is_inside,
    )


def _bounds(loss: Callable[[Vector], float], peak: Vector) -> list[tuple[float, float]]:
    """90 % bounds from the curvature at the peak; none where it is no peak in every direction."""
    curvature = _curvature(loss, peak)
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        return [(float("nan"), float("nan"))] * len(peak)
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    low, high = np.exp(peak - Z * errors), np.exp(peak + Z * errors)
    return [
        (round(float(least), DIGITS), round(float(most), DIGITS))
        for least, most in zip(low, high, strict=True)
    ]


def _curvature(loss: Callable[[Vector], float], peak: Vector) -> Vector:
    """Second differences of the loss, symmetric."""
    count = len(peak)
    steps = np.eye(count) * _STEP
    curvature = np.empty((count, count))
    for row in range(count):
        for column in range(row + 1):
            across = steps[row] + steps[column]
            apart = steps[row] - steps[column]
            value = (
                loss(peak + across) - loss(peak + apart) - loss(peak - apart) + loss(peak - across)
            ) / (4 * _STEP**2)
            curvature[row, column] = curvature[column, row] = value
    return curvature
