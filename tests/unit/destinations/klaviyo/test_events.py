from __future__ import annotations

import logging
from typing import Any

import pytest

from orchestration.destinations.base import FatalError, Row, idempotency, restates
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo.api import AUTHORIZATION, HEADERS, KlaviyoApi
from orchestration.destinations.klaviyo.errors import ERRORS
from orchestration.destinations.klaviyo.events import KlaviyoEvents
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings

AT = "/data/attributes/events-bulk-create/data"


def events(*answers: Answer) -> tuple[KlaviyoEvents, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("klaviyo"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    return KlaviyoEvents(KlaviyoApi(http), "Margin per order"), vendor


def row(key: str, **payload: Any) -> Row:
    return Row(key, {"email": f"{key}@x.example", "event_at": "2026-11-01T10:00:00Z", **payload})


def refused(*errors: tuple[str, str | None]) -> Any:
    listed = [
        {"code": code, "source": {"pointer": pointer}} if pointer else {"code": code}
        for code, pointer in errors
    ]
    return ok({"errors": listed}, 409)


def test_an_event_has_an_id_of_its_own_and_the_vendors_shape() -> None:
    plugin, vendor = events(ok(None, 202))
    payload = {"value_amount": "12.3400", "currency": "USD", "property_order": "1001"}
    receipts = plugin.upsert([row("purchase:shop:1", **payload, is_backfill=False)])
    assert [(r.verdict, r.job_id) for r in receipts] == [("accepted_unverified", None)]
    assert vendor.requests[0].url.path == "/api/event-bulk-create-jobs"
    assert vendor.body(0)["data"]["type"] == "event-bulk-create-job"
    (entry,) = vendor.body(0)["data"]["attributes"]["events-bulk-create"]["data"]
    assert entry == {
        "type": "event-bulk-create",
        "attributes": {
            "backfill": False,
            "profile": {
                "data": {
                    "type": "profile", "attributes": {"email": "purchase:shop:1@x.example"},
                }
            },
            "events": {
                "data": [
                    {
                        "type": "event",
                        "attributes": {
                            "metric": {
                                "data": {
                                    "type": "metric", "attributes": {"name": "Margin per order"},
                                }
                            },
                            "properties": {"order": "1001"},
                            "time": "2026-11-01T10:00:00Z",
                            "unique_id": "purchase:shop:1",
                            "value": 12.34,
                            "value_currency": "USD",
                        },
                    }
                ]
            },
        },
    }
    assert (idempotency(plugin), restates(plugin)) == ("key", False)


@pytest.mark.parametrize(("declared", "sent"), [(None, True), (True, True), (False, False)])
def test_history_starts_no_flow_unless_the_row_says_so(declared: object, sent: bool) -> None:
    plugin, vendor = events(ok(None, 202))
    plugin.upsert([row("a", is_backfill=declared)])
    (entry,) = vendor.body(0)["data"]["attributes"]["events-bulk-create"]["data"]
    assert entry["attributes"]["backfill"] is sent


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"email": None}, "no_identifier"),
        ({"event_at": None}, "no_time:event_at"),
        ({"event_at": "2026-11-01T10:00:00"}, "no_time:event_at"),
        ({"value_amount": "much"}, "no_number:value_amount"),
        ({"value_amount": "NaN", "currency": "USD"}, "no_number:value_amount"),
        ({"value_amount": "1.00"}, "no_currency"),
        ({"property_note": "x" * 100_001}, "row_too_large"),
    ],
)
def test_what_cannot_be_sent_is_not(payload: dict[str, Any], reason: str) -> None:
    plugin, vendor = events()
    assert [r.reason for r in plugin.upsert([row("a", **payload)])] == [reason]
    assert vendor.requests == []


def test_a_thousand_events_are_one_request() -> None:
    plugin, vendor = events(ok(None, 202), ok(None, 202))
    plugin.upsert([row(f"e{n}") for n in range(1_001)])
    counts = [
        len(vendor.body(n)["data"]["attributes"]["events-bulk-create"]["data"]) for n in (0, 1)
    ]
    assert counts == [1_000, 1]


def test_five_megabytes_are_one_request() -> None:
    plugin, vendor = events(*[ok(None, 202) for _ in range(2)])
    plugin.upsert([row(f"e{n}", property_note="x" * 90_000) for n in range(56)])
    assert [len(request.content) <= 5_000_000 for request in vendor.requests] == [True, True]


def test_a_bad_event_goes_and_one_that_was_there_counts_as_sent() -> None:
    # The vendor names both; what is wrong is settled first, then what was there.
    plugin, vendor = events(
        refused(("duplicate", f"{AT}/0"), ("invalid", f"{AT}/1/attributes/profile/data")),
        refused(("duplicate", f"{AT}/0")),
        ok(None, 202),
    )
    receipts = plugin.upsert([row("a"), row("b"), row("c")])
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("accepted_unverified", "duplicate"),
        ("rejected", "invalid"),
        ("accepted_unverified", None),
    ]
    assert len(vendor.requests) == 3


def test_duplicates_that_nobody_names_are_found_or_stay_in_doubt() -> None:
    few = [refused(("duplicate", None)) for _ in range(3)]
    receipts = events(*few)[0].upsert([row("a"), row("b")])
    assert {(r.verdict, r.reason) for r in receipts} == {("accepted_unverified", "duplicate")}
    many = [refused(("duplicate", None)) for _ in range(100)]
    receipts = events(*many)[0].upsert([row(f"e{n}") for n in range(1_000)])
    assert {r.verdict for r in receipts} <= {"accepted_unverified", "ambiguous"}
    assert len(receipts) == 1_000


def test_a_request_that_is_wrong_itself_stops(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = [refused(("invalid", None)) for _ in range(100)]
    with pytest.raises(FatalError):
        events(*wrong)[0].upsert([row(f"e{n}") for n in range(1_000)])
    assert "x.example" not in caplog.text
