"""The sandbox refuses what the vendors refuse: one known-bad request each.

What lives here: the canaries. A sandbox that takes anything would prove nothing about a plug-in.
What never does: the plug-ins.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from orchestration.sandbox.wire import GOOGLE_ACCOUNT_ID, SECRETS
from tests.contracts.cases import World, digest

JSON_API = "application/vnd.api+json"
Change = Callable[[dict[str, Any]], None]


def klaviyo_request() -> dict[str, Any]:
    profile = {"type": "profile", "attributes": {"email": "ann@example.com"}}
    attributes = {"profiles": {"data": [profile]}}
    return {
        "method": "POST",
        "path": "/klaviyo/api/profile-bulk-import-jobs",
        "headers": {
            "authorization": f"Klaviyo-API-Key {SECRETS['klaviyo']}",
            "revision": "2026-07-15",
            "content-type": JSON_API,
        },
        "json": {"data": {"type": "profile-bulk-import-job", "attributes": attributes}},
    }


def meta_request() -> dict[str, Any]:
    session = {"session_id": 1, "batch_seq": 1, "last_batch_flag": True}
    payload = {"schema": ["EXTERN_ID", "EMAIL"], "data": [["c1", digest("a")]]}
    return {
        "method": "POST",
        "path": "/meta/v26.0/vip/users",
        "headers": {
            "authorization": f"Bearer {SECRETS['meta']}",
            "content-type": "application/json",
        },
        "json": {"session": session, "payload": payload},
    }


def google_request() -> dict[str, Any]:
    account = {"accountType": "GOOGLE_ADS", "accountId": GOOGLE_ACCOUNT_ID}
    member = {"userData": {"userIdentifiers": [{"emailAddress": digest("a")}]}}
    return {
        "method": "POST",
        "path": "/google/v1/audienceMembers:ingest",
        "headers": {
            "authorization": f"Bearer {SECRETS['google']}",
            "content-type": "application/json",
        },
        "json": {
            "destinations": [{"operatingAccount": account, "productDestinationId": "vip"}],
            "audienceMembers": [member],
            "encoding": "HEX",
            "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
        },
    }


def answer(world: World, request: Mapping[str, Any]) -> httpx.Response:
    return world.client.request(
        request["method"],
        world.base + request["path"],
        headers=request["headers"],
        content=json.dumps(request["json"]).encode(),
    )


def without_header(name: str) -> Change:
    return lambda request: request["headers"].pop(name)


def with_header(name: str, value: str) -> Change:
    return lambda request: request["headers"].update({name: value})


def with_path(path: str) -> Change:
    return lambda request: request.update(path=path)


def with_body(*path: str | int, to: Any) -> Change:
    def change(request: dict[str, Any]) -> None:
        target = request["json"]
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = to

    return change


def without_body(*path: str | int) -> Change:
    def change(request: dict[str, Any]) -> None:
        target = request["json"]
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


PROFILES = ("data", "attributes", "profiles", "data")
PROFILE = {"type": "profile", "attributes": {"email": "ann@example.com"}}
KLAVIYO: dict[str, tuple[Change, int]] = {
    "no key": (without_header("authorization"), 401),
    "wrong key": (with_header("authorization", "Klaviyo-API-Key nope"), 401),
    "no revision": (without_header("revision"), 400),
    "another revision": (with_header("revision", "1999-01-01"), 400),
    "plain json": (with_header("content-type", "application/json"), 415),
    "wrong data.type": (with_body("data", "type", to="profile"), 400),
    "no attributes": (without_body("data", "attributes"), 400),
    "no profiles": (with_body(*PROFILES, to=[]), 400),
    "10,001 profiles": (with_body(*PROFILES, to=[PROFILE] * 10_001), 400),
    "profile without attributes": (with_body(*PROFILES, 0, to={"type": "profile"}), 400),
    "email is a number": (with_body(*PROFILES, 0, "attributes", "email", to=42), 400),
    "unknown key": (with_body(*PROFILES, 0, "attributes", "e_mail", to="a@b.example"), 400),
    "unknown key in meta": (with_body(*PROFILES, 0, "meta", to={"unset": ["a"]}), 400),
    "a profile of 100 kB": (
        with_body(*PROFILES, 0, "attributes", "properties", to={"a": "x" * 100_001}), 400,
    ),
    "a request of 5 MB": (
        with_body(
            *PROFILES,
            to=[{"type": "profile", "attributes": {"properties": {"a": "x" * 90_000}}}] * 60,
        ),
        413,
    ),
    "unknown list": (
        with_body(
            "data", "relationships", to={"lists": {"data": [{"type": "list", "id": "none"}]}}
        ),
        404,
    ),
    "no such path": (with_path("/klaviyo/api/profile-subscription-bulk-create-jobs"), 404),
}
META: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "token in the address": (with_path("/meta/v26.0/vip/users?access_token=x"), 400),
    "another version": (with_path("/meta/v1.0/vip/users"), 400),
    "unknown audience": (with_path("/meta/v26.0/none/users"), 404),
    "neither JSON nor form": (with_header("content-type", "text/plain"), 400),
    "no session": (without_body("session"), 400),
    "no session id": (without_body("session", "session_id"), 400),
    "unknown schema key": (with_body("payload", "schema", to=["EXTERN_ID", "MAIL"]), 400),
    "narrow row": (with_body("payload", "data", to=[["c1"]]), 400),
    "no rows": (with_body("payload", "data", to=[]), 400),
    "10,001 rows": (with_body("payload", "data", to=[["c", digest("a")]] * 10_001), 400),
}
MEMBER = {"userData": {"userIdentifiers": [{"emailAddress": digest("a")}]}}
IDENTIFIERS = ("audienceMembers", 0, "userData", "userIdentifiers")
ADDRESS = {"givenName": digest("g"), "familyName": digest("f"), "regionCode": "US"}
GOOGLE: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "wrong content type": (with_header("content-type", "text/plain"), 415),
    "no encoding": (without_body("encoding"), 400),
    "no terms": (without_body("termsOfService"), 400),
    "terms rejected": (
        with_body("termsOfService", "customerMatchTermsOfServiceStatus", to="REJECTED"), 400,
    ),
    "unknown key": (with_body("audience", to=[]), 400),
    "unknown list": (with_body("destinations", 0, "productDestinationId", to="none"), 404),
    "another account": (
        with_body("destinations", 0, "operatingAccount", "accountId", to="1"), 403,
    ),
    "not an ads account": (
        with_body("destinations", 0, "operatingAccount", "accountType", to="DV360"), 400,
    ),
    "no members": (with_body("audienceMembers", to=[]), 400),
    "10,001 members": (with_body("audienceMembers", to=[MEMBER] * 10_001), 400),
    "no identifiers": (with_body(*IDENTIFIERS, to=[]), 400),
    "11 identifiers": (with_body(*IDENTIFIERS, to=[{"emailAddress": digest("a")}] * 11), 400),
    "plain e-mail": (with_body(*IDENTIFIERS, 0, "emailAddress", to="ann@example.com"), 400),
    "md5": (with_body(*IDENTIFIERS, 0, "emailAddress", to="0cc175b9c0f1b6a831c399e269772661"), 400),
    "hash of nothing": (with_body(*IDENTIFIERS, 0, "emailAddress", to=digest("")), 400),
    "half an address": (with_body(*IDENTIFIERS, to=[{"address": ADDRESS}]), 400),
    "hashed postal code": (
        with_body(*IDENTIFIERS, to=[{"address": {**ADDRESS, "postalCode": digest("1")}}]), 400,
    ),
    "unknown consent": (
        with_body("audienceMembers", 0, "consent", to={"adUserData": "GRANTED"}), 400,
    ),
}
VENDORS = {
    "klaviyo": (klaviyo_request, KLAVIYO),
    "meta": (meta_request, META),
    "google": (google_request, GOOGLE),
}
every_canary = pytest.mark.parametrize(
    ("vendor", "name"), [(vendor, name) for vendor, (_, bad) in VENDORS.items() for name in bad]
)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_good_request_is_taken(vendor: str, world: World) -> None:
    assert answer(world, VENDORS[vendor][0]()).status_code in (200, 202)


@every_canary
def test_a_known_bad_request_is_refused_and_changes_nothing(
    vendor: str, name: str, world: World
) -> None:
    make, canaries = VENDORS[vendor]
    change, status = canaries[name]
    request = copy.deepcopy(make())
    change(request)
    before = world.truth()
    assert answer(world, request).status_code == status
    assert world.truth() == before


def test_klaviyo_reports_bad_rows_after_the_job_and_not_in_order(world: World) -> None:
    request = klaviyo_request()
    profiles: list[dict[str, Any]] = [
        {"type": "profile", "attributes": {"email": f"{n}-not-an-address"}} for n in range(150)
    ]
    profiles.append({"type": "profile", "attributes": {"phone_number": "650 555 0100"}})
    profiles.append({"type": "profile", "attributes": {"first_name": "Nobody"}})
    request["json"]["data"]["attributes"]["profiles"]["data"] = profiles
    job_id = answer(world, request).json()["data"]["id"]
    path = f"{world.base}/klaviyo/api/profile-bulk-import-jobs/{job_id}"
    states = [
        world.client.get(path, headers=request["headers"]).json()["data"]["attributes"]
        for _ in range(3)
    ]
    assert [state["status"] for state in states] == ["queued", "processing", "complete"]
    assert states[-1]["failed_count"] == 152
    errors, headers = f"{path}/import-errors?page[size]=", request["headers"]
    too_many = world.client.get(f"{errors}101", headers=headers)
    assert too_many.status_code == 400
    page = world.client.get(f"{errors}100", headers=headers).json()
    pointers = [entry["attributes"]["source"]["pointer"] for entry in page["data"]]
    assert len(pointers) == 100
    assert pointers != sorted(pointers, key=lambda text: int(text.split("/")[5]))
    rest = world.client.get(page["links"]["next"], headers=request["headers"]).json()
    assert len(rest["data"]) == 52
    assert rest["links"]["next"] is None


def test_meta_counts_invalid_rows_in_a_200(world: World) -> None:
    request = meta_request()
    request["json"]["payload"]["data"] = [
        ["c1", digest("one")],
        ["c2", "ann@example.com"],
        ["c3", digest("")],
        ["c4", ""],
    ]
    response = answer(world, request)
    assert response.status_code == 200
    assert response.json()["num_received"] == 4
    assert response.json()["num_invalid_entries"] == 3


def test_google_drops_members_of_the_eea_without_consent(world: World) -> None:
    request = google_request()
    address = {**ADDRESS, "regionCode": "DE", "postalCode": "10115"}
    request["json"]["audienceMembers"] = [
        {"userData": {"userIdentifiers": [{"address": address}]}},
        {"userData": {"userIdentifiers": [{"emailAddress": digest("b")}]}},
    ]
    request_id = answer(world, request).json()["requestId"]
    path = f"{world.base}/google/v1/requestStatus:retrieve?requestId={request_id}"
    states = [
        world.client.get(path, headers=request["headers"]).json()["requestStatusPerDestination"][0]
        for _ in range(3)
    ]
    assert [state["requestStatus"] for state in states] == [
        "PROCESSING", "PROCESSING", "PARTIAL_SUCCESS",
    ]
    assert states[-1]["errorInfo"]["errorCounts"] == [
        {"recordCount": "1", "reason": "PROCESSING_ERROR_REASON_NO_CONSENT"}
    ]


def test_rate_headers_stand_on_answers_and_not_on_a_429(world: World) -> None:
    request = klaviyo_request()
    assert answer(world, request).headers["ratelimit-limit"] == "150"
    script = {
        "vendor": "klaviyo",
        "answers": [{"kind": "status", "status": 429, "retry_after": "3"}],
    }
    world.client.post(f"{world.base}/_faults", json={"scripts": [script]})
    busy = answer(world, request)
    assert busy.status_code == 429
    assert busy.headers["retry-after"] == "3"
    assert "ratelimit-limit" not in busy.headers


def test_another_host_name_is_turned_away(world: World) -> None:
    response = world.client.get(f"{world.base}/_truth", headers={"host": "evil.example"})
    assert response.status_code == 400
