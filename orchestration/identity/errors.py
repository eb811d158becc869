"""What can go wrong when a person asks about an identity.

What lives here: the room's errors. What a person typed is never quoted, it may be an address.
What never does: errors of the warehouse's lock or of the ledger (their own rooms).
"""

from __future__ import annotations

from orchestration.errors import TributaryError


class IdentityMissingError(TributaryError):
    """The warehouse holds no identity to ask, or one that an older version built."""


class UnknownIdentityError(TributaryError):
    """Nothing in the warehouse answers to the name."""


class AmbiguousIdentityError(TributaryError):
    """The name means more than one thing where one is needed."""


class InstructionRefusedError(TributaryError):
    """An instruction that could not do what it says."""
