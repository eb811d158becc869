"""What TikTok and Postscript refuse: one known-bad request each, and what they do by halves.

What lives here: the canaries of these vendors; those of the others stand beside.
What never does: the plug-ins.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from orchestration.sandbox.wire import SECRETS, TIKTOK_ADVERTISER_ID
from tests.contracts.cases import World, digest
from tests.contracts.test_sandbox_refusals import (
    Change,
    answer,
    with_body,
    with_header,
    with_path,
    without_body,
    without_header,
)


def tiktok_request() -> dict[str, Any]:
    return {
        "method": "POST",
        "path": "/tiktok/open_api/v1.3/segment/mapping/",
        "headers": {
            "access-token": SECRETS["tiktok"],
            "content-type": "application/json",
        },
        "json": {
            "advertiser_ids": [TIKTOK_ADVERTISER_ID],
            "action": "add",
            "id_schema": ["EMAIL_SHA256", "PHONE_SHA256"],
            "batch_data": [[{"id": digest("a"), "audience_ids": ["vip"]}, {}]],
        },
    }


def tiktok_event_request() -> dict[str, Any]:
    event = {
        "event": "Purchase",
        "event_time": 1_795_000_000,
        "event_id": "purchase:1",
        "user": {"email": digest("a")},
        "properties": {"value": 1.5, "currency": "USD"},
    }
    return {
        **tiktok_request(),
        "path": "/tiktok/open_api/v1.3/event/track/",
        "json": {"event_source": "web", "event_source_id": "web", "data": [event]},
    }


def postscript_request() -> dict[str, Any]:
    return {
        "method": "PATCH",
        "path": "/postscript/api/v2/subscribers/ps-16505550001",
        "headers": {
            "authorization": f"Bearer {SECRETS['postscript']}",
            "content-type": "application/json",
        },
        "json": {"properties": {"segment": "vip", "order_count": 2, "seen": ["a", "b"]}},
    }


def redaction_request() -> dict[str, Any]:
    return {
        **postscript_request(),
        "path": "/postscript/api/v2/compliance/redact",
        "json": {"email": "nobody@canary.example"},
    }


def postscript_event_request() -> dict[str, Any]:
    event = {
        "type": "back_in_stock",
        "phone": "+16505550100",
        "occurred_at": "2026-11-20 12:00:00.000000",
        "properties": {"product": "Shoe"},
    }
    return {
        **postscript_request(), "method": "POST", "path": "/postscript/api/v2/events",
        "json": event,
    }  # fmt: skip


# This vendor answers HTTP 200; what counts is the code in the body.
TIKTOK: dict[str, tuple[Change, int]] = {
    "no token": (without_header("access-token"), 40104),
    "wrong token": (with_header("access-token", "nope"), 40105),
    "wrong content type": (with_header("content-type", "text/plain"), 40002),
    "another advertiser": (with_body("advertiser_ids", to=["1"]), 40001),
    "unknown key": (with_body("audience", to="vip"), 40002),
    "unknown action": (with_body("action", to="append"), 40002),
    "unknown schema": (with_body("id_schema", to=["EMAIL", "PHONE_SHA256"]), 40002),
    "no rows": (with_body("batch_data", to=[]), 40061),
    "10,001 rows": (with_body("batch_data", to=[[{}, {}]] * 10_001), 40061),
    "narrow row": (with_body("batch_data", 0, to=[{}]), 40002),
    "empty row": (with_body("batch_data", 0, to=[{}, {}]), 40002),
    "no audience": (with_body("batch_data", 0, 0, to={"id": digest("a")}), 40002),
    "unknown audience": (
        with_body("batch_data", 0, 0, to={"id": digest("a"), "audience_ids": ["none"]}), 40007,
    ),
    "plain e-mail": (with_body("batch_data", 0, 0, "id", to="ann@example.com"), 40062),
    "md5": (with_body("batch_data", 0, 0, "id", to="0cc175b9c0f1b6a831c399e269772661"), 40062),
}
EVENT = ("data", 0)
TIKTOK_EVENTS: dict[str, tuple[Change, int]] = {
    "unknown source": (with_body("event_source", to="shop"), 40002),
    "unknown pixel": (with_body("event_source_id", to="none"), 40007),
    "no events": (with_body("data", to=[]), 40061),
    "1,001 events": (with_body("data", to=[{}] * 1_001), 40061),
    "unknown key": (with_body(*EVENT, "event_name", to="Purchase"), 40002),
    "milliseconds": (with_body(*EVENT, "event_time", to=1_795_000_000_000), 40002),
    "no event id": (without_body(*EVENT, "event_id"), 40002),
    "plain phone": (with_body(*EVENT, "user", "phone", to="+16505550100"), 40062),
    "value as text": (with_body(*EVENT, "properties", "value", to="1.50"), 40002),
    "value without currency": (without_body(*EVENT, "properties", "currency"), 40002),
}
POSTSCRIPT: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "wrong token": (with_header("authorization", "Bearer nope"), 401),
    "wrong content type": (with_header("content-type", "text/plain"), 415),
    "unknown subscriber": (with_path("/postscript/api/v2/subscribers/ps-1"), 404),
    "unknown key": (with_body("phone_number", to="+16505550100"), 400),
    "a fraction": (with_body("properties", "ratio", to=0.5), 400),
    "an object": (with_body("properties", "deep", to={"a": "b"}), 400),
    "51 properties": (with_body("properties", to={f"p{n}": n for n in range(51)}), 400),
}
REDACTION: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "no identifier": (without_body("email"), 400),
    "two identifiers": (with_body("phone_number", to="+16505550100"), 400),
    "unknown identifier": (with_body("customer_id", to="1"), 400),
    "adding by API": (
        lambda request: request.update(method="POST", path="/postscript/api/v2/subscribers"), 405,
    ),
}
POSTSCRIPT_EVENTS: dict[str, tuple[Change, int]] = {
    "no type": (without_body("type"), 400),
    "a type with spaces": (with_body("type", to="back in stock"), 400),
    "nobody": (without_body("phone"), 400),
    "another form of time": (with_body("occurred_at", to="2026-11-20T12:00:00Z"), 400),
    "an object": (with_body("properties", "deep", to={"a": "b"}), 400),
    "unknown key": (with_body("event_id", to="1"), 400),
}
VENDORS = {
    "tiktok": (tiktok_request, TIKTOK),
    "tiktok_events": (tiktok_event_request, TIKTOK_EVENTS),
    "postscript": (postscript_request, POSTSCRIPT),
    "postscript_redaction": (redaction_request, REDACTION),
    "postscript_events": (postscript_event_request, POSTSCRIPT_EVENTS),
}
every_canary = pytest.mark.parametrize(
    ("vendor", "name"), [(vendor, name) for vendor, (_, bad) in VENDORS.items() for name in bad]
)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_good_request_is_taken(vendor: str, world: World) -> None:
    response = answer(world, VENDORS[vendor][0]())
    assert response.status_code in (200, 202)
    assert response.json().get("code", 0) == 0


@every_canary
def test_a_known_bad_request_is_refused_and_changes_nothing(
    vendor: str, name: str, world: World
) -> None:
    make, canaries = VENDORS[vendor]
    change, status = canaries[name]
    request = copy.deepcopy(make())
    change(request)
    before = world.truth()
    response = answer(world, request)
    is_in_body = vendor.startswith("tiktok")
    assert (response.json()["code"] if is_in_body else response.status_code) == status
    assert world.truth() == before


def test_tiktok_takes_the_usable_part_and_says_only_that_it_was_a_part(world: World) -> None:
    request = tiktok_request()
    entry = {"audience_ids": ["vip"]}
    request["json"]["batch_data"] = [
        [{"id": digest("one-of-a-part"), **entry}, {}],
        [{"id": "0" * 64, **entry}, {}],
    ]
    before = world.held()["tiktok"]["audiences"]["vip"]
    body = answer(world, request).json()
    assert (body["code"], body["data"]) == (20001, {})
    assert world.held()["tiktok"]["audiences"]["vip"] == before + 1


def test_tiktok_takes_no_event_with_the_hash_of_nothing(world: World) -> None:
    request = tiktok_event_request()
    request["json"]["data"][0].update(event_id="purchase:nobody", user={"email": digest("")})
    before = world.held()
    assert answer(world, request).json()["code"] == 20001
    assert world.held() == before


def test_a_tiktok_event_is_kept_once_by_its_name_and_id(world: World) -> None:
    request = tiktok_event_request()
    request["json"]["data"][0]["event_id"] = "purchase:twice"
    counts = []
    for value in (1.5, 9.5):
        request["json"]["data"][0]["properties"]["value"] = value
        assert answer(world, request).json()["code"] == 0
        counts.append(world.held()["tiktok"]["events"]["web"])
    assert counts[0] == counts[1]


def test_postscript_ignores_null_and_keeps_the_first_email_and_every_tag(world: World) -> None:
    request = postscript_request()
    request["path"] = "/postscript/api/v2/subscribers/ps-16505550002"
    request["json"] = {"email": "first@canary.example", "tags": ["one"], "properties": {"a": 1}}
    answer(world, request)
    request["json"] = {
        "email": "second@canary.example", "tags": ["two"], "properties": {"a": None, "b": "x"},
    }
    person = answer(world, request).json()
    assert person["email"] == "first@canary.example"
    assert person["tags"] == ["one", "two"]
    assert person["properties"] == {"a": 1, "b": "x"}


def test_postscript_opts_out_and_erases_by_phone(world: World) -> None:
    find = {
        **postscript_request(), "method": "GET",
        "path": "/postscript/api/v2/subscribers?phone_number__eq=%2B16505550003",
    }
    act = {**postscript_request(), "json": {"phone_number": "+16505550003"}}
    base = "/postscript/api/v2/compliance"
    assert answer(world, {**act, "path": f"{base}/unsubscribe"}).status_code == 202
    person = answer(world, find).json()["subscribers"][0]
    assert person["subscriptions"]["promotional"]["can_send"] is False
    assert answer(world, {**act, "path": f"{base}/redact"}).status_code == 202
    assert answer(world, find).json()["subscribers"] == []


def test_postscript_says_no_wait_when_it_is_too_busy(world: World) -> None:
    script = {"vendor": "postscript", "answers": [{"kind": "status", "status": 429}]}
    world.client.post(f"{world.base}/_faults", json={"scripts": [script]})
    busy = answer(world, postscript_request())
    assert (busy.status_code, busy.json()["error_code"]) == (429, 3002)
    assert "retry-after" not in busy.headers
