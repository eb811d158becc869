"""Klaviyo profiles: upsert, clear, take back.

What lives here: the profile's wire form and which call carries it.
What never does: consent. An import grants none, and nothing here asks for any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import (
    GateAgainError,
    Limits,
    Receipt,
    RefusedError,
    Row,
)
from orchestration.destinations.batches import Item, Record, Unfit, run, send_around_refusals
from orchestration.destinations.klaviyo.api import KlaviyoApi
from orchestration.destinations.klaviyo.imports import import_receipts

IDENTIFIERS = ("email", "phone_number", "external_id")
NAMES = ("first_name", "last_name")
STANDARD = (*IDENTIFIERS, *NAMES)
LOCATION = ("city", "region", "zip", "country")
# An identifier is never set to null: the vendor's profile would be nobody's.
CLEARABLE = (*NAMES, *LOCATION)
PROPERTY_PREFIX = "property_"

LIMITS = Limits(
    rows_per_request=10_000,
    bytes_per_request=5_000_000,
    bytes_per_row=100_000,
    burst_per_second=10,
    steady_per_minute=150,
)


@dataclass(frozen=True)
class KlaviyoProfiles:
    """The object ``profiles``."""

    api: KlaviyoApi
    name: str = "klaviyo"
    limits: Limits = LIMITS

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Queue rows as import jobs; a row with a cleared standard field goes alone, at once, and
        before the others.

        Raises:
            GateAgainError: one went alone, and others are left.
        """
        return run(rows, self.limits, _prepared, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Take back our custom properties; the profile and the fields others share stay.

        A profile that is not there is left so: an import would create it.
        """
        found = self.api.known_ids(rows, ("id", "external_id", "email"))

        def prepare(row: Row) -> Mapping[str, Any] | Unfit:
            return {
                "type": "profile",
                "id": found.get(row.key, ""),
                "attributes": {},
                "meta": {"patch_properties": {"unset": sorted(_properties(row.payload))}},
            }

        def send(items: Sequence[Item], record: Record) -> None:
            held = []
            for item in items:
                if item.row.key in found and _properties(item.row.payload):
                    held.append(item)
                else:
                    record(item, Receipt(item.row.key, "accepted", reason="nothing_to_remove"))
            if held:
                send_around_refusals(held, self._queue, record)

        return run(rows, self.limits, prepare, send)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of an import job; None while it runs."""
        result = self.api.import_result(job_id)
        return None if result is None else import_receipts(result, rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        alone = [item for item in items if _cleared(item.row, CLEARABLE)]
        if not alone:
            send_around_refusals(items, self._queue, record)
            return
        # One by one takes its time, and whoever is last may say no meanwhile.
        record(alone[0], self._send_with_nulls(alone[0].row))
        if len(items) > 1:
            raise GateAgainError(self.name)

    def _queue(self, items: Sequence[Item]) -> list[Receipt]:
        job_id = self.api.start_import([item.body for item in items])
        return [Receipt(item.row.key, "accepted_unverified", job_id=job_id) for item in items]

    def _send_with_nulls(self, row: Row) -> Receipt:
        # A bulk import ignores null, so it can never clear a standard field.
        profile = _profile(row)
        attributes = dict(profile["attributes"])
        for column in _cleared(row, NAMES):
            attributes[column] = None
        location = _cleared(row, LOCATION)
        if location:
            nulls = dict.fromkeys(location)
            attributes["location"] = {**attributes.get("location", {}), **nulls}
        try:
            vendor_id = self.api.import_profile({**profile, "attributes": attributes})
        except RefusedError as error:
            return Receipt(row.key, "rejected", reason=error.code)
        return Receipt(row.key, "accepted", vendor_id=vendor_id)


def _prepared(row: Row) -> Mapping[str, Any] | Unfit:
    if not any(row.payload.get(column) for column in IDENTIFIERS):
        return Unfit("no_identifier")
    return _profile(row)


def _profile(row: Row) -> dict[str, Any]:
    payload = row.payload
    attributes = {column: payload[column] for column in STANDARD if payload.get(column) is not None}
    location = {column: payload[column] for column in LOCATION if payload.get(column) is not None}
    properties = _properties(payload)
    if location:
        attributes["location"] = location
    if properties:
        attributes["properties"] = properties
    profile: dict[str, Any] = {"type": "profile", "attributes": attributes}
    if row.vendor_id:
        profile["id"] = row.vendor_id
    unset = sorted(_properties(row.prior_payload or {}).keys() - properties.keys())
    if unset:
        profile["meta"] = {"patch_properties": {"unset": unset}}
    return profile


def _properties(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column.removeprefix(PROPERTY_PREFIX): value
        for column, value in payload.items()
        if column.startswith(PROPERTY_PREFIX) and value is not None
    }


def _cleared(row: Row, columns: Sequence[str]) -> list[str]:
    prior = row.prior_payload or {}
    return [
        column
        for column in columns
        if prior.get(column) is not None and row.payload.get(column) is None
    ]
