"""The Klaviyo calls that opt people out, and those that show who is out.

What lives here: paths and answers of suppressions, unsubscriptions and erasures.
What never does: receipts; subscribing, unsuppressing, or a list beside an unsubscription.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from orchestration.destinations.base import FatalError
from orchestration.destinations.klaviyo.api import PAGE_SIZE, KlaviyoApi, mapping, resource_id

SUPPRESSIONS = "/api/profile-suppression-bulk-create-jobs"
UNSUBSCRIPTIONS = "/api/profile-subscription-bulk-delete-jobs"
DELETIONS = "/api/data-privacy-deletion-jobs"
# Before any account of the vendor: every suppression is later.
_EVER = 'greater-than(subscriptions.email.marketing.suppression.timestamp,"2000-01-01T00:00:00Z")'


def start_suppression(api: KlaviyoApi, profiles: Sequence[bytes]) -> str:
    """Queue addresses to be suppressed; the job's id."""
    content = _bulk("profile-suppression-bulk-create-job", profiles)
    answer = api.http.send("POST", SUPPRESSIONS, operation="suppress", content=content)
    return resource_id(answer.body)


def suppression_status(api: KlaviyoApi, job_id: str) -> str:
    """The vendor's word for the job: queued, processing, complete, cancelled; or gone."""
    path = f"{SUPPRESSIONS}/{quote(job_id, safe='')}"
    try:
        answer = api.http.send_patiently("GET", path, operation="suppression_job")
    except FatalError as error:
        if error.status != 404:
            raise
        return "gone"
    return str(mapping(mapping(answer.body, "data"), "attributes").get("status"))


def find_suppressed(api: KlaviyoApi, emails: Sequence[str]) -> dict[str, str]:
    """Address in lower case to profile id, of those addresses that get no marketing e-mail."""
    askable = [email for email in emails if '"' not in email and "\\" not in email]
    found = {}
    for start in range(0, len(askable), PAGE_SIZE):
        listed = json.dumps(askable[start : start + PAGE_SIZE], ensure_ascii=False)
        query = {
            "filter": f"any(email,{listed})",
            "fields[profile]": "email",
            "additional-fields[profile]": "subscriptions",
        }
        for entry in api.pages("/api/profiles", "find_suppressed", query, PAGE_SIZE):
            attributes = mapping(entry, "attributes")
            if _is_suppressed(attributes):
                found[str(attributes.get("email")).lower()] = str(entry["id"])
    return found


def suppressed_ids(api: KlaviyoApi) -> Iterator[str]:
    """The vendor's ids of everyone who gets no marketing e-mail."""
    query = {"filter": _EVER, "fields[profile]": "email"}
    for entry in api.pages("/api/profiles", "list_suppressed", query, PAGE_SIZE):
        yield str(entry["id"])


def suppressed(api: KlaviyoApi) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(address in lower case, one suppression) of everyone who gets no marketing e-mail."""
    query = {
        "filter": _EVER,
        "fields[profile]": "email",
        "additional-fields[profile]": "subscriptions",
    }
    for entry in api.pages("/api/profiles", "list_suppressed", query, PAGE_SIZE):
        attributes = mapping(entry, "attributes")
        email = attributes.get("email")
        for one in _suppressions(attributes) if email else []:
            yield str(email).lower(), one


def unsubscribe(api: KlaviyoApi, profiles: Sequence[bytes]) -> None:
    """Unsubscribe from everything of the channels that each profile names."""
    content = _bulk("profile-subscription-bulk-delete-job", profiles)
    api.http.send("POST", UNSUBSCRIPTIONS, operation="unsubscribe", content=content)


def erase(api: KlaviyoApi, profile: bytes) -> None:
    """Ask for the erasure of every profile with the one identifier given."""
    content = (
        b'{"data":{"type":"data-privacy-deletion-job","attributes":{"profile":{"data":'
        + profile
        + b"}}}}"
    )
    api.http.send("POST", DELETIONS, operation="erase", content=content)


def _bulk(type_name: str, profiles: Sequence[bytes]) -> bytes:
    return (
        b'{"data":{"type":"'
        + type_name.encode()
        + b'","attributes":{"profiles":{"data":['
        + b",".join(profiles)
        + b"]}}}}"
    )


def _is_suppressed(attributes: Mapping[str, Any]) -> bool:
    return bool(_suppressions(attributes))


def _suppressions(attributes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    marketing = mapping(mapping(mapping(attributes, "subscriptions"), "email"), "marketing")
    listed = marketing.get("suppression")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
