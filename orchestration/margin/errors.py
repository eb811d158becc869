"""What can go wrong when a person asks for an order's margin.

What lives here: the room's errors. What a person typed is never quoted, it may be an address.
What never does: errors of the warehouse's lock (``orchestration.errors``).
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class MarginMissingError(TributaryError):
    """The warehouse holds no margin to ask, or one that an older version built."""


class UnknownOrderError(TributaryError):
    """No order answers to the name."""


class AmbiguousOrderError(TributaryError):
    """The name belongs to more than one order."""


class UnbalancedStatementError(TributaryError):
    """The cost lines do not add up to what the marts say."""
