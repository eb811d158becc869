"""What the vendors refuse of events, conversions and opt-outs: one known-bad request each.

What lives here: the canaries of these capabilities; those of audiences and profiles stand beside.
What never does: the plug-ins.
"""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from tests.contracts.cases import World, digest
from tests.contracts.test_sandbox_refusals import (
    PROFILES,
    Change,
    answer,
    google_request,
    klaviyo_request,
    meta_request,
    with_body,
    with_path,
    without_body,
    without_header,
)


def klaviyo_post(path: str, data: dict[str, Any]) -> dict[str, Any]:
    request = klaviyo_request()
    return {**request, "path": f"/klaviyo/api/{path}", "json": {"data": data}}


def klaviyo_events_request() -> dict[str, Any]:
    metric = {"data": {"type": "metric", "attributes": {"name": "Margin"}}}
    event = {"type": "event", "attributes": {"metric": metric, "properties": {}, "value": 1.5}}
    attributes = {
        "profile": {"data": {"type": "profile", "attributes": {"email": "ann@example.com"}}},
        "events": {"data": [event]},
    }
    entry = {"type": "event-bulk-create", "attributes": attributes}
    return klaviyo_post(
        "event-bulk-create-jobs",
        {
            "type": "event-bulk-create-job",
            "attributes": {"events-bulk-create": {"data": [entry]}},
        },
    )


def klaviyo_suppression_request() -> dict[str, Any]:
    profile = {"type": "profile", "attributes": {"email": "ann@example.com"}}
    return klaviyo_post(
        "profile-suppression-bulk-create-jobs",
        {
            "type": "profile-suppression-bulk-create-job",
            "attributes": {"profiles": {"data": [profile]}},
        },
    )


def klaviyo_unsubscription_request() -> dict[str, Any]:
    leave = {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}}
    attributes = {"email": "ann@example.com", "subscriptions": leave}
    profile = {"type": "profile", "attributes": attributes}
    return klaviyo_post(
        "profile-subscription-bulk-delete-jobs",
        {
            "type": "profile-subscription-bulk-delete-job",
            "attributes": {"profiles": {"data": [profile]}},
        },
    )


def klaviyo_deletion_request() -> dict[str, Any]:
    profile = {"type": "profile", "attributes": {"email": "ann@example.com"}}
    return klaviyo_post(
        "data-privacy-deletion-jobs",
        {"type": "data-privacy-deletion-job", "attributes": {"profile": {"data": profile}}},
    )


def meta_conversions_request() -> dict[str, Any]:
    event = {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": "purchase:shop:1",
        "action_source": "other",
        "user_data": {"em": [digest("a")]},
        "custom_data": {"value": 1.5, "currency": "USD"},
        "data_processing_options": [],
    }
    return {**meta_request(), "path": "/meta/v26.0/shop/events", "json": {"data": [event]}}


def google_conversions_request() -> dict[str, Any]:
    request = google_request()
    destination = {**request["json"]["destinations"][0], "productDestinationId": "purchase"}
    event = {
        "transactionId": "order-1",
        "eventTimestamp": "2026-11-20T10:00:00+00:00",
        "currency": "USD",
        "conversionValue": 1.5,
        "userData": {"userIdentifiers": [{"emailAddress": digest("a")}]},
    }
    body = {"destinations": [destination], "events": [event], "encoding": "HEX"}
    return {**request, "path": "/google/v1/events:ingest", "json": body}


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


ENTRIES = ("data", "attributes", "events-bulk-create", "data")
EVENT = (*ENTRIES, 0, "attributes", "events", "data", 0, "attributes")
KLAVIYO_EVENTS: dict[str, tuple[Change, int]] = {
    "no key": (without_header("authorization"), 401),
    "another type": (with_body(*ENTRIES, 0, "type", to="event"), 400),
    "no events": (with_body(*ENTRIES, to=[]), 400),
    "1,001 events": (
        lambda request: with_body(*ENTRIES, to=_at(request["json"], ENTRIES) * 1_001)(request),
        400,
    ),
    "no metric": (without_body(*EVENT, "metric"), 400),
    "no properties": (without_body(*EVENT, "properties"), 400),
    "a metric of 128 characters": (
        with_body(*EVENT, "metric", "data", "attributes", "name", to="m" * 128), 400,
    ),
    "a value that is a text": (with_body(*EVENT, "value", to="1.50"), 400),
    "a time before 1990": (with_body(*EVENT, "time", to="1989-01-01T00:00:00Z"), 400),
    "an unknown key": (with_body(*EVENT, "event_id", to="e1"), 400),
    "a text of 100 kB": (with_body(*EVENT, "properties", to={"a": "x" * 100_001}), 400),
    "no identifier": (
        with_body(*ENTRIES, 0, "attributes", "profile", "data", "attributes", to={}), 400,
    ),
}
ADDRESSED: dict[str, tuple[Change, int]] = {
    "no profiles": (with_body(*PROFILES, to=[]), 400),
    "101 profiles": (
        lambda request: with_body(*PROFILES, to=_at(request["json"], PROFILES) * 101)(request), 400,
    ),
    "no address": (with_body(*PROFILES, 0, "attributes", "email", to="not-an-address"), 400),
    "an unknown key": (with_body(*PROFILES, 0, "attributes", "external_id", to="c1"), 400),
}
KLAVIYO_SUPPRESSION: dict[str, tuple[Change, int]] = {
    **ADDRESSED,
    "the way back": (
        with_path("/klaviyo/api/profile-suppression-bulk-delete-jobs"), 404,
    ),
}
CHANNEL = (*PROFILES, 0, "attributes", "subscriptions")
KLAVIYO_UNSUBSCRIPTION: dict[str, tuple[Change, int]] = {
    **ADDRESSED,
    "a list": (with_body("data", "relationships", to={"list": {"data": {"id": "vip"}}}), 400),
    "consent that is granted": (
        with_body(*CHANNEL, "email", "marketing", "consent", to="SUBSCRIBED"), 400,
    ),
    "a channel without its identifier": (
        with_body(*CHANNEL, "sms", to={"marketing": {"consent": "UNSUBSCRIBED"}}), 400,
    ),
    "no channel": (with_body(*CHANNEL, to={}), 400),
    "the way back": (with_path("/klaviyo/api/profile-subscription-bulk-create-jobs"), 404),
}
ERASED = ("data", "attributes", "profile", "data")
KLAVIYO_DELETION: dict[str, tuple[Change, int]] = {
    "two identifiers": (
        with_body(*ERASED, "attributes", "phone_number", to="+16505551212"), 400,
    ),
    "no identifier": (with_body(*ERASED, "attributes", to={}), 400),
    "an external id": (with_body(*ERASED, "attributes", to={"external_id": "c1"}), 400),
}
LDU = {"data_processing_options": ["LDU"]}


def with_event(**fields: Any) -> Change:
    return lambda request: request["json"]["data"][0].update(fields)


META_CONVERSIONS: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "another version": (with_path("/meta/v1.0/shop/events"), 400),
    "unknown dataset": (with_path("/meta/v26.0/none/events"), 404),
    "an audience for a dataset": (with_path("/meta/v26.0/vip/events"), 404),
    "no events": (with_body("data", to=[]), 400),
    "1,001 events": (
        lambda request: with_body("data", to=request["json"]["data"] * 1_001)(request), 400,
    ),
    "eight days old": (with_event(event_time=int(time.time()) - 8 * 86_400), 400),
    "a time that is a text": (with_event(event_time="1795168800"), 400),
    "no person": (with_event(user_data={}), 400),
    "a plain e-mail": (with_event(user_data={"em": ["ann@example.com"]}), 400),
    "an md5": (with_event(user_data={"em": ["0cc175b9c0f1b6a831c399e269772661"]}), 400),
    "a hashed agent": (with_event(user_data={"client_user_agent": digest("agent")}), 400),
    "a website without a browser": (with_event(action_source="website"), 400),
    "an unknown source": (with_event(action_source="shop"), 400),
    "a purchase without value": (with_event(custom_data={"currency": "USD"}), 400),
    "a value that is a text": (with_event(custom_data={"value": "1.5", "currency": "USD"}), 400),
    "limited data use of no place": (with_event(**LDU), 400),
    "limited data use of an unknown state": (
        with_event(
            **LDU, data_processing_options_country=1, data_processing_options_state=7,
        ),
        400,
    ),
    "an unknown key": (with_event(value=1.5), 400),
}

def with_google_event(**fields: Any) -> Change:
    return lambda request: request["json"]["events"][0].update(fields)


GOOGLE_CONVERSIONS: dict[str, tuple[Change, int]] = {
    "no token": (without_header("authorization"), 401),
    "no encoding": (without_body("encoding"), 400),
    "a list for a conversion action": (
        with_body("destinations", 0, "productDestinationId", to="vip"), 404,
    ),
    "no events": (with_body("events", to=[]), 400),
    "2,001 events": (
        lambda request: with_body("events", to=request["json"]["events"] * 2_001)(request), 400,
    ),
    "no order": (without_body("events", 0, "transactionId"), 400),
    "no time": (without_body("events", 0, "eventTimestamp"), 400),
    "a time without a zone": (with_google_event(eventTimestamp="2026-11-20T10:00:00"), 400),
    "a value that is a text": (with_google_event(conversionValue="1.5"), 400),
    "a value of no currency": (without_body("events", 0, "currency"), 400),
    "an unknown source": (with_google_event(eventSource="SHOP"), 400),
    "nobody": (without_body("events", 0, "userData"), 400),
    "no identifiers": (with_google_event(userData={"userIdentifiers": []}), 400),
    "a plain e-mail": (
        with_google_event(userData={"userIdentifiers": [{"emailAddress": "ann@example.com"}]}),
        400,
    ),
    "an unknown click": (with_google_event(adIdentifiers={"fbclid": "x"}), 400),
    "an unknown consent": (with_google_event(consent={"adUserData": "GRANTED"}), 400),
    "an unknown key": (with_google_event(eventId="e1"), 400),
}
CAPABILITIES = {
    "klaviyo events": (klaviyo_events_request, KLAVIYO_EVENTS),
    "klaviyo suppression": (klaviyo_suppression_request, KLAVIYO_SUPPRESSION),
    "klaviyo unsubscription": (klaviyo_unsubscription_request, KLAVIYO_UNSUBSCRIPTION),
    "klaviyo deletion": (klaviyo_deletion_request, KLAVIYO_DELETION),
    "meta conversions": (meta_conversions_request, META_CONVERSIONS),
    "google conversions": (google_conversions_request, GOOGLE_CONVERSIONS),
}
every_canary = pytest.mark.parametrize(
    ("capability", "name"),
    [(capability, name) for capability, (_, bad) in CAPABILITIES.items() for name in bad],
)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_good_request_is_taken(capability: str, world: World) -> None:
    assert answer(world, CAPABILITIES[capability][0]()).status_code in (200, 202)


@every_canary
def test_a_known_bad_request_is_refused_and_changes_nothing(
    capability: str, name: str, world: World
) -> None:
    make, canaries = CAPABILITIES[capability]
    change, status = canaries[name]
    request = copy.deepcopy(make())
    change(request)
    before = world.truth()
    assert answer(world, request).status_code == status
    assert world.truth() == before


def test_meta_fails_a_whole_request_for_one_event_and_does_not_say_which(world: World) -> None:
    request = meta_conversions_request()
    (event,) = request["json"]["data"]
    bad = {**event, "event_id": "b", "user_data": {"em": ["ann@example.com"]}}
    request["json"]["data"] = [{**event, "event_id": f"batch:{n}"} for n in range(3)] + [bad]
    before = world.held()
    response = answer(world, request)
    assert response.status_code == 400
    assert "3" not in response.json()["error"]["message"]
    assert world.held() == before


def test_meta_counts_one_event_of_an_id_and_receives_all(world: World) -> None:
    request = meta_conversions_request()
    (event,) = request["json"]["data"]
    request["json"]["data"] = [{**event, "event_id": "once"}] * 2
    before = world.held()["meta"]["events"]["shop"]
    assert answer(world, request).json()["events_received"] == 2
    assert world.held()["meta"]["events"]["shop"] == before + 1


def test_meta_changes_no_audience_that_it_has_flagged(world: World) -> None:
    request = {**meta_request(), "path": "/meta/v26.0/diabetes/users"}
    response = answer(world, request)
    assert response.status_code == 400
    assert response.json()["error"]["error_subcode"] == 1713230


def test_klaviyo_keeps_one_of_two_events_of_a_second_that_have_no_id(world: World) -> None:
    request = klaviyo_events_request()
    (entry,) = _at(request["json"], ENTRIES)
    at = ("attributes", "events", "data", 0, "attributes")
    entries = [copy.deepcopy(entry) for _ in range(4)]
    for number, one in enumerate(entries):
        _at(one, at)["time"] = "2026-11-02T10:00:00Z"
        if number > 1:
            _at(one, at)["unique_id"] = f"own:{number}"
    _at(request["json"], ENTRIES[:-1])["data"] = entries
    before = world.held()["klaviyo"].get("events", {}).get("Margin", 0)
    assert answer(world, request).status_code == 202
    assert world.held()["klaviyo"]["events"]["Margin"] == before + 3
    # The two with an id are known now: the whole request is refused, and says which they are.
    again = answer(world, request)
    assert again.status_code == 409
    pointers = [error["source"]["pointer"] for error in again.json()["errors"]]
    assert [pointer.rpartition("/")[2] for pointer in pointers] == ["2", "3"]
