"""The ledger's tables of standing approvals, erased people, restores and lost answers.

What lives here: their names, types, keys and indexes, in the metadata of ``tables.py``.
What never does: statements, connections, rules.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from orchestration.ledger.tables import UtcDateTime, metadata

# A person's signature under a delivery's limits: plans inside them need no further one.
standing_approval = Table(
    "standing_approval",
    metadata,
    Column("signature", String, primary_key=True),
    Column("destination", String, nullable=False),
    Column("object", String, nullable=False),
    Column("model", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("account_json", Text, nullable=False),
    Column("fields_json", Text, nullable=False),
    Column("most_adds", BigInteger, nullable=False),
    Column("most_removals", BigInteger, nullable=False),
    Column("approver", String, nullable=False),
    Column("public_key", String, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", String),
    Column("revoke_reason", String),
    Index("standing_approval_by_object", "destination", "object"),
)

# People who were erased, as keyed digests of their identifiers: nobody makes them again.
tombstone = Table(
    "tombstone",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False, unique=True),
    Column("identifier_type", String, nullable=False),
    Column("buried_at", UtcDateTime, nullable=False),
)

# Whom a request without an answer would add: it may still do so, until its vendor's longest job has
# ended. One row per key and content.
unanswered = Table(
    "unanswered",
    metadata,
    Column("destination", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("row_hash", String, primary_key=True),
    Column("payload_json", Text, nullable=False),
    Column("vendor_id", String),
    Column("until_at", UtcDateTime, nullable=False, index=True),
)

# Links that a restore from an older backup lost; while one is not closed nothing is sent.
restore_gap = Table(
    "restore_gap",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("backup_position", BigInteger, nullable=False),
    Column("lost_position", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String, nullable=False),
    Column("restored_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String),
    Column("close_reason", Text),
)
