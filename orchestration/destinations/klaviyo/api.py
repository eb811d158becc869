"""The Klaviyo calls that the capabilities share.

What lives here: paths, the pinned revision, paging, import jobs and look-ups.
What never does: receipts; the calls of opt-outs (``optout_calls.py``); subscribing, which lifts an
unsubscribe: there is no call for it anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from orchestration.destinations.base import FatalError, RetriableError, Row
from orchestration.destinations.batches import encode
from orchestration.destinations.http import VendorHttp

REVISION = "2026-07-15"
AUTHORIZATION = "Klaviyo-API-Key {secret}"
HEADERS = {
    "revision": REVISION,
    "accept": "application/vnd.api+json",
    "content-type": "application/vnd.api+json",
}
PAGE_SIZE = 100
MEMBER_PAGE_SIZE = 1000


@dataclass(frozen=True)
class Profile:
    """A profile as the vendor knows it."""

    id: str
    email: str | None
    external_id: str | None


@dataclass(frozen=True)
class ImportFailure:
    """One failed row of an import job: the code, and the identifiers of the row as it was sent."""

    code: str
    identifiers: Mapping[str, str]


@dataclass(frozen=True)
class ImportResult:
    """A finished import job. ``is_complete`` is False where the job was cancelled or is gone."""

    is_complete: bool
    total_count: int
    failed_count: int
    failures: list[ImportFailure] = field(default_factory=list)


@dataclass(frozen=True)
class KlaviyoApi:
    """Typed calls. All raise FatalError, RefusedError or RetriableError."""

    http: VendorHttp

    def start_import(self, profiles: Sequence[bytes], list_id: str | None = None) -> str:
        """Queue an upsert of encoded profiles, optionally into a list; the job's id."""
        target = b""
        if list_id is not None:
            data = [{"type": "list", "id": list_id}]
            target = b',"relationships":' + encode({"lists": {"data": data}})
        content = (
            b'{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":['
            + b",".join(profiles)
            + b"]}}"
            + target
            + b"}}"
        )
        answer = self.http.send(
            "POST", "/api/profile-bulk-import-jobs", operation="bulk_import", content=content
        )
        return resource_id(answer.body)

    def import_result(self, job_id: str) -> ImportResult | None:
        """What became of a job; None while it is queued or processing."""
        path = f"/api/profile-bulk-import-jobs/{quote(job_id, safe='')}"
        try:
            answer = self.http.send_patiently("GET", path, operation="import_job")
        except FatalError as error:
            if error.status != 404:
                raise
            return ImportResult(False, 0, 0)
        attributes = mapping(mapping(answer.body, "data"), "attributes")
        status = attributes.get("status")
        if status in ("queued", "processing"):
            return None
        failed_count = int(attributes.get("failed_count") or 0)
        failures = []
        if failed_count:
            pages = self.pages(f"{path}/import-errors", "import_errors", {}, PAGE_SIZE)
            failures = [_import_failure(entry) for entry in pages]
        return ImportResult(
            is_complete=status == "complete",
            total_count=int(attributes.get("total_count") or 0),
            failed_count=max(failed_count, len(failures)),
            failures=failures,
        )

    def import_profile(self, profile: Mapping[str, Any]) -> str:
        """Create or update one profile at once, where null clears a field; the profile's id."""
        answer = self.http.send_patiently(
            "POST", "/api/profile-import", operation="import_profile",
            content=encode({"data": profile}),
        )
        return resource_id(answer.body)

    def find_profiles(self, attribute: str, values: Sequence[str]) -> list[Profile]:
        """The profiles whose ``attribute`` (id, email or external_id) is one of ``values``."""
        askable = [value for value in values if '"' not in value and "\\" not in value]
        found = []
        for start in range(0, len(askable), PAGE_SIZE):
            listed = json.dumps(askable[start : start + PAGE_SIZE], ensure_ascii=False)
            query = {
                "filter": f"any({attribute},{listed})",
                "fields[profile]": "email,external_id",
            }
            for entry in self.pages("/api/profiles", "find_profiles", query, PAGE_SIZE):
                attributes = mapping(entry, "attributes")
                found.append(
                    Profile(
                        str(entry["id"]), attributes.get("email"), attributes.get("external_id")
                    )
                )
        return found

    def known_ids(self, rows: Sequence[Row], attributes: Sequence[str]) -> dict[str, str]:
        """Row key to profile id, asking by one attribute after the other for what is left."""
        known: dict[str, str] = {}
        for attribute in attributes:
            asked = {row.key: _asked(row, attribute) for row in rows if row.key not in known}
            values = sorted({value for value in asked.values() if value})
            ids = {
                str(getattr(profile, attribute) or "").lower(): profile.id
                for profile in self.find_profiles(attribute, values)
            }
            known.update(
                {key: ids[value.lower()] for key, value in asked.items() if value.lower() in ids}
            )
        return known

    def change_members(self, method: str, list_id: str, profile_ids: Sequence[str]) -> None:
        """Add (``POST``) or take out (``DELETE``) profiles by the vendor's ids."""
        data = [{"type": "profile", "id": profile_id} for profile_id in profile_ids]
        self.http.send(
            method, _members_path(list_id), content=encode({"data": data}),
            operation="list_add" if method == "POST" else "list_remove",
        )

    def member_ids(self, list_id: str) -> Iterator[str]:
        """The vendor's ids of the profiles in a list."""
        for entry in self.pages(_members_path(list_id), "list_members", {}, MEMBER_PAGE_SIZE):
            yield str(entry["id"])

    def pages(
        self, path: str, operation: str, query: Mapping[str, str], size: int
    ) -> Iterator[Mapping[str, Any]]:
        """Every resource of a paged answer."""
        cursor: str | None = None
        while True:
            params = {**query, "page[size]": str(size)}
            if cursor is not None:
                params["page[cursor]"] = cursor
            body = self.http.send_patiently("GET", path, operation=operation, params=params).body
            data = body.get("data") if isinstance(body, Mapping) else None
            if not isinstance(data, list):
                raise unreadable()
            yield from data
            # Only the cursor is taken from the vendor's link, never the address.
            link = (mapping(body, "links").get("next")) or ""
            following = parse_qs(urlsplit(link).query).get("page[cursor]", [None])[0]
            if following is None or following == cursor:
                return
            cursor = following


def _asked(row: Row, attribute: str) -> str:
    value = row.vendor_id if attribute == "id" else row.payload.get(attribute)
    return str(value or "")


def _members_path(list_id: str) -> str:
    return f"/api/lists/{quote(list_id, safe='')}/relationships/profiles"


def unreadable() -> RetriableError:
    """Said where an answer is JSON but not this vendor's."""
    return RetriableError(
        "klaviyo answered in a shape that is not its own.",
        remedy="Send again; sending twice is harmless.",
    )


def mapping(body: Any, key: str) -> Mapping[str, Any]:
    """An object within an answer; empty where there is none."""
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def resource_id(body: Any) -> str:
    """The id of the one resource of an answer."""
    found = mapping(body, "data").get("id")
    if not isinstance(found, str):
        raise unreadable()
    return found


def _import_failure(entry: Mapping[str, Any]) -> ImportFailure:
    attributes = mapping(entry, "attributes")
    original = mapping(attributes, "original_payload")
    sent = {**original, **mapping(original, "attributes")}
    identifiers = {
        name: str(sent[name])
        for name in ("id", "external_id", "email", "phone_number")
        if sent.get(name)
    }
    return ImportFailure(_code(attributes.get("code")), identifiers)


def _code(code: Any) -> str:
    text = str(code)
    return text if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text) else "import_error"
