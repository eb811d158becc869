"""Tombstones: people who were erased, known by keyed digests only, so that nobody makes them again.

What lives here: the key and its file, digests, burying and looking up.
What never does: an identifier in clear; erasing; who asks at the gate.

A plain digest of an address can be guessed; this one needs the key, which comes from the
environment or stands in a file beside the ledger, and in no backup of it. Without the key the
tombstones tell nothing, so another key than the one they were made with is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.audit import fsync_folder
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.safety_tables import tombstone
from orchestration.ledger.statements import INSERTED_ROWS, chunks, next_sequence
from orchestration.settings import Secret

KEY_FILE = "tombstone.key"
KEY_BYTES = 32
# Addresses in any spelling or as anybody's digest; ``record``: source table|relation|id.
IDENTIFIER_TYPES = (
    "customer_id", "email", "phone", "email_sha256", "phone_sha256", "phone_digits", "record",
)  # fmt: skip
# Where a connection of the ledger finds the key: a callable, since most work never needs it.
KEY_OPTION = "tributary_tombstone_key"
# The tombstone by which a key shows that it is the one.
_KEY_TYPE = "key"
_WITNESSED = ("sequence", "digest", "identifier_type", "buried_at")
_LOOKED_UP = 5_000
# Built once: the gate asks it for every request.
_ANYBODY = select(tombstone.c.sequence).limit(1)

Identifier = tuple[str, str]


def key_loader(secret: Secret | None, file: Path) -> Callable[[], bytes]:
    """The key from the environment, else the one in the file; read when it is first needed."""
    if secret is None:
        return lambda: load_key(file)
    return lambda: hashlib.sha256(secret.reveal().encode()).digest()


def key_of(connection: Connection) -> bytes:
    """The key of an opened ledger, by which all its tombstones were made.

    Raises:
        LedgerError: the key is another one: nobody would be found, so nothing may go on.
    """
    loader = connection.get_execution_options()[KEY_OPTION]
    key: bytes = loader()
    known: str | None = connection.execute(
        select(tombstone.c.digest).where(tombstone.c.identifier_type == _KEY_TYPE)
    ).scalar()
    if known is not None and known != _keyed(key, _KEY_TYPE, ""):
        raise LedgerError(
            "The key of the tombstones is not the one they were made with.",
            remedy="Put TRIBUTARY_TOMBSTONE_KEY or tombstone.key back from where it was kept.",
        )
    return key


def is_anybody_buried(connection: Connection) -> bool:
    """False where no look-up can find anything."""
    return connection.execute(_ANYBODY).first() is not None


def digests(connection: Connection) -> list[str]:
    """Every tombstone, in order."""
    return list(
        connection.execute(select(tombstone.c.digest).order_by(tombstone.c.sequence)).scalars()
    )


def load_key(file: Path) -> bytes:
    """The key in the file, which is made (mode 0600) where there is none.

    Raises:
        LedgerError: the file is open to others or holds no key.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(file)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(KEY_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    fsync_folder(file.parent)
    return _read_key(file)


def digest(key: bytes, identifier: Identifier) -> str:
    """The keyed digest of one (type, value); e-mails trimmed and in lower case.

    Raises:
        UnknownNameError: a type that no tombstone holds.
    """
    kind, value = identifier
    if kind not in IDENTIFIER_TYPES:
        raise UnknownNameError("identifier type", kind, list(IDENTIFIER_TYPES))
    return _keyed(key, kind, value.strip().lower() if kind == "email" else value.strip())


def bury(
    connection: Connection, key: bytes, identifiers: Collection[Identifier], at: datetime
) -> int:
    """Remember erased identifiers (at most ``INSERTED_ROWS``) with one link of the chain, in the
    caller's transaction; how many were new."""
    named = {digest(key, one): one[0] for one in identifiers}
    if len(named) > INSERTED_ROWS:
        raise ValueError(f"At most {INSERTED_ROWS} tombstones go into one transaction.")
    known = _known(connection, sorted(named))
    new = [(name, kind) for name, kind in sorted(named.items()) if name not in known]
    if not new:
        return 0
    buried_count = len(new)
    if not _is_key_shown(connection):
        new.append((_keyed(key, _KEY_TYPE, ""), _KEY_TYPE))
    first = next_sequence(connection, tombstone.name, len(new))
    connection.execute(
        tombstone.insert(),
        [
            {"sequence": first + place, "digest": name, "identifier_type": kind, "buried_at": at}
            for place, (name, kind) in enumerate(new)
        ],
    )
    detail: dict[str, Any] = {"first_sequence": first, "count": len(new)}
    detail["digest"] = _batch_digest(connection, first, len(new))
    audit.append(connection, "tombstone", detail, at)
    return buried_count


def buried(connection: Connection, key: bytes, identifiers: Set[Identifier]) -> set[Identifier]:
    """Those of the identifiers that were erased."""
    named = {digest(key, one): one for one in identifiers}
    return {named[name] for name in _known(connection, sorted(named))}


def tombstones_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the batch that a link records is in the table, unchanged."""
    found = _batch_digest(connection, detail["first_sequence"], detail["count"])
    return bool(found == detail["digest"])


def _keyed(key: bytes, kind: str, shown: str) -> str:
    # landing/erased.py computes the same in SQL.
    return hmac.new(key, f"{kind}|{shown}".encode(), hashlib.sha256).hexdigest()


def _is_key_shown(connection: Connection) -> bool:
    statement = select(tombstone.c.sequence).where(tombstone.c.identifier_type == _KEY_TYPE)
    return connection.execute(statement).first() is not None


def _known(connection: Connection, digests: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in chunks(digests, _LOOKED_UP):
        statement = select(tombstone.c.digest).where(tombstone.c.digest.in_(some))
        known.update(connection.execute(statement).scalars())
    return known


def _batch_digest(connection: Connection, first: int, count: int) -> str:
    return audit.batch_digest(connection, tombstone, _WITNESSED, first, count)


def _read_key(file: Path) -> bytes:
    if file.stat().st_mode & 0o077:
        raise LedgerError(
            f"{file.name} can be read by others.", remedy=f"Run: chmod 600 {file.name}"
        )
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise LedgerError(
            f"{file.name} holds no key of {KEY_BYTES} bytes.",
            remedy="Put the key back from where it was kept; a new one knows no old tombstone.",
        )
    return key
