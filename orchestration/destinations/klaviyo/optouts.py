"""Klaviyo opt-outs: suppressions, unsubscriptions and erasures.

What lives here: the three calls that take people away from us, each as an object of its own.
What never does: the way back. Nothing here lifts a suppression or subscribes anybody. An
unsubscription never names a list: who is not in it would be unsubscribed from everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from orchestration.destinations.base import Limits, Receipt, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    run,
    send_around_refusals,
    stay,
)
from orchestration.destinations.klaviyo import optout_calls as calls
from orchestration.destinations.klaviyo.api import KlaviyoApi
from orchestration.destinations.optouts import VendorOptOut

LIMITS = Limits(rows_per_request=100, burst_per_second=75, steady_per_minute=750)
DELETION_LIMITS = Limits(rows_per_request=1, burst_per_second=3, steady_per_minute=60)
# Of the address, not of the person: a bounce is no opt-out.
BAD_ADDRESSES = frozenset({"HARD_BOUNCE", "INVALID_EMAIL"})
ERASED_BY = ("profile_id", "email", "phone_number")


@dataclass(frozen=True)
class KlaviyoSuppression:
    """The object ``suppression``: addresses that get no marketing e-mail, by e-mail only."""

    api: KlaviyoApi
    name: str = "klaviyo"
    limits: Limits = LIMITS

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Queue addresses to suppress; one that is suppressed stays so."""
        return run(rows, self.limits, _address, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Who of the job is suppressed now; the job itself counts only. None while it runs."""
        status = calls.suppression_status(self.api, job_id)
        if status in ("queued", "processing"):
            return None
        emails = {row.key: str(row.payload.get("email", "")).lower() for row in rows}
        suppressed = calls.find_suppressed(self.api, sorted(set(emails.values())))
        unknown = (
            ("rejected", "skipped") if status == "complete" else ("ambiguous", "job_not_completed")
        )
        return [
            Receipt(row.key, "accepted", vendor_id=suppressed[emails[row.key]])
            if emails[row.key] in suppressed
            else Receipt(row.key, *unknown)  # type: ignore[arg-type]
            for row in rows
        ]

    def read_back(self) -> Iterator[str]:
        """The vendor's ids of everyone suppressed, whoever asked for it."""
        return calls.suppressed_ids(self.api)

    def opted_out(self) -> Iterator[VendorOptOut]:
        """Who unsubscribed, complained or was suppressed by a person; not who bounces."""
        for email, one in calls.suppressed(self.api):
            reason = str(one.get("reason"))
            if reason not in BAD_ADDRESSES:
                yield VendorOptOut(email, _moment(one.get("timestamp")), reason)

    def is_out(self, address: str) -> bool:
        return address.lower() in calls.find_suppressed(self.api, [address])

    def _send(self, items: Sequence[Item], record: Record) -> None:
        def queue(group: Sequence[Item]) -> list[Receipt]:
            job_id = calls.start_suppression(self.api, [item.body for item in group])
            return [
                Receipt(item.row.key, "accepted_unverified", job_id=job_id) for item in group
            ]

        send_around_refusals(items, queue, record)


@dataclass(frozen=True)
class KlaviyoUnsubscription:
    """The object ``unsubscription``: an e-mail address, a phone number, or both, from marketing."""

    api: KlaviyoApi
    name: str = "klaviyo"
    limits: Limits = LIMITS
    is_unverified: ClassVar[bool] = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Ask for it; the vendor has no status for this call."""
        return run(rows, self.limits, _channels, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        def send(group: Sequence[Item]) -> list[Receipt]:
            calls.unsubscribe(self.api, [item.body for item in group])
            return [Receipt(item.row.key, "accepted_unverified") for item in group]

        send_around_refusals(items, send, record)


@dataclass(frozen=True)
class KlaviyoDeletion:
    """The object ``deletion``: every profile with one identifier is erased, for good.

    A row names exactly one identifier; a person with two is two rows.
    """

    api: KlaviyoApi
    name: str = "klaviyo"
    limits: Limits = DELETION_LIMITS
    is_unverified: ClassVar[bool] = True

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Ask for it, one call a row; the vendor has no status for this call."""
        return run(rows, self.limits, _one_identifier, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        def send(group: Sequence[Item]) -> list[Receipt]:
            for item in group:
                calls.erase(self.api, item.body)
            return [Receipt(item.row.key, "accepted_unverified") for item in group]

        for item in items:
            send_around_refusals([item], send, record)


def _moment(shown: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(shown))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _address(row: Row) -> Mapping[str, Any] | Unfit:
    if not row.payload.get("email"):
        return Unfit("no_identifier")
    return {"type": "profile", "attributes": {"email": row.payload["email"]}}


def _channels(row: Row) -> Mapping[str, Any] | Unfit:
    leave = {"marketing": {"consent": "UNSUBSCRIBED"}}
    attributes: dict[str, Any] = {}
    channels = {}
    for column, channel in (("email", "email"), ("phone_number", "sms")):
        if row.payload.get(column):
            attributes[column] = row.payload[column]
            channels[channel] = leave
    if not attributes:
        return Unfit("no_identifier")
    return {"type": "profile", "attributes": {**attributes, "subscriptions": channels}}


def _one_identifier(row: Row) -> Mapping[str, Any] | Unfit:
    given = {name: row.payload[name] for name in ERASED_BY if row.payload.get(name)}
    if len(given) != 1:
        return Unfit("needs_exactly_one_identifier" if given else "no_identifier")
    profile: dict[str, Any] = {"type": "profile", "attributes": given}
    if "profile_id" in given:
        profile = {"type": "profile", "id": given["profile_id"], "attributes": {}}
    return profile
