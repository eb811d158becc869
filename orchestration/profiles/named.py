"""Whom a question names: exactly one identifier, in one of the known forms.

What lives here: reading the question, within bounds; the digests that it is looked up by.
What never does: the snapshot; keeping an address any longer than its digest takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.collector.documents import text
from orchestration.collector.errors import unreadable
from orchestration.collector.subjects import Subject, issued_digest, normal_email, person
from orchestration.profiles.snapshot import identifier_digest

FULL, MASKED = "full", "masked"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OUR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE_CHARACTERS_MAX = 320
# Not names of a person: how she is asked for.
_BESIDE = {"country_code", "scope", "contact"}


@dataclass(frozen=True)
class Named:
    """Digests only. ``subjects`` bind her consent, whether or not a build knows her."""

    identifier_digest: str | None = None
    subjects: frozenset[Subject] = frozenset()


@dataclass(frozen=True)
class Question:
    """One person, and whether her contact data is asked for in clear."""

    named: Named
    is_full: bool


def read(document: Mapping[str, Any]) -> Question:
    """The question of a body.

    Raises:
        RefusedError: 400: no name or two, an unknown field, or a value of another form.
    """
    forms = set(document) - _BESIDE
    contact = document.get("contact", MASKED)
    if len(forms) != 1 or contact not in (FULL, MASKED):
        raise unreadable()
    form = forms.pop()
    if form not in _FORMS:
        raise unreadable()
    named = _FORMS[form](document)
    if named is None:
        raise unreadable()
    return Question(named, contact == FULL)


def _email(document: Mapping[str, Any]) -> Named | None:
    normal = normal_email(text(document, "email") or "")
    if normal is None:
        return None
    return _known_as("email", normal, person(email=normal).subjects)


def _phone(document: Mapping[str, Any]) -> Named | None:
    found = person(phone=text(document, "phone"), country_code=text(document, "country_code"))
    if not found.subjects:
        return None
    (number,) = found.addresses.values()
    return _known_as("phone", number, found.subjects)


def _customer_id(document: Mapping[str, Any]) -> Named | None:
    shown = text(document, "customer_id") or ""
    return Named(subjects=frozenset({("customer_id", shown)})) if _OUR_ID.fullmatch(shown) else None


def _browser_id(document: Mapping[str, Any]) -> Named | None:
    shown, scope = text(document, "browser_id"), text(document, "scope") or "storefront"
    if shown is None or len(shown) > _VALUE_CHARACTERS_MAX:
        return None
    subject = ("browser_id", issued_digest("browser", shown))
    return Named(identifier_digest(("anonymous_id", scope, shown)), frozenset({subject}))


def _subject(name: str) -> Callable[[Mapping[str, Any]], Named | None]:
    def read_digest(document: Mapping[str, Any]) -> Named | None:
        shown = text(document, name) or ""
        return Named(subjects=frozenset({(name, shown)})) if _DIGEST.fullmatch(shown) else None

    return read_digest


def _identifier(document: Mapping[str, Any]) -> Named | None:
    given = document["identifier"]
    if not isinstance(given, Mapping) or not set(given) <= {"type", "scope", "value"}:
        return None
    kind, scope, value = (text(given, name) or "" for name in ("type", "scope", "value"))
    if not _TYPE.fullmatch(kind) or not value or len(scope + value) > _VALUE_CHARACTERS_MAX:
        return None
    return Named(identifier_digest((kind, scope, value)))


def _identifier_digest(document: Mapping[str, Any]) -> Named | None:
    shown = text(document, "identifier_digest") or ""
    return Named(shown) if _DIGEST.fullmatch(shown) else None


def _known_as(kind: str, value: str, subjects: frozenset[Subject]) -> Named:
    return Named(identifier_digest((kind, "", value)), subjects)


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Named | None]] = {
    "email": _email,
    "phone": _phone,
    "customer_id": _customer_id,
    "browser_id": _browser_id,
    "email_sha256": _subject("email_sha256"),
    "phone_sha256": _subject("phone_sha256"),
    "identifier": _identifier,
    "identifier_digest": _identifier_digest,
}
