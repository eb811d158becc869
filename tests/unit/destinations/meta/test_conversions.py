from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orchestration.destinations.base import (
    FatalError,
    RetriableError,
    Row,
    idempotency,
    restates,
)
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.meta.api import AUTHORIZATION, EVENT_ERRORS, HEADERS
from orchestration.destinations.meta.conversions import MetaConversions
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings, sha

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def conversions(*answers: Answer) -> tuple[MetaConversions, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("meta"), AUTHORIZATION, EVENT_ERRORS, HEADERS, transport=vendor)
    return MetaConversions(http, "77", lambda: NOW), vendor


def row(key: str, **payload: Any) -> Row:
    return Row(
        key,
        {
            "event_name": "Purchase",
            "event_at": "2026-11-20T10:00:00+00:00",
            "order_id": "1001",
            "currency": "usd",
            "conversion_value_amount": "12.3400",
            "email_sha256": sha(key),
            "is_limited_data_use": False,
            **payload,
        },
    )


def received(*missing: str) -> Callable[[Any], httpx.Response]:
    """A vendor that loses these events and says only how many arrived."""

    def answer(body: Any) -> httpx.Response:
        count = sum(event["event_id"] not in missing for event in body["data"])
        return ok({"events_received": count, "messages": [], "fbtrace_id": "x"})

    return answer


def failing(*bad: str) -> Callable[[Any], httpx.Response]:
    """A vendor that fails a request with one of these events and does not say which."""

    def answer(body: Any) -> httpx.Response:
        if any(event["event_id"] in bad for event in body["data"]):
            return ok({"error": {"code": 100, "error_subcode": 2804003}}, 400)
        return received()(body)

    return answer


def test_an_event_has_the_vendors_shape_with_margin_as_its_value() -> None:
    plugin, vendor = conversions(received())
    payload = {
        "phone_sha256": sha("p"), "external_id": "cus_1", "fbp": "fb.1.1.2", "fbc": "fb.1.1.x",
        "client_ip_address": "203.0.113.7", "client_user_agent": "Agent",
        "event_source_url": "https://shop.example/thanks",
    }
    receipts = plugin.upsert([row("purchase:shop:1001", **payload)])
    assert [r.verdict for r in receipts] == ["accepted"]
    assert vendor.requests[0].url.raw_path == b"/v26.0/77/events"
    assert vendor.body(0) == {
        "data": [
            {
                "event_id": "purchase:shop:1001",
                "event_name": "Purchase",
                "event_time": 1795168800,
                "action_source": "website",
                "event_source_url": "https://shop.example/thanks",
                "user_data": {
                    "em": [sha("purchase:shop:1001")],
                    "ph": [sha("p")],
                    "external_id": [sha("cus_1")],
                    "fbp": "fb.1.1.2",
                    "fbc": "fb.1.1.x",
                    "client_ip_address": "203.0.113.7",
                    "client_user_agent": "Agent",
                },
                "custom_data": {"value": 12.34, "currency": "USD", "order_id": "1001"},
                "data_processing_options": [],
            }
        ]
    }
    assert (idempotency(plugin), restates(plugin)) == ("key", False)


def test_an_order_without_its_browser_is_not_said_to_come_from_a_website() -> None:
    plugin, vendor = conversions(received())
    plugin.upsert([row("a", event_source_url="https://shop.example/thanks")])
    (event,) = vendor.body(0)["data"]
    assert event["action_source"] == "other"
    assert "event_source_url" not in event


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(days=6, hours=23), None),
        (timedelta(days=7), "too_old"),
        (timedelta(days=400), "too_old"),
        (timedelta(hours=-1), None),
    ],
)
def test_an_event_of_more_than_seven_days_stays_here(age: timedelta, reason: str | None) -> None:
    plugin, vendor = conversions(received())
    old = row("old", event_at=(NOW - age).isoformat())
    receipts = plugin.upsert([row("new"), old])
    assert [r.reason for r in receipts] == [None, reason]
    assert len(vendor.body(0)["data"]) == (2 if reason is None else 1)


@pytest.mark.parametrize(
    ("payload", "terms"),
    [
        ({"is_limited_data_use": False}, {"data_processing_options": []}),
        (
            {"is_limited_data_use": True, "state": "CA"},
            {
                "data_processing_options": ["LDU"],
                "data_processing_options_country": 1,
                "data_processing_options_state": 1000,
            },
        ),
        (
            {"is_limited_data_use": True, "state": "TX", "client_ip_address": "203.0.113.7"},
            {
                "data_processing_options": ["LDU"],
                "data_processing_options_country": 0,
                "data_processing_options_state": 0,
            },
        ),
    ],
)
def test_limited_data_use_is_said_of_each_event(
    payload: dict[str, Any], terms: dict[str, Any]
) -> None:
    plugin, vendor = conversions(received())
    plugin.upsert([row("a", **payload)])
    (event,) = vendor.body(0)["data"]
    assert {name: event[name] for name in event if name.startswith("data_")} == terms


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"is_limited_data_use": None}, "undeclared:is_limited_data_use"),
        ({"is_limited_data_use": True, "state": "TX"}, "limited_data_use_without_place"),
        # A province of another country is not California.
        (
            {"is_limited_data_use": True, "state": "CA", "country_code": "CO"},
            "limited_data_use_without_place",
        ),
        ({"email_sha256": None}, "no_identifier"),
        ({"email_sha256": "ann@example.com"}, "not_sha256:email_sha256"),
        ({"email_sha256": sha("")}, "hash_of_nothing:email_sha256"),
        ({"event_at": "yesterday"}, "no_time:event_at"),
        ({"event_at": "2026-11-20T10:00:00"}, "no_time:event_at"),
        ({"conversion_value_amount": None}, "no_value"),
        ({"conversion_value_amount": "Infinity"}, "no_number:conversion_value_amount"),
        ({"currency": None}, "no_currency"),
        ({"event_name": None}, "no_event_name"),
    ],
)
def test_what_would_fail_the_request_never_leaves(payload: dict[str, Any], reason: str) -> None:
    plugin, vendor = conversions()
    assert [r.reason for r in plugin.upsert([row("a", **payload)])] == [reason]
    assert vendor.requests == []


def test_a_loss_is_no_value_of_zero() -> None:
    plugin, vendor = conversions(received())
    plugin.upsert([row("a", conversion_value_amount="-3.2500")])
    assert vendor.body(0)["data"][0]["custom_data"]["value"] == -3.25


def test_a_thousand_events_are_one_request() -> None:
    plugin, vendor = conversions(received(), received())
    plugin.upsert([row(f"e{n}") for n in range(1_001)])
    assert [len(vendor.body(n)["data"]) for n in (0, 1)] == [1_000, 1]


def test_one_event_that_fails_a_thousand_is_found_and_the_rest_goes() -> None:
    plugin, vendor = conversions(*[failing("e613")] * 30)
    receipts = plugin.upsert([row(f"e{n}") for n in range(1_000)])
    assert [(r.key, r.reason) for r in receipts if r.verdict == "rejected"] == [("e613", "100")]
    assert sum(r.verdict == "accepted" for r in receipts) == 999
    assert len(vendor.requests) <= 29


def test_fewer_received_than_sent_names_the_missing() -> None:
    plugin, vendor = conversions(*[received("e3")] * 10)
    receipts = plugin.upsert([row(f"e{n}") for n in range(8)])
    assert [(r.key, r.verdict, r.reason) for r in receipts if r.reason] == [
        ("e3", "rejected", "not_received")
    ]
    assert len(vendor.requests) <= 4


@pytest.mark.parametrize("body", [{}, [], {"events_received": 3}, {"events_received": "1"}])
def test_an_answer_that_does_not_count_proves_nothing(body: object) -> None:
    with pytest.raises(RetriableError):
        conversions(ok(body))[0].upsert([row("a")])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 190}, FatalError),
        ({"code": 100, "error_subcode": 33}, FatalError),
        ({"code": 2635}, FatalError),
        ({"code": 200}, FatalError),
        ({"code": 4}, RetriableError),
        ({"code": 100, "is_transient": True}, RetriableError),
    ],
)
def test_what_concerns_the_account_is_no_fault_of_an_event(
    error: object, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as raised:
        conversions(ok({"error": error}, 400))[0].upsert([row("a"), row("b")])
    assert type(raised.value) is expected


def test_two_sendings_of_an_order_are_the_same_bytes() -> None:
    plugin, vendor = conversions(received(), received())
    for _ in range(2):
        plugin.upsert([row("a", external_id="cus_1")])
    assert vendor.requests[0].content == vendor.requests[1].content
    assert json.loads(vendor.requests[0].content)
