"""Errors people read: what is wrong, with which key, and what to do about it.

What lives here: the shared base and the errors that more than one room raises.
What never does: transport errors of a vendor (``destinations/base.py``).
"""

from __future__ import annotations

import re

# What a library's message may quote of a row: quoted text, addresses, long numbers.
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\S+@\S+|\d[\d.,:+-]{3,}")


def without_values(message: str) -> str:
    """A library's message, at most 400 characters, with whatever may be a row's value as ``…``."""
    return _VALUES.sub("…", " ".join(message.split()))[:400]


class TributaryError(Exception):
    """A failure with a remedy.

    Args:
        what: one sentence that names the file, row, plan or key concerned. Never personal data.
        remedy: one sentence that says what to do next.
    """

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class ConfigurationError(TributaryError):
    """A setting is missing, empty or contradicts another."""


class WarehouseBusyError(TributaryError):
    """Another process holds the warehouse and did not let go in time."""


class WarehouseDamagedError(TributaryError):
    """The warehouse's file is there and cannot be opened."""


class UnknownNameError(TributaryError):
    """A name that is not known; the message lists the known ones."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        super().__init__(
            f"Unknown {kind} '{name}'.", remedy=f"Known: {', '.join(sorted(known)) or 'none'}."
        )
