"""Why a fit could not be made.

What lives here: errors of this room.
What never does: a value of a row in a message.
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class FitError(TributaryError):
    """The fit has no input, or lacks what it computes with."""
