"""The ledger's tables, as SQLAlchemy Core metadata.

What lives here: names, types, keys and indexes of every ledger table.
What never does: statements, connections, rules.

``sequence`` numbers come from ``counter``, inside the writing transaction, so that they rise in the
order of commits: a reader who stops at sequence n never finds a smaller one later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, without an offset in the store."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("The ledger takes aware times only.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", UtcDateTime, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("detail_json", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("previous_hash", String, nullable=False),
    Column("link_hash", String, nullable=False),
)

# A seal: everything that plan_hash covers stands in this row, so that it can be computed again.
plan = Table(
    "plan",
    metadata,
    Column("plan_hash", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False, unique=True),
    Column("destination", String, nullable=False),
    Column("object", String, nullable=False),
    Column("model", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("seal_json", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("delivered_version", BigInteger, nullable=False),
    Column("desired_count", BigInteger, nullable=False),
    Column("delivered_count", BigInteger, nullable=False),
    Column("add_count", BigInteger, nullable=False),
    Column("update_count", BigInteger, nullable=False),
    Column("remove_count", BigInteger, nullable=False),
    Column("held_back_count", BigInteger, nullable=False),
    Column("filled_count", BigInteger, nullable=False, default=0),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    # The standing approval that let it out, where no person signed the plan itself.
    Column("standing_signature", String),
    Column("cancelled_at", UtcDateTime),
    Index("plan_by_object", "destination", "object", "state"),
)

approval = Table(
    "approval",
    metadata,
    Column("signature", String, primary_key=True),
    Column("plan_hash", String, nullable=False, index=True),
    Column("approver", String, nullable=False),
    Column("public_key", String, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("override_reason", String),
    Column("used_at", UtcDateTime),
)

# Intents that wait for a final verdict; a decided row leaves this table for `receipt`.
# plan_hash null: an opt-out, which needs no plan and no approval. Per object and key one intent
# waits; another may be under way. `attempt_count` above zero: the vendor may already hold it.
outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", Integer, primary_key=True),
    Column("plan_hash", String),
    Column("destination", String, nullable=False),
    Column("object", String, nullable=False),
    Column("key", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("row_hash", String),
    Column("payload_json", Text, nullable=False),
    Column("prior_payload_json", Text),
    Column("vendor_id", String),
    Column("job_id", String),
    Column("attempt_count", Integer, nullable=False, default=0),
    Column("last_reason", String),
    Index("outbox_by_key", "destination", "object", "key"),
    Index(
        "outbox_one_waits",
        "destination",
        "object",
        "key",
        unique=True,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index("outbox_by_turn", "plan_hash", "priority", "state", "outbox_id"),
    Index("outbox_by_job", "plan_hash", "state", "job_id"),
    # An opt-out looks for its person in the jobs of every vendor.
    Index(
        "outbox_in_jobs",
        "key",
        sqlite_where=text("state = 'submitted'"),
        postgresql_where=text("state = 'submitted'"),
    ),
)

receipt = Table(
    "receipt",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    # Null: an opt-out, which no plan let out.
    Column("plan_hash", String, index=True),
    Column("destination", String, nullable=False),
    Column("object", String, nullable=False),
    Column("key", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("row_hash", String),
    Column("verdict", String, nullable=False),
    Column("reason", String),
    Column("vendor_id", String),
    Column("job_id", String),
    Column("received_at", UtcDateTime, nullable=False),
)

# What we know to stand at the vendor. row_hash null: it may stand there, nobody could tell.
# stale_payloads_json: older or doubtful payloads of this key that may still stand there as well.
delivered = Table(
    "delivered",
    metadata,
    Column("destination", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("row_hash", String),
    Column("payload_json", Text),
    Column("stale_payloads_json", Text),
    Column("vendor_id", String),
    Column("plan_hash", String),
    Column("delivered_at", UtcDateTime, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Index("delivered_by_sequence", "sequence"),
    Index("delivered_version", "destination", "object", "sequence"),
    Index("delivered_by_key", "key"),
)

# Content that a vendor rejected: not planned again until the row changes, a person asks for it, or
# retry_at has come (each rejection doubles the pause).
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("destination", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("row_hash", String, nullable=False),
    Column("reason", String),
    Column("plan_hash", String, nullable=False),
    Column("rejected_at", UtcDateTime, nullable=False),
    Column("rejected_count", Integer, nullable=False, server_default="1"),
    # Null: rejected by an older version, due at once.
    Column("retry_at", UtcDateTime),
)

lease = Table(
    "lease",
    metadata,
    Column("destination", String, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("holder", String),
    Column("fencing_token", BigInteger, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# What was spent of an account's request limits. granted_json: [[when, requests], …], so that a
# process that takes over knows what the one before it has sent.
rate_bucket = Table(
    "rate_bucket",
    metadata,
    Column("destination", String, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("bucket", String, primary_key=True),
    Column("granted_json", Text, nullable=False),
    Column("blocked_until", UtcDateTime),
)

suppression = Table(
    "suppression",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_type", String, nullable=False),
    Column("subject_value", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("source_event", String, nullable=False),
    Column("suppressed_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("subject_type", "subject_value", "channel", "purpose", "source_event"),
)

# A person's own later yes, with its proof: what was suppressed up to consented_at holds no more.
suppression_lift = Table(
    "suppression_lift",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_type", String, nullable=False),
    Column("subject_value", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("consented_at", UtcDateTime, nullable=False),
    Column("proof_json", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("subject_type", "subject_value", "channel", "purpose", "consented_at"),
)

customer_id_register = Table(
    "customer_id_register",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", String, nullable=False, unique=True),
    Column("source_relation", String, nullable=False),
    Column("source_table", String, nullable=False),
    Column("source_row_id", String, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    # What the build knew when it registered the id: which of two ids survives hangs on it, so it
    # never changes. Null where an older version registered the id.
    Column("first_ordered_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime),
    Column("as_of_at", UtcDateTime),
)

# The records that an id keeps when its other records leave it.
customer_id_anchor = Table(
    "customer_id_anchor",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", String, nullable=False, index=True),
    Column("source_relation", String, nullable=False),
    Column("source_table", String, nullable=False),
    Column("source_row_id", String, nullable=False),
    Column("anchor_number", Integer, nullable=False),
    Column("as_of_at", UtcDateTime),
    Column("registered_at", UtcDateTime, nullable=False),
    UniqueConstraint("source_relation", "source_table", "source_row_id"),
)

# What became of a published id: merged into customer_id, or itself again (customer_id null).
customer_id_change = Table(
    "customer_id_change",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("old_customer_id", String, nullable=False),
    Column("customer_id", String),
    Column("kind", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("old_customer_id", "changed_at"),
    Index("customer_id_change_by_new", "customer_id"),
)

# What a person decided about two records or about an identifier; the newest decision holds.
identity_instruction = Table(
    "identity_instruction",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("left_node_key", String),
    Column("right_node_key", String),
    Column("identifier_type", String),
    Column("identifier_scope", String),
    Column("identifier_value", String),
    Column("reason", Text, nullable=False),
    Column("actor", String, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# The tables that landing copies by watermark.
LANDED_TABLES = {
    table.name: table
    for table in (
        customer_id_anchor,
        customer_id_change,
        customer_id_register,
        delivered,
        identity_instruction,
        plan,
        receipt,
        suppression,
        suppression_lift,
    )
}
