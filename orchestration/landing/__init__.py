"""Landing: files, loader tables, segments, ledger facts and fits into the raw schemas.

What lives here: the raw contract as landing reads it, readers, quarantine, the merge by key,
phones to E.164, the history of unit costs.
What never does: a business rule, a metric, dbt, or Great Expectations (``checks/``).
"""

from orchestration.landing.directory import land_directory
from orchestration.landing.errors import LandingError
from orchestration.landing.fits import FitHead, land_fit
from orchestration.landing.ledger_facts import land_ledger
from orchestration.landing.orders_export import land_orders_export
from orchestration.landing.register import register_tables
from orchestration.landing.report import LandingReport, TableReport
from orchestration.landing.segment_files import find_segments
from orchestration.landing.segment_rows import TABLES as SEGMENT_TABLES
from orchestration.landing.segments import land_segments

__all__ = [
    "SEGMENT_TABLES",
    "FitHead",
    "LandingError",
    "LandingReport",
    "TableReport",
    "find_segments",
    "land_directory",
    "land_fit",
    "land_ledger",
    "land_orders_export",
    "land_segments",
    "register_tables",
]
