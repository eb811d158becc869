"""TikTok audience members: digests in and out of a segment.

What lives here: the mapping call and its columns. Adding and deleting are set operations.
What never does: creating or deleting an audience; hashing. The phone's digest is of digits without
plus, the e-mail's without +tag; those of events differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from orchestration.destinations.base import Idempotency, Limits, Receipt, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    encode,
    hash_problem,
    run,
    send_around_refusals,
)
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.tiktok.errors import API, PARTIAL

# The vendor's names of the columns, in the order of every row.
SCHEMA = {"EMAIL_SHA256": "email_sha256", "PHONE_SHA256": "phone_sha256"}
# 10,000 is said to be possible; other senders stay at this.
LIMITS = Limits(rows_per_request=1_000)


@dataclass(frozen=True)
class TikTokAudience:
    """The object ``audience/<name>`` of one advertiser."""

    http: VendorHttp
    advertiser_id: str
    audience_id: str
    name: str = "tiktok"
    limits: Limits = LIMITS
    idempotent: Idempotency = "upsert"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Add rows; a row that is in stays in."""
        return run(rows, self.limits, self._identifiers, partial(self._send, "add"))

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """Take rows out by the digests that were sent; who is not in counts as out."""
        return run(rows, self.limits, self._identifiers, partial(self._send, "delete"))

    def _send(
        self, action: Literal["add", "delete"], items: Sequence[Item], record: Record
    ) -> None:
        def send(group: Sequence[Item]) -> list[Receipt]:
            self._map(action, group)
            return [Receipt(item.row.key, "accepted") for item in group]

        def keep_doubt(item: Item, receipt: Receipt) -> None:
            # Alone and still partial: of two digests one may be in.
            is_half = receipt.reason == PARTIAL and _is_known_twice(item.row)
            if receipt.verdict == "rejected" and is_half:
                receipt = Receipt(item.row.key, "ambiguous", reason=PARTIAL)
            record(item, receipt)

        send_around_refusals(items, send, keep_doubt)

    def _map(self, action: Literal["add", "delete"], items: Sequence[Item]) -> None:
        content = b"".join(
            (
                b'{"advertiser_ids":',
                encode([self.advertiser_id]),
                b',"action":',
                encode(action),
                b',"id_schema":',
                encode(list(SCHEMA)),
                b',"batch_data":[',
                b",".join(item.body for item in items),
                b"]}",
            )
        )
        self.http.send(
            "POST", f"{API}/segment/mapping/", operation=f"audience_{action}", content=content
        )

    def _identifiers(self, row: Row) -> Sequence[Any] | Unfit:
        """An entry per column of the schema; the empty object keeps the place of an absent one."""
        problem = hash_problem(row.payload, tuple(SCHEMA.values()))
        if problem is not None:
            return Unfit(problem)
        digests = [row.payload.get(column) for column in SCHEMA.values()]
        if not any(digests):
            return Unfit("no_identifier")
        return [
            {"id": digest, "audience_ids": [self.audience_id]} if digest else {}
            for digest in digests
        ]


def _is_known_twice(row: Row) -> bool:
    return all(row.payload.get(column) for column in SCHEMA.values())
