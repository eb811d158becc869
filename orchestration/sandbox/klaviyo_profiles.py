"""Profiles of the simulated Klaviyo account.

What lives here: the profile's schema, and how an upsert finds and changes one.
What never does: HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import E164, EMAIL, Refusal, check_keys

IDENTIFIERS = ("external_id", "email", "phone_number")
TEXTS = {*IDENTIFIERS, "first_name", "last_name", "organization", "locale", "title", "image"}
LOCATION = {
    "address1", "address2", "city", "country", "region", "zip", "timezone", "ip",
    "latitude", "longitude",
}
BYTES_MAX = 100_000


# Not frozen: leaving a transaction, Python notes the traceback on it.
@dataclass(eq=False)
class RowFailure(Exception):
    """One profile cannot be taken; the others can."""

    code: str
    where: str
    status: int = 400


def check_profile(profile: Any, where: str) -> None:
    """What the request schema sees.

    Raises:
        Refusal: 400 with a pointer into the request.
    """
    check_keys(profile, where, {"type", "id", "attributes", "meta"}, {"type", "attributes"})
    if profile["type"] != "profile":
        raise Refusal(400, "invalid", f"{where}/type", "type is not profile")
    if "id" in profile and not isinstance(profile["id"], str):
        raise Refusal(400, "invalid", f"{where}/id", "not a text")
    at = f"{where}/attributes"
    attributes = check_keys(profile["attributes"], at, TEXTS | {"location", "properties"})
    for name in TEXTS & attributes.keys():
        if attributes[name] is not None and not isinstance(attributes[name], str):
            raise Refusal(400, "invalid", f"{at}/{name}", "not a text")
    if attributes.get("location") is not None:
        check_keys(attributes["location"], f"{at}/location", LOCATION)
    if attributes.get("properties") is not None:
        _check_object(attributes["properties"], f"{at}/properties")
    if "meta" in profile:
        _check_meta(profile["meta"], f"{where}/meta")
    if len(json.dumps(profile)) > BYTES_MAX:
        raise Refusal(400, "invalid", where, f"more than {BYTES_MAX} bytes")


def _check_object(value: Any, where: str) -> None:
    if not isinstance(value, Mapping):
        raise Refusal(400, "invalid", where, "not an object")


def _check_meta(meta: Any, where: str) -> None:
    patch = check_keys(meta, where, {"patch_properties"}).get("patch_properties")
    where = f"{where}/patch_properties"
    unset = check_keys(patch, where, {"append", "unappend", "unset"}).get("unset", [])
    names = [unset] if isinstance(unset, str) else unset
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal(400, "invalid", f"{where}/unset", "not names")


def apply_profile(
    truth: Truth, profile: Mapping[str, Any], *, clears: bool
) -> tuple[str, bool]:
    """Create or update a profile; its id, and whether it is new.

    Args:
        clears: null clears a field (single calls); otherwise null is ignored (bulk import).

    Raises:
        RowFailure: no or an unusable identifier, an unknown id, an identifier of someone else.
    """
    sent = profile["attributes"]
    _check_identifiers(profile, sent)
    found = _find(truth, profile, sent)
    profile_id, attributes = found or (f"01SANDBOX{truth.next_number('profile'):017d}", {})
    for name, value in sent.items():
        if name in ("location", "properties"):
            attributes[name] = _merged(attributes.get(name), value, clears)
        elif value is not None:
            attributes[name] = value
        elif clears:
            attributes.pop(name, None)
    patch = profile.get("meta", {}).get("patch_properties", {})
    unset = patch.get("unset", [])
    for name in [unset] if isinstance(unset, str) else unset:
        attributes.get("properties", {}).pop(name, None)
    truth.save_profile(profile_id, attributes)
    return profile_id, found is None


def _merged(
    current: Mapping[str, Any] | None, sent: Mapping[str, Any] | None, clears: bool
) -> dict[str, Any]:
    merged = {**(current or {}), **(sent or {})}
    if clears:
        return {name: value for name, value in merged.items() if value is not None}
    kept = {name: (current or {}).get(name) for name in merged}
    return {
        name: kept[name] if value is None else value
        for name, value in merged.items()
        if value is not None or kept[name] is not None
    }


def _check_identifiers(profile: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    if "id" not in profile and not any(sent.get(name) for name in IDENTIFIERS):
        raise RowFailure("missing_identifier", "/attributes")
    email, phone = sent.get("email"), sent.get("phone_number")
    if email is not None and not EMAIL.fullmatch(email):
        raise RowFailure("invalid", "/attributes/email")
    if phone is not None and not E164.fullmatch(phone):
        raise RowFailure("invalid", "/attributes/phone_number")


def _find(
    truth: Truth, profile: Mapping[str, Any], sent: Mapping[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    found = None
    if "id" in profile:
        found = truth.find_profile("id", profile["id"])
        if found is None:
            raise RowFailure("not_found", "/id", status=404)
    for name in IDENTIFIERS:
        value = sent.get(name)
        if not value:
            continue
        other = truth.find_profile(name, value.lower() if name == "email" else value)
        if other is not None and found is not None and other[0] != found[0]:
            raise RowFailure("duplicate_profile", f"/attributes/{name}", status=409)
        found = found or other
    return found


def public_profile(
    profile_id: str, attributes: Mapping[str, Any], wanted: Sequence[str] | None
) -> dict[str, Any]:
    """A profile as a resource, with the wanted fields only."""
    names = ("email", "phone_number", "external_id", "first_name", "last_name", "location",
             "properties")
    fields = wanted or names
    return {
        "type": "profile",
        "id": profile_id,
        "attributes": {name: attributes.get(name) for name in names if name in fields},
    }
