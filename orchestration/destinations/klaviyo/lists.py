"""Klaviyo list members.

What lives here: adding profiles to a list and taking them out, by the vendor's profile ids.
What never does: subscribe or unsubscribe. Leaving an audience is no opt-out, and an unsubscribe
cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.destinations.base import Limits, Receipt, RefusedError, Row
from orchestration.destinations.batches import Item, Record, Unfit, run, send_around_refusals
from orchestration.destinations.klaviyo.api import KlaviyoApi
from orchestration.destinations.klaviyo.imports import import_receipts

# By e-mail first: that is the address a list writes to.
LOOK_UP = ("email", "external_id")

LIMITS = Limits(rows_per_request=1_000, burst_per_second=10, steady_per_minute=150)


@dataclass(frozen=True)
class KlaviyoList:
    """The object ``list/<name>``; ``list_id`` is the vendor's id of it."""

    api: KlaviyoApi
    list_id: str
    name: str = "klaviyo"
    limits: Limits = LIMITS

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Add known profiles at once; queue unknown ones as an import into the list."""
        return run(rows, self.limits, _minimal_profile, self._add)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Take profiles out of the list; a profile that is gone counts as out."""
        return run(rows, self.limits, _minimal_profile, self._take_out)

    def poll(self, job_id: str, rows: Sequence[Row]) -> list[Receipt] | None:
        """Receipts of an import into the list, with the new profiles' ids; None while it runs."""
        result = self.api.import_result(job_id)
        if result is None:
            return None
        receipts = import_receipts(result, rows)
        is_in = {receipt.key for receipt in receipts if receipt.verdict == "accepted"}
        known = self.api.known_ids([row for row in rows if row.key in is_in], LOOK_UP)
        return [
            Receipt(receipt.key, "accepted", vendor_id=known.get(receipt.key))
            if receipt.key in is_in
            else receipt
            for receipt in receipts
        ]

    def read_back(self) -> Iterator[str]:
        """The vendor's ids of the profiles in the list."""
        return self.api.member_ids(self.list_id)

    def _add(self, items: Sequence[Item], record: Record) -> None:
        stale: list[Item] = []

        def keep_stale(item: Item, receipt: Receipt) -> None:
            # A stored id may have been merged away: look the person up before giving up.
            if receipt.verdict == "rejected" and item.row.vendor_id:
                stale.append(item)
            else:
                record(item, receipt)

        self._add_resolved(items, _given(items), keep_stale)
        if stale:
            self._add_resolved(stale, {}, record)

    def _add_resolved(
        self, items: Sequence[Item], given: Mapping[str, str], record: Record
    ) -> None:
        unknown = [item.row for item in items if item.row.key not in given]
        known = {**given, **self._listed_under_their_address(unknown)}
        here = [item for item in items if item.row.key in known]
        missing = [item for item in items if item.row.key not in known]

        def add(group: Sequence[Item]) -> list[Receipt]:
            ids = [known[item.row.key] for item in group]
            self._change("POST", ids)
            return [
                Receipt(item.row.key, "accepted", vendor_id=vendor_id)
                for item, vendor_id in zip(group, ids, strict=True)
            ]

        if here:
            send_around_refusals(here, add, record)
        if missing:
            send_around_refusals(missing, self._queue, record)

    def _listed_under_their_address(self, rows: Sequence[Row]) -> dict[str, str]:
        """A profile of the same person under another address would be written to there, and that
        address may be the one that opted out: the import gives it the new one."""
        addressed = [row for row in rows if row.payload.get("email")]
        others = [row for row in rows if not row.payload.get("email")]
        return {
            **self.api.known_ids(addressed, ("email",)),
            **self.api.known_ids(others, ("external_id",)),
        }

    def _queue(self, items: Sequence[Item]) -> list[Receipt]:
        job_id = self.api.start_import([item.body for item in items], self.list_id)
        return [Receipt(item.row.key, "accepted_unverified", job_id=job_id) for item in items]

    def _take_out(self, items: Sequence[Item], record: Record) -> None:
        given = _given(items)
        unknown = [item.row for item in items if item.row.key not in given]
        known = {**given, **self.api.known_ids(unknown, LOOK_UP)}
        held = []
        for item in items:
            if item.row.key in known:
                held.append(item)
            else:
                record(item, Receipt(item.row.key, "accepted", reason="nothing_to_remove"))

        def take_out(group: Sequence[Item]) -> list[Receipt]:
            self._change("DELETE", [known[item.row.key] for item in group])
            return [
                Receipt(item.row.key, "accepted", vendor_id=known[item.row.key]) for item in group
            ]

        def gone_is_out(item: Item, receipt: Receipt) -> None:
            if receipt.verdict == "rejected" and receipt.reason == "not_found":
                receipt = Receipt(item.row.key, "accepted", reason="nothing_to_remove")
            record(item, receipt)

        if held:
            send_around_refusals(held, take_out, gone_is_out)

    def _change(self, method: str, profile_ids: Sequence[str]) -> None:
        unique = list(dict.fromkeys(profile_ids))
        try:
            self.api.change_members(method, self.list_id, unique)
        except RefusedError as error:
            # The vendor counts the ids it was sent, the caller counts rows.
            named = {unique[index] for index in error.row_indexes if index < len(unique)}
            error.row_indexes = frozenset(
                index for index, profile_id in enumerate(profile_ids) if profile_id in named
            )
            raise


def _given(items: Sequence[Item]) -> dict[str, str]:
    return {item.row.key: item.row.vendor_id for item in items if item.row.vendor_id}


def _minimal_profile(row: Row) -> Mapping[str, Any] | Unfit:
    attributes = {
        column: row.payload[column]
        for column in ("email", "external_id")
        if row.payload.get(column) is not None
    }
    if not attributes and not row.vendor_id:
        return Unfit("no_identifier")
    return {"type": "profile", "attributes": attributes}
