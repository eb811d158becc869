"""The ledger's tables of what people said: consent events and privacy requests.

What lives here: their names, types, keys and indexes, in the metadata of ``tables.py``.
What never does: statements, connections, rules; an address in clear: subjects are digests.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, UniqueConstraint

from orchestration.ledger.tables import UtcDateTime, metadata

# One statement about one purpose and channel. consented_at is the person's time, received_at ours;
# an opt-in without proof is kept and allows nothing.
consent_event = Table(
    "consent_event",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String, nullable=False),
    # Shop or account.
    Column("scope", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("event_id", String, nullable=False),
    # [[subject type, digest], …], sorted.
    Column("subjects_json", Text, nullable=False),
    Column("purpose", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),
    Column("consented_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("proof", Text),
    UniqueConstraint("source", "scope", "topic", "event_id"),
)

# The way from a subject to what was said about it.
consent_event_subject = Table(
    "consent_event_subject",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_type", String, primary_key=True),
    Column("subject_value", String, primary_key=True),
    Index("consent_event_by_subject", "subject_value", "subject_type"),
)

# Somebody asks for her data, for its erasure, or a shop leaves.
privacy_request = Table(
    "privacy_request",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subjects_json", Text, nullable=False),
    # Ids of orders and of the request at the source; nothing that names a person.
    Column("detail_json", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "scope", "topic", "event_id"),
)
