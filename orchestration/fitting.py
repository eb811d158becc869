"""A fit from end to end: its input read, estimated, and landed for the next build.

What lives here: the order of these steps, and whether they are wanted.
What never does: a score (room fits), a threshold (``dbt_project.yml``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from orchestration.fits import (
    LifetimeFit,
    fit_lifetime,
    fit_matches,
    read_histories,
    read_traits,
    require_splink,
)
from orchestration.landing import FitHead, LandingReport, land_fit
from orchestration.landing.report import Progress, no_progress
from orchestration.project import DbtProject
from orchestration.settings import Settings

# What a fit reads: the traits of records, and the moment that all is measured from.
TRAITS = ("+int_identity_traits", "+int_as_of")
Clock = Callable[[], datetime]


def is_probabilistic(project: DbtProject) -> bool:
    """Whether records may also be tied by a probability."""
    return bool(project.variable("probabilistic_identity"))


def fit_identity(
    settings: Settings, project: DbtProject, *, now: Clock, progress: Progress = no_progress
) -> LandingReport:
    """Score records that may be one person, on what is landed now; the next build reads it.

    Raises:
        FitError: Splink is not installed, or nothing was landed.
        BuildFailedError: the traits of records could not be built.
    """
    require_splink()
    project.build(TRAITS, indirect_selection="empty").raise_for_failures()
    fit = fit_matches(read_traits(settings), progress)
    head = FitHead("identity", fit.as_of_at, fit.input_digest, fit.record_count, now())
    return land_fit(settings, head, "identity_match", fit.table)


def fit_lifetime_values(
    settings: Settings, project: DbtProject, *, now: Clock
) -> tuple[LifetimeFit, LandingReport]:
    """Fit repeat purchase and spend to the published histories; the next build scores with them.

    Raises:
        FitError: nothing was published, or nobody has bought.
        WarehouseBusyError: another process holds the warehouse.
    """
    histories = read_histories(settings.snapshot)
    fit = fit_lifetime(histories, int(project.variable("lifetime_repeaters_minimum") or 0))
    head = FitHead(
        "lifetime", histories.as_of_at, histories.digest, histories.table.num_rows, now()
    )
    return fit, land_fit(settings, head, "lifetime_parameter", fit.table)
