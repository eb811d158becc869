"""The plug-in: what the sender hands over, what it gets back, how a failure is recovered.

What lives here: rows, receipts, declared limits, the Protocols a destination may fulfil, and the
error classes sorted by recovery.
What never does: HTTP, a vendor's names, the ledger, the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from orchestration.errors import TributaryError

Verdict = Literal["accepted", "accepted_unverified", "rejected", "ambiguous", "superseded"]
# What a second sending of the same row does: the same state, dropped by its key, or a second one.
Idempotency = Literal["upsert", "key", "none"]


@dataclass(frozen=True)
class Row:
    """One desired (``upsert``) or formerly sent (``remove``) row of an object.

    ``payload`` maps the columns of the ``sync_`` model to JSON values, None where absent.
    ``prior_payload`` is what a profile was delivered with before: fields that it had and
    ``payload`` has not are cleared. Former identifiers of a member are the caller's to remove.
    ``vendor_id`` is the id an earlier receipt stored.
    """

    key: str
    payload: Mapping[str, Any]
    prior_payload: Mapping[str, Any] | None = None
    vendor_id: str | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of one row.

    ``accepted_unverified`` with a ``job_id`` is queued at the vendor: ask ``JobPolling.poll``.
    ``reason`` holds a code of ours or of the vendor, never text that could carry a value.
    """

    key: str
    verdict: Verdict
    reason: str | None = None
    vendor_id: str | None = None
    job_id: str | None = None


@dataclass(frozen=True)
class Limits:
    """What the vendor allows, as data; None where it names no figure."""

    rows_per_request: int
    bytes_per_request: int | None = None
    bytes_per_row: int | None = None
    burst_per_second: int | None = None
    steady_per_minute: int | None = None
    requests_per_day: int | None = None
    # How many calls may be under way at once: for a vendor who takes one row a call, and only where
    # a row that may have arrived can be sent again.
    calls_side_by_side: int = 1


class Destination(Protocol):
    """One object of one vendor account. Any number of rows in, as many receipts out, in order.

    Raises (both methods): FatalError, RetriableError; their ``receipts`` hold the rows that were
    decided before the failure, and sending any row again is harmless. GateAgainError (``upsert``):
    where rows go one by one, each call sends one.
    """

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]: ...

    def remove(self, rows: Sequence[Row]) -> list[Receipt]: ...


@runtime_checkable
class JobPolling(Protocol):
    """For vendors that queue. Polling reads only: it never adds or changes anybody."""

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of the rows that were queued under ``job_id``; None while it is not finished."""
        ...


@runtime_checkable
class ReadBack(Protocol):
    """For vendors that can list who is in an object."""

    def read_back(self) -> Iterator[str]:
        """The vendor's ids of the members."""
        ...


@runtime_checkable
class CountBack(Protocol):
    """For vendors that tell how many are in an object, and not who."""

    def count_back(self) -> tuple[int, int] | None:
        """At least and at most so many members, as the vendor rounds; None: not counted yet."""
        ...


def idempotency(destination: Destination) -> Idempotency:
    """What the plug-in declares as ``idempotent``; an upsert where it declares nothing."""
    declared: Idempotency = getattr(destination, "idempotent", "upsert")
    return declared


def restates(destination: Destination) -> bool:
    """True where an event that was sent can be sent again with another value."""
    return bool(getattr(destination, "restates", False))


def is_unverified(destination: Destination) -> bool:
    """True where the vendor takes the call and never tells what became of it."""
    return bool(getattr(destination, "is_unverified", False))


class DeliveryError(TributaryError):
    """A request failed as a whole; ``receipts`` holds the rows decided before it."""

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.receipts: tuple[Receipt, ...] = ()


class GateAgainError(DeliveryError):
    """A request has gone, and rows of others are left: no failure. They pass the gate again first,
    for whoever opts out meanwhile."""

    def __init__(self, destination: str) -> None:
        super().__init__(
            f"{destination} takes the other rows in further requests.",
            remedy="Send those without a receipt; none of them was sent.",
        )


class FatalError(DeliveryError):
    """Stop: credential, permission, unknown object or a request the vendor does not understand."""

    def __init__(self, what: str, *, remedy: str, status: int | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.status = status


class RetriableError(DeliveryError):
    """Wait and send again; ``retry_after_seconds`` is a floor where the vendor named one.

    ``may_have_effect``: the answer is lost or a server's failure, and the request may have arrived.
    Whoever cannot send twice harmlessly does not send again then.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        retry_after_seconds: float | None = None,
        may_have_effect: bool = False,
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds
        self.may_have_effect = may_have_effect


class RefusedError(FatalError):
    """The vendor refused one request for its content: nothing of it took effect.

    Plug-ins catch it to find the rows at fault; ``row_indexes`` are those the vendor itself named.
    ``is_partial``: some rows did take effect, and the vendor does not say which.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        code: str,
        row_indexes: frozenset[int] = frozenset(),
        is_partial: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(what, remedy=remedy, status=status)
        self.code = code
        self.row_indexes = row_indexes
        self.is_partial = is_partial
