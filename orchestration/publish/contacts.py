"""Contact data of the snapshot, in a file of its own.

What lives here: ``contacts.sqlite``, customer id to what she says of herself, in clear.
What never does: anything that senders and the collector need: they open ``lookup.sqlite`` only,
which holds digests. The profile API reads it to mask it, or to show it to who may see it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from orchestration.publish.relations import batches, quoted
from orchestration.publish.subjects import CONTACT_COLUMNS, CUSTOMERS

CONTACTS_FILE = "contacts.sqlite"


def write_contacts(warehouse: duckdb.DuckDBPyConnection, file: Path) -> None:
    """One row per customer: her contact columns as a JSON object."""
    contacts = f"""
        select customer_id, cast(to_json(built) as varchar) as contact_json
        from (
            select customer_id, columns(name -> name in {CONTACT_COLUMNS})
            from {quoted(CUSTOMERS)}
        ) as built
        order by customer_id
    """
    with closing(sqlite3.connect(file)) as written:
        # A file that nobody reads before it is whole and fsynced needs no journal.
        written.execute("pragma journal_mode = off")
        written.execute("pragma synchronous = off")
        written.execute(
            "create table contact (customer_id text primary key, contact_json text) without rowid"
        )
        with written:
            for batch in batches(warehouse, contacts):
                written.executemany("insert into contact values (?, ?)", batch)
