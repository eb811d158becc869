"""Identifiers of rows, apart for every chunk and equal for equal brands.

What lives here: one number range per table and chunk.
What never does: identifiers of people (``persons.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Column, Ints
from orchestration.brand.catalogue import SHOPS
from orchestration.brand.orders import ACCOUNTS, POS_ACCOUNT, SUPPORT_ACCOUNT
from orchestration.brand.persons import Persons

STRIDE = 10_000_000  # rows of one table in one chunk stay below this
_TABLES = (
    "order", "line", "refund", "refund_line", "adjustment", "transaction", "fulfillment",
    "shipping_line", "parcel", "event", "klaviyo_event", "consent", "request", "checkout",
    "session", "subscription", "charge",
)
_POS, _SUPPORT = 5_900_000_001, 5_900_000_011


@dataclass(frozen=True)
class Ids:
    """Identifier ranges of one chunk; ``end`` is the last second of the brand."""

    chunk: int
    end: int

    def rows(self, table: str, count: int) -> Ints:
        """Identifiers of the chunk's rows of a table, ascending."""
        return self.of(table, np.arange(count))

    def of(self, table: str, row: Ints) -> Ints:
        """Identifiers of given rows."""
        first = (_TABLES.index(table) + 1) * 1_000_000_000_000 + self.chunk * STRIDE
        return first + row

    def account(
        self, persons: Persons, person: Ints, account: Ints, shop: Ints | None = None
    ) -> Ints:
        """Shopify customer id of a person's account or of a shared one of a shop; 0 for none."""
        own = 6_000_000_000 + persons.number[person] * ACCOUNTS + account
        if shop is None:
            return own
        return np.select(
            [account == POS_ACCOUNT, account == SUPPORT_ACCOUNT, account < 0],
            [_POS + shop, _SUPPORT + shop, 0],
            own,
        )

    def shops(self, shop: Ints) -> Column:
        """The ``_source_relation`` of rows of a shop."""
        return a.pick(SHOPS, shop)
