"""What the simulated vendors know: profiles, members, jobs, and a log of every write.

What lives here: one SQLite file under the state directory. It survives a restart, and others may
read it while the server runs.
What never does: wire formats, and anything of our own ledger: this is the other side's record.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What the counted objects of a vendor are called.
VENDORS = {
    "klaviyo": "lists",
    "meta": "audiences",
    "google": "audiences",
    "tiktok": "audiences",
    "postscript": "objects",
}
# How a document is found by one of its fields. The index is named: left to itself, SQLite reads all
# documents of the kind.
DOCUMENTS_WITH: Mapping[str, str] = {
    "id": "select id, body from document where vendor = ? and kind = ? and id = ?",
    **{
        name: f"select id, body from document indexed by document_{name}"
        f" where vendor = ? and kind = ? and json_extract(body, '$.{name}') = ? order by id"
        for name in ("phone_number", "email", "shopify_customer_id")
    },
}

_SCHEMA = """
create table if not exists object (vendor text, id text, primary key (vendor, id));
create table if not exists profile (
    id text primary key, external_id text unique, email text unique, phone_number text unique,
    body text not null
);
create table if not exists member (
    vendor text, object_id text, member text, identifier text,
    primary key (vendor, object_id, member, identifier)
) without rowid;
create index if not exists member_identifier on member (vendor, object_id, identifier);
create table if not exists job (
    id text primary key, vendor text not null, poll_count integer not null, body text not null
);
create table if not exists fact (
    vendor text, kind text, object_id text, key text, body text not null,
    primary key (vendor, kind, object_id, key)
) without rowid;
create table if not exists document (
    vendor text, kind text, id text, body text not null, primary key (vendor, kind, id)
) without rowid;
create index if not exists document_phone_number
    on document (vendor, kind, json_extract(body, '$.phone_number'));
create index if not exists document_email
    on document (vendor, kind, json_extract(body, '$.email'));
create index if not exists document_shopify_customer_id
    on document (vendor, kind, json_extract(body, '$.shopify_customer_id'));
create table if not exists write (
    sequence integer primary key, vendor text not null, operation text not null,
    object_id text not null, row_count integer not null
);
"""


class Truth:
    """The vendors' record in ``state_dir/vendors.sqlite``; the directory is made where missing."""

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._key = secrets.token_bytes(32)
        # The server answers from one thread, which is not always the one that opened the file.
        self._connection = sqlite3.connect(
            state_dir / "vendors.sqlite", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, as at a vendor that answers once."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def run_script(self, script: str) -> None:
        """Statements of a record that another file of this room keeps here."""
        self._connection.executescript(script)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement of another file of this room."""
        return list(self._connection.execute(statement, values))

    def add_objects(self, objects: Mapping[str, Iterable[str]]) -> None:
        """Create lists and audiences; what is there stays as it is."""
        pairs = [(vendor, name) for vendor, names in objects.items() for name in names]
        with self.transaction():
            self._connection.executemany("insert or ignore into object values (?, ?)", pairs)

    def has_object(self, vendor: str, object_id: str) -> bool:
        return self._one("select 1 from object where (vendor, id) = (?, ?)", vendor, object_id)

    def log_write(self, vendor: str, operation: str, object_id: str, row_count: int) -> None:
        self._connection.execute(
            "insert into write (vendor, operation, object_id, row_count) values (?, ?, ?, ?)",
            (vendor, operation, object_id, row_count),
        )

    def writes(self) -> list[dict[str, Any]]:
        """Every write call in order: vendor, operation, object_id, row_count."""
        rows = self._connection.execute(
            "select vendor, operation, object_id, row_count from write order by sequence"
        )
        names = ("vendor", "operation", "object_id", "row_count")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def add_members(self, vendor: str, object_id: str, members: Iterable[tuple[str, str]]) -> None:
        """Add (member, identifier) pairs; a pair that is in stays in."""
        self._connection.executemany(
            "insert or ignore into member values (?, ?, ?, ?)",
            [(vendor, object_id, member, identifier) for member, identifier in members],
        )

    def remove_members(
        self, vendor: str, object_id: str, members: Iterable[tuple[str, str]]
    ) -> None:
        """Take exactly these pairs out; a member is out when none of its identifiers is left."""
        self._connection.executemany(
            "delete from member where (vendor, object_id, member, identifier) = (?, ?, ?, ?)",
            [(vendor, object_id, member, identifier) for member, identifier in members],
        )

    def remove_identifiers(self, vendor: str, object_id: str, identifiers: Iterable[str]) -> None:
        """Take identifiers out, whichever member holds them."""
        self._connection.executemany(
            "delete from member where (vendor, object_id, identifier) = (?, ?, ?)",
            [(vendor, object_id, identifier) for identifier in identifiers],
        )

    def remove_whole(self, vendor: str, object_id: str, members: Iterable[str]) -> None:
        """Take members out with all their identifiers."""
        self._connection.executemany(
            "delete from member where (vendor, object_id, member) = (?, ?, ?)",
            [(vendor, object_id, member) for member in members],
        )

    def members(self, vendor: str, object_id: str) -> list[str]:
        """Who is in, sorted: profile ids, or the members' first identifier."""
        rows = self._connection.execute(
            "select distinct member from member where (vendor, object_id) = (?, ?) order by 1",
            (vendor, object_id),
        )
        return [row[0] for row in rows]

    def find_profile(self, column: str, value: str) -> tuple[str, dict[str, Any]] | None:
        """A profile's id and attributes by ``id``, ``external_id``, ``email``, ``phone_number``."""
        if column not in ("id", "external_id", "email", "phone_number"):
            raise ValueError(column)
        row = self._connection.execute(
            f"select id, body from profile where {column} = ?", (value,)
        ).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def profiles_noted(self, kind: str) -> list[str]:
        """Sorted ids of the profiles whose e-mail address has a fact of this kind."""
        rows = self._connection.execute(
            "select id from profile where email in (select lower(key) from fact"
            " where (vendor, kind, object_id) = ('klaviyo', ?, '')) order by id",
            (kind,),
        )
        return [row[0] for row in rows]

    def save_profile(self, profile_id: str, attributes: Mapping[str, Any]) -> None:
        """Write a profile whole."""
        email = attributes.get("email")
        self._connection.execute(
            "insert or replace into profile values (?, ?, ?, ?, ?)",
            (
                profile_id,
                attributes.get("external_id"),
                email.lower() if email else None,
                attributes.get("phone_number"),
                json.dumps(attributes),
            ),
        )

    def delete_profile(self, profile_id: str) -> None:
        """Erase a profile and take it out of every list."""
        self._connection.execute("delete from profile where id = ?", (profile_id,))
        self._connection.execute(
            "delete from member where (vendor, member) = ('klaviyo', ?)", (profile_id,)
        )

    def add_fact(
        self, vendor: str, kind: str, object_id: str, key: str, body: Mapping[str, Any]
    ) -> bool:
        """Note an event, opt-out or request under its key; False where it was there: first wins."""
        cursor = self._connection.execute(
            "insert or ignore into fact values (?, ?, ?, ?, ?)",
            (vendor, kind, object_id, key, json.dumps(body)),
        )
        return cursor.rowcount == 1

    def forget_facts(self, vendor: str, values: Iterable[str]) -> None:
        """Erase every fact of the vendor in whose key or body one of the values stands, and the
        values from its log."""
        for value in values:
            self._connection.execute(
                "update write set object_id = '' where vendor = ? and instr(object_id, ?) > 0",
                (vendor, value),
            )
            self._connection.execute(
                "delete from fact where vendor = ? and (instr(key, ?) > 0 or instr(body, ?) > 0)",
                (vendor, value, json.dumps(value)[1:-1]),
            )

    def note_erasure(self, vendor: str, value: str) -> None:
        """Note once that somebody was erased; whom, nobody can tell who lacks this server's key."""
        key = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()
        self.add_fact(vendor, "erased", "", key, {})

    def facts(self, vendor: str, kind: str, object_id: str = "") -> dict[str, dict[str, Any]]:
        """What was noted of one kind, by key."""
        rows = self._connection.execute(
            "select key, body from fact where (vendor, kind, object_id) = (?, ?, ?) order by key",
            (vendor, kind, object_id),
        )
        return {row[0]: json.loads(row[1]) for row in rows}

    def fact(self, vendor: str, kind: str, object_id: str, key: str) -> dict[str, Any] | None:
        row = self._connection.execute(
            "select body from fact where (vendor, kind, object_id, key) = (?, ?, ?, ?)",
            (vendor, kind, object_id, key),
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def has_fact(self, vendor: str, kind: str, object_id: str, key: str) -> bool:
        return self._one(
            "select 1 from fact where (vendor, kind, object_id, key) = (?, ?, ?, ?)",
            vendor, kind, object_id, key,
        )

    def profile_count(self) -> int:
        return int(self._connection.execute("select count(*) from profile").fetchone()[0])

    def save_document(self, vendor: str, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """Keep a record by its key; unlike a fact, the last of a key stays."""
        self._connection.execute(
            "insert or replace into document values (?, ?, ?, ?)",
            (vendor, kind, key, json.dumps(body, sort_keys=True)),
        )

    def forget_document(self, vendor: str, kind: str, key: str) -> None:
        self._connection.execute(
            "delete from document where (vendor, kind, id) = (?, ?, ?)", (vendor, kind, key)
        )

    def documents(self, vendor: str, kind: str) -> dict[str, dict[str, Any]]:
        """Everything of a kind by its key."""
        rows = self._connection.execute(
            "select id, body from document where (vendor, kind) = (?, ?) order by id",
            (vendor, kind),
        )
        return {row[0]: json.loads(row[1]) for row in rows}

    def document_ids(self, vendor: str, kind: str) -> list[str]:
        """The keys of a kind, sorted."""
        rows = self._connection.execute(
            "select id from document where (vendor, kind) = (?, ?) order by id", (vendor, kind)
        )
        return [row[0] for row in rows]

    def documents_with(
        self, vendor: str, kind: str, name: str, value: str
    ) -> dict[str, dict[str, Any]]:
        """Those of a kind in which a field of ``DOCUMENTS_WITH`` has this value, by key."""
        rows = self._connection.execute(DOCUMENTS_WITH[name], (vendor, kind, value))
        return {row[0]: json.loads(row[1]) for row in rows}

    def document(self, vendor: str, kind: str, key: str) -> dict[str, Any] | None:
        row = self._connection.execute(
            "select body from document where (vendor, kind, id) = (?, ?, ?)", (vendor, kind, key)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def save_job(self, vendor: str, job_id: str, body: Mapping[str, Any]) -> None:
        self._connection.execute(
            "insert or replace into job values (?, ?, 0, ?)", (job_id, vendor, json.dumps(body))
        )

    def poll_job(self, vendor: str, job_id: str) -> tuple[int, dict[str, Any]] | None:
        """How often the job was asked about before, and its body; None where unknown."""
        row = self._connection.execute(
            "update job set poll_count = poll_count + 1 where (vendor, id) = (?, ?)"
            " returning poll_count, body",
            (vendor, job_id),
        ).fetchone()
        return None if row is None else (row[0] - 1, json.loads(row[1]))

    def next_number(self, table: str) -> int:
        """A number that no earlier row of ``job`` or ``profile`` was named by."""
        if table not in ("job", "profile"):
            raise ValueError(table)
        statement = f"select coalesce(max(rowid), 0) + 1 from {table}"
        return int(self._connection.execute(statement).fetchone()[0])

    def summary(self) -> dict[str, Any]:
        """Counts: members per object of each vendor, profiles, facts, write calls, rows in them;
        of documents also a digest of what they say."""
        counts: dict[str, Any] = {
            vendor: {word: dict.fromkeys(self._objects(vendor), 0)}
            for vendor, word in VENDORS.items()
        }
        counts["klaviyo"]["profiles"] = self.profile_count()
        rows = self._connection.execute(
            "select vendor, object_id, count(distinct member) from member group by 1, 2"
        )
        for vendor, object_id, member_count in rows:
            counts[vendor][VENDORS[vendor]][object_id] = member_count
        facts = self._connection.execute(
            "select vendor, kind, object_id, count(*) from fact group by 1, 2, 3"
        )
        for vendor, kind, object_id, fact_count in facts:
            counts[vendor].setdefault(kind, {})[object_id] = fact_count
        kinds = self._connection.execute("select distinct vendor, kind from document").fetchall()
        for vendor, kind in kinds:
            bodies = self.documents(vendor, kind)
            text = json.dumps(bodies, sort_keys=True).encode()
            counts[vendor][kind] = {
                "count": len(bodies), "digest": hashlib.sha256(text).hexdigest(),
            }
        writes, rows_written = self._connection.execute(
            "select count(*), coalesce(sum(row_count), 0) from write"
        ).fetchone()
        return {**counts, "writes": writes, "rows_written": rows_written}

    def _objects(self, vendor: str) -> Sequence[str]:
        rows = self._connection.execute(
            "select id from object where vendor = ? order by id", (vendor,)
        )
        # An id with its kind before it holds events, and nobody is a member of it.
        return [row[0] for row in rows if "/" not in row[0]]

    def _one(self, statement: str, *values: str) -> bool:
        return self._connection.execute(statement, values).fetchone() is not None
