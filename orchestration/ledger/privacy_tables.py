"""The ledger's tables of rights: what became of a request, who is being erased, salts of batches.

What lives here: their names, types and keys, in the metadata of ``tables.py``.
What never does: statements, connections, rules.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from orchestration.ledger.tables import UtcDateTime, metadata

# One row per request and step: what we told the person, and for an erasure one proof per place.
# state: done, open (tried, not finished), or task (no machine can do it: a person must).
privacy_step = Table(
    "privacy_step",
    metadata,
    Column("request_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("step", String, primary_key=True),
    Column("state", String, nullable=False),
    # Counts, verdicts and names of places; nothing that names a person.
    Column("detail_json", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# What must be found of a person while she is being erased; the last step deletes the row.
erasure_work = Table(
    "erasure_work",
    metadata,
    Column("request_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("person_json", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)

# What the digest of a batch of rows is salted with: a new one, once a row of it was erased, leaves
# the digest that the chain holds without meaning.
batch_salt = Table(
    "batch_salt",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", String, nullable=False),
)
