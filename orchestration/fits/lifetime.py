"""Parameters of repeat purchase and of spend, fitted to published histories, or refused.

What lives here: which histories a model takes, when its fit is refused, the rows to land.
What never does: a likelihood (``purchases.py``), a prediction (models), how few repeaters are too
few (``dbt_project.yml``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orchestration.fits.histories import Histories
from orchestration.fits.likelihood import DIGITS, Estimate, LogLikelihood, Vector
from orchestration.fits.purchases import (
    BG_NBD_START,
    GAMMA_GAMMA_START,
    bg_nbd_likelihood,
    fit_bg_nbd,
    fit_gamma_gamma,
    gamma_gamma_likelihood,
)

BG_NBD, GAMMA_GAMMA = "bg_nbd", "gamma_gamma"
PARAMETERS = {BG_NBD: tuple(BG_NBD_START), GAMMA_GAMMA: tuple(GAMMA_GAMMA_START)}
# A log-likelihood is rounded; below this a fall is none.
WORSE_MIN = 1e-4
# E[Y] divides by a - 1.
SINGULAR_A = 1e-6


@dataclass(frozen=True)
class Purchases:
    """Histories of one window as vectors; amounts of those who bought again."""

    repeat_days: NDArray[np.int64]
    recency_weeks: Vector
    age_weeks: Vector
    average_amount: Vector

    @property
    def is_spender(self) -> NDArray[np.bool_]:
        """Who bought again for a positive amount: all that Gamma-Gamma can take."""
        return (self.repeat_days > 0) & (self.average_amount > 0)

    @property
    def repeater_count(self) -> int:
        return int((self.repeat_days > 0).sum())

    @property
    def correlation(self) -> float | None:
        """Of repeat days and mean revenue over those who bought again; None where it has none."""
        days = self.repeat_days[self.is_spender].astype(np.float64)
        amounts = self.average_amount[self.is_spender]
        if len(days) < 2 or days.std() == 0 or amounts.std() == 0:
            return None
        return round(float(np.corrcoef(days, amounts)[0, 1]), DIGITS)


@dataclass(frozen=True)
class ModelFit:
    """One model of one window: its estimate, or why there is none, or why it is not taken."""

    history_window: str
    model_name: str
    estimate: Estimate | None
    refusal: str | None
    customer_count: int
    repeater_count: int
    spend_correlation: float | None

    def rows(self) -> Iterator[dict[str, object]]:
        """The rows of ``raw_fits.lifetime_parameter``."""
        for name in PARAMETERS[self.model_name]:
            low, high = (math.nan, math.nan)
            if self.estimate is not None:
                low, high = self.estimate.bounds.get(name, (math.nan, math.nan))
            yield {
                "history_window": self.history_window,
                "model_name": self.model_name,
                "parameter_name": name,
                "estimate": self.estimate.parameters[name] if self.estimate else None,
                "estimate_low": None if math.isnan(low) else low,
                "estimate_high": None if math.isnan(high) else high,
                "log_likelihood": self.estimate.log_likelihood if self.estimate else None,
                "spend_correlation": self.spend_correlation,
                "customer_count": self.customer_count,
                "repeater_count": self.repeater_count,
                "is_accepted": self.refusal is None,
                "refusal": self.refusal,
            }


@dataclass(frozen=True)
class LifetimeFit:
    """All models of all windows."""

    fits: tuple[ModelFit, ...]
    histories: Histories

    @property
    def table(self) -> pa.Table:
        rows = [row for fit in self.fits for row in fit.rows()]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_SCHEMA = pa.schema([
    ("history_window", pa.string()), ("model_name", pa.string()), ("parameter_name", pa.string()),
    ("estimate", pa.float64()), ("estimate_low", pa.float64()), ("estimate_high", pa.float64()),
    ("log_likelihood", pa.float64()), ("spend_correlation", pa.float64()),
    ("customer_count", pa.int64()), ("repeater_count", pa.int64()),
    ("is_accepted", pa.bool_()), ("refusal", pa.string()),
])  # fmt: skip


def fit_lifetime(histories: Histories, repeaters_minimum: int) -> LifetimeFit:
    """Fit both models to every window; equal histories in any order give equal rows.

    A fit is refused, with the reason in its rows, where fewer than ``repeaters_minimum`` customers
    bought again, where the search did not end, where it explains the same histories worse than the
    parameters in force, and where a + b is too small for the expectation that models compute.
    """
    fits: list[ModelFit] = []
    for window in sorted(set(histories.table.column("history_window").to_pylist())):
        purchases = _purchases(histories, window)
        for model_name in (BG_NBD, GAMMA_GAMMA):
            in_force = histories.in_force.get((window, model_name), {})
            fits.append(_fit(window, model_name, purchases, in_force, repeaters_minimum))
    return LifetimeFit(tuple(fits), histories)


def _fit(
    window: str,
    model_name: str,
    purchases: Purchases,
    in_force: Mapping[str, float],
    repeaters_minimum: int,
) -> ModelFit:
    estimate, refusal = None, None
    if purchases.repeater_count < repeaters_minimum:
        refusal = f"fewer than {repeaters_minimum} customers bought again"
    else:
        estimate = _ESTIMATES[model_name](purchases)
        likelihood = _LIKELIHOODS[model_name](purchases)
        refusal = _refusal(model_name, estimate, likelihood, in_force)
    return ModelFit(
        window, model_name, estimate, refusal, len(purchases.repeat_days),
        purchases.repeater_count, purchases.correlation if model_name == GAMMA_GAMMA else None,
    )  # fmt: skip


def _refusal(
    model_name: str, estimate: Estimate, likelihood: LogLikelihood, in_force: Mapping[str, float]
) -> str | None:
    if not estimate.is_converged:
        return "the search did not end on a peak"
    names = PARAMETERS[model_name]
    if set(in_force) == set(names):
        before = likelihood(np.array([in_force[name] for name in names], dtype=np.float64))
        if estimate.log_likelihood < before - WORSE_MIN:
            return "explains the histories worse than the parameters in force"
    found = estimate.parameters
    if model_name == BG_NBD and (
        found["a"] + found["b"] <= max(1.0, found["r"]) or abs(found["a"] - 1) < SINGULAR_A
    ):
        return "a and b are out of the range in which purchases to come can be computed"
    if model_name == GAMMA_GAMMA and found["q"] <= 1:
        return "the mean of spend is not finite"
    return None


def _spenders(purchases: Purchases) -> tuple[NDArray[np.int64], Vector]:
    return (
        purchases.repeat_days[purchases.is_spender],
        purchases.average_amount[purchases.is_spender],
    )


_ESTIMATES: Mapping[str, Callable[[Purchases], Estimate]] = {
    BG_NBD: lambda of: fit_bg_nbd(of.repeat_days, of.recency_weeks, of.age_weeks),
    GAMMA_GAMMA: lambda of: fit_gamma_gamma(*_spenders(of)),
}
_LIKELIHOODS: Mapping[str, Callable[[Purchases], LogLikelihood]] = {
    BG_NBD: lambda of: bg_nbd_likelihood(of.repeat_days, of.recency_weeks, of.age_weeks),
    GAMMA_GAMMA: lambda of: gamma_gamma_likelihood(*_spenders(of)),
}


def _purchases(histories: Histories, window: str) -> Purchases:
    frame = histories.table.to_pandas()
    frame = frame[frame["history_window"] == window].sort_values("customer_id")
    return Purchases(
        frame["repeat_day_count"].to_numpy(dtype=np.int64),
        frame["recency_weeks"].to_numpy(dtype=np.float64),
        frame["age_weeks"].to_numpy(dtype=np.float64),
        frame["average_repeat_amount"].astype(float).fillna(0.0).to_numpy(dtype=np.float64),
    )
