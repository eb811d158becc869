"""Destinations: one plug-in per vendor API.

What lives here: base, http, batches, registry, and a file or folder per vendor.
What never does: the ledger, the warehouse, rules of what may be sent.
"""

from orchestration.destinations.base import (
    DeliveryError,
    Destination,
    FatalError,
    JobPolling,
    Limits,
    ReadBack,
    Receipt,
    RetriableError,
    Row,
    Verdict,
)

__all__ = [
    "DeliveryError",
    "Destination",
    "FatalError",
    "JobPolling",
    "Limits",
    "ReadBack",
    "Receipt",
    "RetriableError",
    "Row",
    "Verdict",
]
