"""The ledger: consent, plans' seals, approvals, outbox, receipts, delivered state, leases, chain.

What lives here: the one system of record and every statement on it.
What never does: the warehouse, a destination, a rule of what may be sent.
"""

from orchestration.ledger.errors import (
    LeaseHeldError,
    LeaseLostError,
    LedgerDamagedError,
    LedgerError,
)
from orchestration.ledger.seals import SealedPlan, StoredApproval
from orchestration.ledger.store import Ledger, open_ledger, utc_now

__all__ = [
    "LeaseHeldError",
    "LeaseLostError",
    "Ledger",
    "LedgerDamagedError",
    "LedgerError",
    "SealedPlan",
    "StoredApproval",
    "open_ledger",
    "utc_now",
]
