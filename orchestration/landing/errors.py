"""Errors of landing: always the file, the column and the remedy, never a value of a row.

What lives here: the one error that stops a landing with nothing written.
What never does: reasons for single rows (they go to the quarantine).
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class LandingError(TributaryError):
    """What came in cannot be landed; nothing of it was written."""
