"""What a payload says about a person, whichever channel it is for.

What lives here: the subjects a suppression may name, and which identifiers a change leaves behind.
What never does: normalising or hashing for a vendor (SQL macros do); the two digests made here are
our own subject digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Payload = Mapping[str, Any]

# Each of these alone can match a person at a vendor.
_IDENTIFIERS = ("email", "email_sha256", "phone_number", "phone_sha256")
# These carry our customer id: they name the same person before and after any change.
_OUR_IDS = ("external_id", "extern_id")


@dataclass(frozen=True)
class Stale:
    """Identifiers of a key that may still stand at the vendor besides its newest payload."""

    payload: Payload
    vendor_id: str | None


def parse(text: str | None) -> dict[str, Any]:
    """A payload from its JSON; empty where there is none."""
    return dict(json.loads(text)) if text else {}


def subjects(key: str, payload: Payload) -> set[tuple[str, str]]:
    """Every (subject type, value) under which this row's person may be suppressed."""
    found = {("customer_id", key)}
    found.update(("customer_id", str(payload[name])) for name in _OUR_IDS if payload.get(name))
    if payload.get("email"):
        found.add(("email_sha256", email_digest(str(payload["email"]))))
    if payload.get("phone_number"):
        found.add(("phone_sha256", phone_digest(str(payload["phone_number"]))))
    found.update(
        (name, str(payload[name]))
        for name in ("email_sha256", "phone_sha256")
        if payload.get(name)
    )
    return found


def addresses(payload: Payload) -> dict[str, str]:
    """Digest -> address, of what the payload holds in clear."""
    found = {}
    if payload.get("email"):
        found[email_digest(str(payload["email"]))] = str(payload["email"])
    if payload.get("phone_number"):
        found[phone_digest(str(payload["phone_number"]))] = str(payload["phone_number"])
    return found


def email_digest(email: str) -> str:
    """The value of a subject ``email_sha256``."""
    return _digest(email.strip().lower())


def phone_digest(phone: str) -> str:
    """The value of a subject ``phone_sha256``; the phone in E.164."""
    return _digest(phone.strip())


def left_behind(
    new: Payload, new_vendor_id: str | None, old: Sequence[Stale]
) -> list[Stale]:
    """Of older payloads, what must leave because ``new`` no longer says it.

    Identifiers that ``new`` repeats are left out: removing them would remove the person.
    """
    found = []
    for entry in old:
        if new_vendor_id and entry.vendor_id:
            if entry.vendor_id != new_vendor_id:
                found.append(entry)
            continue
        gone = _gone(new, entry.payload)
        if gone:
            found.append(Stale(gone, None))
    return found


def same_identifiers(new: Payload, old: Payload) -> bool:
    """True where both would match the same person at the vendor."""
    return all(new.get(name) == old.get(name) for name in _IDENTIFIERS)


def load_stale(text: str | None) -> list[Stale]:
    """Entries of ``delivered.stale_payloads_json``."""
    return [Stale(entry["payload"], entry["vendor_id"]) for entry in json.loads(text or "[]")]


def dump_stale(entries: Sequence[Stale]) -> str | None:
    """The stored form of entries; None for none."""
    if not entries:
        return None
    return json.dumps(
        [{"payload": dict(entry.payload), "vendor_id": entry.vendor_id} for entry in entries],
        sort_keys=True,
    )


def _gone(new: Payload, old: Payload) -> dict[str, Any]:
    present = [name for name in _IDENTIFIERS if old.get(name)]
    if present:
        return {name: old[name] for name in present if old[name] != new.get(name)}
    # Matched by name and address only: the old address as a whole, where it changed.
    rest = {name: value for name, value in old.items() if name not in _OUR_IDS}
    return rest if any(new.get(name) != value for name, value in rest.items()) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
