"""What a destination declares beside its limits, and what that means for a diff.

What lives here: reading the optional declarations of a plug-in, with the careful default of each.
What never does: calls; the diff's statements.

``restates``: an event that was sent can be sent again with other figures. ``idempotent``: sending
a row twice is one effect, by ``upsert`` or by ``key``; ``none``: it would be two.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.activation.diff import Changes
from orchestration.destinations.base import Destination, restates
from orchestration.errors import UnknownNameError

_IDEMPOTENT = ("upsert", "key")
_NEVER = "never"


def is_idempotent(destination: Destination) -> bool:
    """Whether a row in doubt may go again; where nothing is declared, it may not."""
    return getattr(destination, "idempotent", None) in _IDEMPOTENT


def changes_of(kind: str, open_it: Callable[[], Destination]) -> Changes:
    """The operations of a delivery of this kind.

    A member or profile in doubt is sent again: that is harmless. An event in doubt is sent again
    only where the vendor knows it by its key; otherwise it would count twice.
    """
    if kind == "event":
        try:
            destination = open_it()
        except UnknownNameError:
            # Sending will say so; until then nothing is known of it.
            return Changes(("add",), _NEVER)
        operations = ("add", "update") if restates(destination) else ("add",)
        return Changes(operations, "add" if is_idempotent(destination) else _NEVER)
    if kind == "profile":
        return Changes(("add", "update"), "update")
    return Changes(("add", "update", "remove"), "update")
