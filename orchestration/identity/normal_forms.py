"""Addresses as a person types them: brought to the form of the warehouse, and masked for display.

What lives here: the rules of macros/identifiers/normalise.sql for matching, once more, and masks.
What never does: a form that is sent or hashed for a destination; the warehouse.
"""

from __future__ import annotations

import re
import unicodedata

MATCHED_DOMAIN = "gmail.com"
_MATCHED_DOMAINS = (MATCHED_DOMAIN, "googlemail.com")
# The engine's \s is these five; Python's knows more and would strip what SQL keeps.
_SPACE = r"\t\n\f\r "
_OUTER_SPACE = re.compile(rf"\A[{_SPACE}]+|[{_SPACE}]+\Z")
_EMAIL = re.compile(rf"[^@{_SPACE}]+@[^@{_SPACE}.]+(?:[.][^@{_SPACE}.]+)+")
_PHONE = re.compile(r"[+][1-9][0-9]{6,14}")


def email_for_matching(text: str) -> str | None:
    """The form that ``normalise_email_for_matching`` gives; None where it is no e-mail."""
    stripped = _OUTER_SPACE.sub("", unicodedata.normalize("NFC", text))
    # Letter by letter: a final sigma depends on its neighbours in Python, not in the engine.
    email = "".join(letter.lower()[0] for letter in stripped.rstrip("."))
    if not _EMAIL.fullmatch(email):
        return None
    mailbox, domain = email.split("@")
    if domain not in _MATCHED_DOMAINS:
        return email
    mailbox = mailbox.split("+")[0].replace(".", "")
    return f"{mailbox}@{MATCHED_DOMAIN}" if mailbox else None


def phone_for_matching(text: str) -> str | None:
    """The phone, if it is in E.164 with plus; nothing is repaired, as in ``normalise_phone``."""
    return text if _PHONE.fullmatch(text) else None


def value_for_matching(identifier_type: str, text: str) -> str | None:
    """The form in which an identifier of this type stands in the warehouse; None if it cannot."""
    if identifier_type == "email":
        return email_for_matching(text)
    if identifier_type == "phone":
        return phone_for_matching(text.strip())
    return text.strip() or None


def masked(identifier_type: str, value: str) -> str:
    """What may be shown of an identifier: ``a***@d***.com``, ``+1******1212``; a browser's number
    cut short, an account's or an order's as it is, because it says nothing outside its shop."""
    if identifier_type == "email":
        mailbox, _, domain = value.partition("@")
        name, _, ending = domain.rpartition(".")
        return f"{mailbox[:1]}***@{name[:1]}***.{ending}"
    if identifier_type == "phone":
        return f"{value[:2]}{'*' * max(len(value) - 6, 4)}{value[-4:]}"
    if identifier_type == "anonymous_id" and len(value) > 12:
        return f"{value[:8]}…"
    return value
