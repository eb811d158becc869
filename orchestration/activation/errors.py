"""What can go wrong between a desired state and a receipt.

What lives here: the errors of planning, approving and delivering, each with its remedy.
What never does: row values or keys in clear; transport errors (``destinations/base.py``).
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class SyncSpecError(TributaryError):
    """A model's ``meta.sync`` cannot be understood."""


class PlanError(TributaryError):
    """A desired state cannot be planned: no table, no key, equal keys."""


class ApprovalError(TributaryError):
    """A plan cannot be approved, or what stands under it is no valid approval."""


class NotDeliverableError(TributaryError):
    """A plan may not be delivered."""


class StoppedError(Exception):
    """Sending stops here for now; ``is_fatal``: nothing else of this account is tried either."""

    def __init__(self, reason: str, *, is_fatal: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_fatal = is_fatal
