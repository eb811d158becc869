"""Fits: what is estimated outside SQL and landed as rows (``raw_fits``).

What lives here: reading a fit's input from the warehouse, the estimate, its rows.
What never does: writing the warehouse (``landing/fits.py``), thresholds and verdicts (models), dbt.
"""

from orchestration.fits.errors import FitError
from orchestration.fits.matches import MatchFit, fit_matches
from orchestration.fits.model import require_splink
from orchestration.fits.traits import Traits, read_traits

__all__ = ["FitError", "MatchFit", "Traits", "fit_matches", "read_traits", "require_splink"]
