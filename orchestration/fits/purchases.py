"""How often people buy again, what they spend, and how long contracts last: three likelihoods.

What lives here: BG/NBD (Fader, Hardie, Lee 2005), Gamma-Gamma (Fader, Hardie 2013) and shifted
beta-geometric (Fader, Hardie 2007), each maximised.
What never does: reading input, a prediction for a customer (models score in SQL), when a fit is
taken (``lifetime.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orchestration.fits.likelihood import Estimate, LogLikelihood, Vector, maximise

# Starts from which every data set so far reached the same peak.
BG_NBD_START = {"r": 0.5, "alpha": 5.0, "a": 0.8, "b": 2.0}
GAMMA_GAMMA_START = {"p": 5.0, "q": 4.0, "gamma": 15.0}
SBG_START = {"alpha": 1.0, "beta": 2.0}


def bg_nbd_likelihood(
    repeat_days: NDArray[np.int64], recency_weeks: Vector, age_weeks: Vector
) -> LogLikelihood:
    """Log-likelihood of (r, alpha, a, b) given repeat days x, weeks from the first to the last
    purchase t_x, and weeks since the first T; equal customers in any order give equal sums."""
    from scipy.special import gammaln

    seen = np.column_stack([repeat_days, recency_weeks, age_weeks]).astype(np.float64)
    distinct, counts = np.unique(seen, axis=0, return_counts=True)
    x, recency, age = distinct.T
    has_repeated = x > 0
    later = np.maximum(x, 1)

    def log_likelihood(parameters: Vector) -> float:
        r, alpha, a, b = parameters
        alive = -(r + x) * np.log(alpha + age)
        gone = np.where(
            has_repeated,
            np.log(a) - np.log(b + later - 1) - (r + x) * np.log(alpha + recency),
            -np.inf,
        )
        each = (
            gammaln(r + x) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
            + np.logaddexp(alive, gone)
        )  # fmt: skip
        return float(counts @ each)

    return log_likelihood


def gamma_gamma_likelihood(repeat_days: NDArray[np.int64], average_amount: Vector) -> LogLikelihood:
    """Log-likelihood of (p, q, gamma) given repeat days and their mean revenue, both positive."""
    from scipy.special import gammaln

    seen = np.column_stack([repeat_days, average_amount]).astype(np.float64)
    distinct, counts = np.unique(seen, axis=0, return_counts=True)
    x, mean = distinct.T

    def log_likelihood(parameters: Vector) -> float:
        p, q, gamma = parameters
        each = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
            + (p * x - 1) * np.log(mean) + p * x * np.log(x)
            - (p * x + q) * np.log(gamma + x * mean)
        )  # fmt: skip
        return float(counts @ each)

    return log_likelihood


def sbg_likelihood(survivors: NDArray[np.int64]) -> LogLikelihood:
    """Log-likelihood of (alpha, beta) given how many contracts stood at the start and after each
    cycle."""
    lost = survivors[:-1] - survivors[1:]

    def log_likelihood(parameters: Vector) -> float:
        alpha, beta = parameters
        cycles = np.arange(2, len(survivors), dtype=np.float64)
        ratios = np.concatenate([
            [alpha / (alpha + beta)],
            (beta + cycles - 2) / (alpha + beta + cycles - 1),
        ])
        ends = np.cumprod(ratios)
        still = 1 - ends.sum()
        if still <= 0:
            return -np.inf
        return float(lost @ np.log(ends) + survivors[-1] * np.log(still))

    return log_likelihood


def fit_bg_nbd(
    repeat_days: NDArray[np.int64], recency_weeks: Vector, age_weeks: Vector
) -> Estimate:
    """The likeliest r, alpha (weeks), a and b."""
    return maximise(bg_nbd_likelihood(repeat_days, recency_weeks, age_weeks), BG_NBD_START)


def fit_gamma_gamma(repeat_days: NDArray[np.int64], average_amount: Vector) -> Estimate:
    """The likeliest p, q and gamma (in the currency of the amounts), from who bought again."""
    return maximise(gamma_gamma_likelihood(repeat_days, average_amount), GAMMA_GAMMA_START)


def fit_sbg(survivors: NDArray[np.int64]) -> Estimate:
    """The likeliest alpha and beta of contracts that can end after every cycle."""
    return maximise(sbg_likelihood(survivors), SBG_START)
