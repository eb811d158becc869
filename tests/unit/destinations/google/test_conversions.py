from __future__ import annotations

from typing import Any

import pytest

from orchestration.destinations.base import (
    FatalError,
    JobPolling,
    ReadBack,
    RetriableError,
    Row,
    idempotency,
    restates,
)
from orchestration.destinations.google.api import AUTHORIZATION, HEADERS, DataManager
from orchestration.destinations.google.conversions import GoogleConversions
from orchestration.destinations.google.errors import ERRORS
from orchestration.destinations.http import VendorHttp
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings, sha

GRANTED = {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED"}
ADDRESS = {
    "first_name_sha256": sha("g"),
    "last_name_sha256": sha("f"),
    "region_code": "US",
    "postal_code": "94043",
}


def conversions(*answers: Answer) -> tuple[GoogleConversions, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("google"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    return GoogleConversions(DataManager(http, "7"), "99"), vendor


def row(key: str, **payload: Any) -> Row:
    return Row(
        key,
        {
            "event_at": "2026-11-20T10:00:00+00:00",
            "order_id": f"order-{key}",
            "currency": "USD",
            "conversion_value_amount": "12.3400",
            "email_sha256": sha(key),
            **payload,
        },
    )


def queued(request_id: str = "r1") -> Any:
    return ok({"requestId": request_id})


def status(state: str, count: int = 0, **errors: int) -> Any:
    listed = [
        {"reason": f"PROCESSING_ERROR_REASON_{reason}", "recordCount": str(n)}
        for reason, n in errors.items()
    ]
    return ok(
        {
            "requestStatusPerDestination": [
                {
                    "requestStatus": state,
                    "errorInfo": {"errorCounts": listed},
                    "eventsIngestionStatus": {"recordCount": str(count)},
                }
            ]
        }
    )


def test_an_event_has_the_vendors_shape_with_margin_as_its_value() -> None:
    plugin, vendor = conversions(queued())
    receipts = plugin.upsert([row("a", **GRANTED, **ADDRESS, gclid="G1", gbraid="B1")])
    assert [(r.verdict, r.job_id) for r in receipts] == [("accepted_unverified", "r1")]
    assert vendor.requests[0].url.raw_path == b"/v1/events:ingest"
    assert vendor.body(0) == {
        "destinations": [
            {
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "7"},
                "productDestinationId": "99",
            }
        ],
        "encoding": "HEX",
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
        "events": [
            {
                "transactionId": "order-a",
                "eventTimestamp": "2026-11-20T10:00:00+00:00",
                "eventSource": "WEB",
                "currency": "USD",
                "conversionValue": 12.34,
                "userData": {
                    "userIdentifiers": [
                        {"emailAddress": sha("a")},
                        {
                            "address": {
                                "givenName": sha("g"), "familyName": sha("f"),
                                "regionCode": "US", "postalCode": "94043",
                            }
                        },
                    ]
                },
                "adIdentifiers": {"gclid": "G1"},
            }
        ],
    }
    assert isinstance(plugin, JobPolling)
    assert not isinstance(plugin, ReadBack)
    assert (idempotency(plugin), restates(plugin)) == ("key", False)


def test_a_request_holds_one_consent() -> None:
    plugin, vendor = conversions(queued("r1"), queued("r2"), queued("r3"))
    half = {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_UNSPECIFIED"}
    rows = [row("a", **GRANTED), row("b"), row("c", **half), row("d", **GRANTED), row("e")]
    receipts = plugin.upsert(rows)
    sent = [
        (body.get("consent"), [event["transactionId"] for event in body["events"]])
        for body in (vendor.body(n) for n in range(3))
    ]
    assert sent == [
        (None, ["order-b", "order-e"]),
        (
            {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
            ["order-a", "order-d"],
        ),
        ({"adUserData": "CONSENT_GRANTED"}, ["order-c"]),
    ]
    assert [receipt.key for receipt in receipts] == ["a", "b", "c", "d", "e"]
    assert [receipt.job_id for receipt in receipts] == ["r2", "r1", "r3", "r2", "r1"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"ad_user_data": "CONSENT_DENIED"}, "consent_denied:ad_user_data"),
        ({"ad_personalization": "yes"}, "unknown_consent_state:ad_personalization"),
        ({"email_sha256": None}, "no_identifier"),
        ({"email_sha256": "ann@example.com"}, "not_sha256:email_sha256"),
        ({"order_id": None}, "no_order_id"),
        ({"event_at": "2026-11-20"}, "no_time:event_at"),
        ({"conversion_value_amount": None}, "no_value"),
        ({"conversion_value_amount": "12,34"}, "no_number:conversion_value_amount"),
        ({"currency": "dollar"}, "no_currency"),
    ],
)
def test_what_the_vendor_would_drop_never_leaves(payload: dict[str, Any], reason: str) -> None:
    plugin, vendor = conversions()
    assert [r.reason for r in plugin.upsert([row("a", **payload)])] == [reason]
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("clicks", "sent"),
    [
        ({"gbraid": "B", "wbraid": "W"}, {"gbraid": "B"}),
        ({"wbraid": "W"}, {"wbraid": "W"}),
        ({"gclid": "", "wbraid": "W"}, {"wbraid": "W"}),
    ],
)
def test_a_click_alone_is_enough_and_the_surest_is_sent(
    clicks: dict[str, str], sent: dict[str, str]
) -> None:
    plugin, vendor = conversions(queued())
    plugin.upsert([row("a", email_sha256=None, **clicks)])
    (event,) = vendor.body(0)["events"]
    assert event["adIdentifiers"] == sent
    assert "userData" not in event


def test_two_thousand_events_are_one_request() -> None:
    plugin, vendor = conversions(queued(), queued())
    plugin.upsert([row(f"e{n}") for n in range(2_001)])
    assert [len(vendor.body(n)["events"]) for n in (0, 1)] == [2_000, 1]


def test_an_event_named_in_the_refusal_is_rejected_and_the_rest_goes() -> None:
    violation = {"field": "events[1].user_data", "reason": "INVALID_HEX_ENCODING"}
    refusal = {"error": {"details": [{"fieldViolations": [violation]}]}}
    plugin, vendor = conversions(ok(refusal, 400), queued("r2"))
    receipts = plugin.upsert([row("a"), row("b"), row("c")])
    assert [(r.reason, r.job_id) for r in receipts] == [
        (None, "r2"), ("INVALID_HEX_ENCODING", None), (None, "r2"),
    ]
    assert len(vendor.body(1)["events"]) == 2


@pytest.mark.parametrize(
    ("answer", "verdicts"),
    [
        (status("SUCCESS", 3), ["accepted"] * 3),
        # A second sending: the orders are there.
        (status("FAILED", 3, DUPLICATE_TRANSACTION_ID=3), ["accepted"] * 3),
        (status("PARTIAL_SUCCESS", 3, DUPLICATE_TRANSACTION_ID=1), ["accepted"] * 3),
        (status("PARTIAL_SUCCESS", 3, DUPLICATE_GCLID=1), ["accepted"] * 3),
        # One consent for all of a request: whoever failed for it, all of them did.
        (status("FAILED", 3, NO_CONSENT=3), ["rejected"] * 3),
        (status("FAILED", 3, INVALID_GCLID=3), ["rejected"] * 3),
        # Some were there and some are wrong: nobody says which.
        (status("FAILED", 3, DUPLICATE_TRANSACTION_ID=1, INVALID_GCLID=2), ["ambiguous"] * 3),
        (status("PARTIAL_SUCCESS", 3, INVALID_GCLID=1), ["ambiguous"] * 3),
        (
            status("PARTIAL_SUCCESS", 3, DUPLICATE_TRANSACTION_ID=1, INVALID_GCLID=1),
            ["ambiguous"] * 3,
        ),
    ],
)
def test_a_status_names_rows_only_where_its_counts_do(answer: Any, verdicts: list[str]) -> None:
    plugin, vendor = conversions(answer)
    receipts = plugin.poll("r1", [row("a", **GRANTED), row("b", **GRANTED), row("c", **GRANTED)])
    assert receipts is not None
    assert [receipt.verdict for receipt in receipts] == verdicts
    assert [request.method for request in vendor.requests] == ["GET"]


def test_a_request_that_is_processing_is_asked_again() -> None:
    assert conversions(status("PROCESSING"))[0].poll("r1", [row("a")]) is None


@pytest.mark.parametrize(
    ("code", "answered", "wait"),
    [
        ("UNAVAILABLE", 503, 5.0),
        ("DEADLINE_EXCEEDED", 504, 5.0),
        ("RESOURCE_EXHAUSTED", 429, None),
        ("INTERNAL", 500, None),
        # The same words under another status: the code decides.
        ("UNAVAILABLE", 400, 5.0),
    ],
)
def test_the_service_says_how_long_to_wait(code: str, answered: int, wait: float | None) -> None:
    with pytest.raises(RetriableError) as raised:
        conversions(ok({"error": {"status": code}}, answered))[0].upsert([row("a")])
    assert raised.value.retry_after_seconds == wait


@pytest.mark.parametrize("reason", ["TERMS_AND_CONDITIONS_NOT_SIGNED", "NOT_ALLOWLISTED"])
def test_what_concerns_the_account_is_no_fault_of_an_event(reason: str) -> None:
    with pytest.raises(FatalError, match=reason):
        conversions(ok({"error": {"details": [{"reason": reason}]}}, 400))[0].upsert([row("a")])
