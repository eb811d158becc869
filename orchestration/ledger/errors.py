"""What can go wrong with the system of record.

What lives here: the ledger's errors, each with its remedy.
What never does: rows, values or keys in a message.
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class LedgerError(TributaryError):
    """The ledger cannot be opened, read or written."""


class LedgerDamagedError(LedgerError):
    """The ledger is missing, cut short or changed behind our back; nothing may be sent from it."""


class LeaseHeldError(LedgerError):
    """Another live process sends for this account."""


class LeaseLostError(LedgerError):
    """Our lease was taken over; what we learned since may not be written."""


class RestoreGapError(LedgerError):
    """The ledger was restored from a backup that may lack opt-outs; nothing is sent from it."""


class LiftRefusedError(LedgerError):
    """A suppression is not lifted: the later yes is not proven, or not later."""
