"""Fits: what is estimated outside SQL and landed as rows (``raw_fits``).

What lives here: reading a fit's input from warehouse or snapshot, the estimate, its rows.
What never does: writing the warehouse (``landing/fits.py``), thresholds and verdicts (models), dbt.
"""

from orchestration.fits.errors import FitError
from orchestration.fits.histories import Histories, read_histories
from orchestration.fits.lifetime import LifetimeFit, fit_lifetime
from orchestration.fits.matches import MatchFit, fit_matches
from orchestration.fits.model import require_splink
from orchestration.fits.traits import Traits, read_traits

__all__ = [
    "FitError",
    "Histories",
    "LifetimeFit",
    "MatchFit",
    "Traits",
    "fit_lifetime",
    "fit_matches",
    "read_histories",
    "read_traits",
    "require_splink",
]
