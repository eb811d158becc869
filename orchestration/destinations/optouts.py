"""What a vendor knows itself of people who opted out there.

What lives here: the Protocols that such a plug-in fulfils, and the value they speak in.
What never does: HTTP, a vendor's names; deciding what an opt-out binds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class VendorOptOut:
    """Somebody who said no at the vendor: her address in clear, the vendor's time of it where it
    tells one (aware), and its code for the way she said so. Never prints the address."""

    address: str
    opted_out_at: datetime | None = None
    reason: str | None = None

    def __repr__(self) -> str:
        return f"VendorOptOut({self.reason})"


@runtime_checkable
class OptOutReading(Protocol):
    """For vendors that tell who opted out there. Reads only.

    Raises (both methods): FatalError, RetriableError.
    """

    def opted_out(self) -> Iterator[VendorOptOut]:
        """Everybody who is out by her own choice or by a person's; addresses that merely bounce
        are not."""
        ...

    def is_out(self, address: str) -> bool:
        """True where nothing is sent to the address by this vendor: out, or not known there."""
        ...
