"""The hash chain: each approval, seal, delivery and suppression batch is one link.

What lives here: appending, verifying, and the anchor file that holds the chain's head outside.
What never does: personal data; a link names plans, counts and digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, select

from orchestration.ledger.engine import damaged
from orchestration.ledger.privacy_tables import batch_salt
from orchestration.ledger.tables import audit_chain

GENESIS_HASH = "0" * 64
# The kind of link that says which batches an erasure changed, and their digests since.
ERASURE = "erasure"
_SALT_BYTES = 16
Witness = Callable[[Connection, Mapping[str, Any]], bool]

# Built once: every transaction asks, and building costs more than answering.
_HEAD = (
    select(audit_chain.c.position, audit_chain.c.link_hash)
    .order_by(audit_chain.c.position.desc())
    .limit(1)
)
_APPEND = audit_chain.insert()
_SALT = select(batch_salt.c.salt).where(
    batch_salt.c.table_name == bindparam("table_name"),
    batch_salt.c.first_sequence == bindparam("first_sequence"),
)
_SALT_BATCH = batch_salt.insert()


@dataclass(frozen=True)
class Head:
    """The newest link: its position (1 is the first) and its hash."""

    position: int
    link_hash: str


def append(connection: Connection, kind: str, detail: Mapping[str, Any], at: datetime) -> Head:
    """Add one link in the caller's transaction; it stands or falls with what it records."""
    previous = head(connection) or Head(0, GENESIS_HASH)
    detail_json = canonical_json(detail)
    position = previous.position + 1
    link_hash = _link_hash(previous.link_hash, position, kind, detail_json, at)
    connection.execute(
        _APPEND,
        {
            "position": position,
            "kind": kind,
            "detail_json": detail_json,
            "recorded_at": at,
            "previous_hash": previous.link_hash,
            "link_hash": link_hash,
        },
    )
    return Head(position, link_hash)


def head(connection: Connection) -> Head | None:
    """The newest link; None in an empty chain."""
    row = connection.execute(_HEAD).first()
    return None if row is None else Head(int(row.position), row.link_hash)


def verify_chain(
    connection: Connection, anchored: Head | None, witnesses: Mapping[str, Witness]
) -> int:
    """Compute every link again and return how many there are.

    Args:
        anchored: the head that was written outside; the chain must still hold it.
        witnesses: per kind, a check of the link's detail against the tables it speaks of.

    Raises:
        LedgerDamagedError: a link was edited, removed, reordered or cut off.
    """
    previous, position, anchored_hash = GENESIS_HASH, 0, None
    rewritten = _rewritten(connection)
    for row in connection.execute(select(audit_chain).order_by(audit_chain.c.position)):
        position += 1
        expected = _link_hash(previous, position, row.kind, row.detail_json, row.recorded_at)
        if (row.position, row.previous_hash, row.link_hash) != (position, previous, expected):
            raise damaged("The ledger's audit chain", f"is broken at link {position}")
        witness = witnesses.get(row.kind)
        detail = json.loads(row.detail_json)
        # The newest erasure's word: a link after this one, checked as every link is.
        now = rewritten.get((row.kind, detail.get("first_sequence")))
        detail = detail if now is None else {**detail, "digest": now}
        if witness is not None and not witness(connection, detail):
            raise damaged(f"What link {position} ({row.kind}) records", "was changed")
        previous = row.link_hash
        if anchored is not None and position == anchored.position:
            anchored_hash = row.link_hash
    if anchored is not None and anchored_hash != anchored.link_hash:
        raise damaged("The ledger's audit chain", f"lost link {anchored.position}")
    return position


def batch_digest(
    connection: Connection, table: Table, names: Sequence[str], first: int, count: int
) -> str:
    """SHA-256 over these columns of the rows that a batch wrote and that no erasure took, salted
    where the batch has a salt; for a link and its witness."""
    given = {"first": first, "end": first + count}
    rows = connection.execute(_batch(table, tuple(names)), given)
    salt: str | None = connection.execute(
        _SALT, {"table_name": table.name, "first_sequence": first}
    ).scalar()
    digest = hashlib.sha256((salt or "").encode())
    for row in rows:
        values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
        digest.update(canonical_json(values).encode())
    return digest.hexdigest()


@lru_cache(maxsize=32)
def _batch(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return (
        select(*[table.c[name] for name in names])
        .where(table.c.sequence >= bindparam("first"), table.c.sequence < bindparam("end"))
        .order_by(table.c.sequence)
    )


def salt_batch(connection: Connection, table: Table, first: int) -> None:
    """Give a batch its salt, before its digest is made.

    Without the salt a digest in the chain could confirm a guess about a row that is gone.
    """
    connection.execute(
        _SALT_BATCH,
        {
            "table_name": table.name,
            "first_sequence": first,
            "salt": secrets.token_hex(_SALT_BYTES),
        },
    )


def salt_anew(connection: Connection, table: Table, first: int) -> None:
    """Replace a batch's salt, after a row of it was erased."""
    connection.execute(
        delete(batch_salt).where(
            batch_salt.c.table_name == table.name, batch_salt.c.first_sequence == first
        )
    )
    salt_batch(connection, table, first)


class Anchor:
    """The chain's head in a file beside the ledger, replaced after each commit that adds a link."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> Head | None:
        """The anchored head; None where there is no file.

        Raises:
            LedgerDamagedError: the file is there and cannot be understood.
        """
        try:
            held = json.loads(self.file.read_text(encoding="utf-8"))
            return Head(int(held["position"]), str(held["link_hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(self.file.name, "cannot be read") from error

    def advance(self, newest: Head) -> None:
        """Write the head durably unless a newer one stands there already."""
        held = self.read()
        if held is not None and held.position >= newest.position:
            return
        text = json.dumps({"position": newest.position, "link_hash": newest.link_hash})
        write_durably(self.file, text.encode())


def write_durably(file: Path, content: bytes) -> None:
    """Replace a private file (mode 0600) so that a crash leaves the old or the new content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Accounts are served by threads side by side: each writes under a name of its own.
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    fsync_folder(file.parent)


def fsync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def canonical_json(value: Any) -> str:
    """One spelling for one value: sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _rewritten(connection: Connection) -> dict[tuple[str, int], str]:
    """(kind, first sequence) -> digest, of batches of which an erasure took rows."""
    found: dict[tuple[str, int], str] = {}
    links = connection.execute(
        select(audit_chain.c.detail_json)
        .where(audit_chain.c.kind == ERASURE)
        .order_by(audit_chain.c.position)
    )
    for link in links:
        for kind, first, digest in json.loads(link.detail_json)["batches"]:
            found[kind, first] = digest
    return found


def _link_hash(previous: str, position: int, kind: str, detail_json: str, at: datetime) -> str:
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
    text = canonical_json([previous, position, kind, detail_json, moment])
    return hashlib.sha256(text.encode()).hexdigest()
