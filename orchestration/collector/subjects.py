"""Whom a fact is about: digests of addresses and of ids, and the addresses beside them.

What lives here: our own subject digests, made as macros/identifiers/subjects.sql makes them.
What never does: an address anywhere but in ``addresses``, which only an opt-out's row may take.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.e164 import to_e164

Subject = tuple[str, str]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:[.][^@\s.]+)+")
_OUR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EMAIL_CHARACTERS_MAX = 320


@dataclass(frozen=True)
class Person:
    """Subjects, and in clear what names her: neither is printed."""

    subjects: frozenset[Subject] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict)
    # (source table, row id) of her own records, by which the ledger may know her.
    source_rows: frozenset[tuple[str, str]] = frozenset()

    def __repr__(self) -> str:
        return f"Person({len(self.subjects)} subjects)"


def person(
    *,
    email: str | None = None,
    phone: str | None = None,
    country_code: str | None = None,
    customer_id: str | None = None,
    issued: Mapping[str, tuple[str, str | None]] | None = None,
    source_rows: Mapping[str, str | None] | None = None,
) -> Person:
    """Everything that names her.

    Args:
        customer_id: ours, as published.
        issued: subject type -> (shop or account, id there).
        source_rows: source table -> id of her record in it.
    """
    subjects: set[Subject] = set()
    addresses: dict[str, str] = {}
    normal = None if email is None else normal_email(email)
    number = None if phone is None else to_e164(phone, (country_code or "").upper())
    for kind, address in (("email_sha256", normal), ("phone_sha256", number)):
        if address is not None:
            digest = hashlib.sha256(address.encode()).hexdigest()
            subjects.add((kind, digest))
            addresses[digest] = address
    if customer_id is not None and _OUR_ID.fullmatch(customer_id):
        subjects.add(("customer_id", customer_id))
    for kind, (scope, value) in (issued or {}).items():
        if value is not None:
            subjects.add((kind, issued_digest(scope, value)))
    rows = frozenset((table, row) for table, row in (source_rows or {}).items() if row)
    return Person(frozenset(subjects), addresses, rows)


def normal_email(shown: str) -> str | None:
    """Trimmed, composed, in lower case and without a trailing dot; None where it is no e-mail."""
    stripped = unicodedata.normalize("NFC", shown.strip()).rstrip(".")
    # Letter by letter: a final sigma depends on its neighbours in Python, not in the engine.
    email = "".join(letter.lower()[0] for letter in stripped)
    return email if len(email) <= _EMAIL_CHARACTERS_MAX and _EMAIL.fullmatch(email) else None


def issued_digest(scope: str, value: str) -> str:
    """The digest of an id that a shop, an account or a browser carries."""
    return hashlib.sha256(f"{scope}\0{value}".encode()).hexdigest()
