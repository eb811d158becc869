"""What was spent of an account's request limits, for whoever sends next.

What lives here: reading and writing the rate buckets.
What never does: when a request may go (the pacer).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from orchestration.ledger.statements import upsert
from orchestration.ledger.tables import rate_bucket

Grant = tuple[datetime, int]


@dataclass(frozen=True)
class Bucket:
    """Grants are (when, requests), oldest first; the vendor wants rest until ``blocked_until``."""

    grants: tuple[Grant, ...] = ()
    blocked_until: datetime | None = None


def read(connection: Connection, destination: str, account_id: str) -> dict[str, Bucket]:
    """Every bucket of the account by name."""
    rows = connection.execute(
        select(rate_bucket).where(
            rate_bucket.c.destination == destination, rate_bucket.c.account_id == account_id
        )
    )
    return {row.bucket: Bucket(_grants(row.granted_json), row.blocked_until) for row in rows}


def write(
    connection: Connection, destination: str, account_id: str, name: str, bucket: Bucket
) -> None:
    """Replace one bucket."""
    row = {
        "destination": destination,
        "account_id": account_id,
        "bucket": name,
        "granted_json": _text(bucket.grants),
        "blocked_until": bucket.blocked_until,
    }
    upsert(connection, rate_bucket, [row])


def _grants(text: str) -> tuple[Grant, ...]:
    return tuple((datetime.fromisoformat(at), int(count)) for at, count in json.loads(text))


def _text(grants: Sequence[Grant]) -> str:
    return json.dumps([[at.isoformat(), count] for at, count in grants])
