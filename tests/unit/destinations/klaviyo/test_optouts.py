from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import orchestration.destinations
from orchestration.destinations.base import JobPolling, Limits, ReadBack, Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo.api import AUTHORIZATION, HEADERS, KlaviyoApi
from orchestration.destinations.klaviyo.errors import ERRORS
from orchestration.destinations.klaviyo.optouts import (
    KlaviyoDeletion,
    KlaviyoSuppression,
    KlaviyoUnsubscription,
)
from orchestration.destinations.optouts import OptOutReading
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings

# Each lifts an opt-out: subscribing, unsuppressing, and a consent that is granted.
GRANTS = re.compile(r"profile-subscription-bulk-create|suppression-bulk-delete|\bSUBSCRIBED\b")


def api(*answers: Answer) -> tuple[KlaviyoApi, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("klaviyo"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    return KlaviyoApi(http), vendor


def row(key: str, **payload: Any) -> Row:
    return Row(key, payload or {"email": f"{key}@x.example"})


def job(status: str) -> Any:
    return ok({"data": {"id": "s1", "attributes": {"status": status, "total_count": 2}}})


def profile(profile_id: str, email: str, *reasons: str) -> dict[str, Any]:
    suppression = [{"reason": reason} for reason in reasons]
    marketing = {"email": {"marketing": {"suppression": suppression}}}
    return {"id": profile_id, "attributes": {"email": email, "subscriptions": marketing}}


def test_nothing_that_could_subscribe_anybody_is_written_anywhere() -> None:
    folder = Path(orchestration.destinations.__file__).parent
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.rglob("*.py")}
    assert "optout_calls.py" in texts
    assert [name for name, text in texts.items() if GRANTS.search(text)] == []


def test_the_limits_are_the_vendors() -> None:
    client = api()[0]
    hundred = Limits(rows_per_request=100, burst_per_second=75, steady_per_minute=750)
    assert KlaviyoSuppression(client).limits == hundred
    assert KlaviyoUnsubscription(client).limits == hundred
    one = Limits(rows_per_request=1, burst_per_second=3, steady_per_minute=60)
    assert KlaviyoDeletion(client).limits == one


def test_a_suppression_is_a_job_of_addresses_alone() -> None:
    client, vendor = api(*[ok({"data": {"id": f"s{n}"}}, 202) for n in (1, 2)])
    rows = [row(f"p{n}") for n in range(101)] + [row("q", phone_number="+16505551212")]
    receipts = KlaviyoSuppression(client).upsert(rows)
    assert vendor.requests[0].url.path == "/api/profile-suppression-bulk-create-jobs"
    data = vendor.body(0)["data"]
    assert data.keys() == {"type", "attributes"}
    assert data["type"] == "profile-suppression-bulk-create-job"
    assert len(data["attributes"]["profiles"]["data"]) == 100
    assert data["attributes"]["profiles"]["data"][0] == {
        "type": "profile", "attributes": {"email": "p0@x.example"},
    }
    assert {(r.verdict, r.job_id) for r in receipts[:100]} == {("accepted_unverified", "s1")}
    assert receipts[100].job_id == "s2"
    assert (receipts[101].verdict, receipts[101].reason) == ("rejected", "no_identifier")


def test_a_suppression_counts_when_the_profile_shows_it() -> None:
    shown = [profile("P1", "A@x.example", "UNSUBSCRIBE"), profile("P2", "b@x.example")]
    client, vendor = api(job("processing"), job("complete"), ok({"data": shown}))
    plugin = KlaviyoSuppression(client)
    rows = [row("a"), row("b"), row("c")]
    assert plugin.poll("s1", rows) is None
    receipts = plugin.poll("s1", rows)
    assert receipts is not None
    assert [(r.verdict, r.reason, r.vendor_id) for r in receipts] == [
        ("accepted", None, "P1"), ("rejected", "skipped", None), ("rejected", "skipped", None),
    ]
    assert vendor.requests[2].url.params["additional-fields[profile]"] == "subscriptions"
    assert {request.method for request in vendor.requests} == {"GET"}


@pytest.mark.parametrize("answer", [job("cancelled"), ok({"errors": [{"code": "not_found"}]}, 404)])
def test_a_job_that_did_not_end_leaves_doubt(answer: Any) -> None:
    client, _ = api(answer, ok({"data": [profile("P1", "a@x.example", "USER_SUPPRESSED")]}))
    receipts = KlaviyoSuppression(client).poll("s1", [row("a"), row("b")])
    assert receipts is not None
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("accepted", None), ("ambiguous", "job_not_completed"),
    ]


def test_who_is_suppressed_can_be_read_back_page_by_page() -> None:
    following = "https://klaviyo.example.com/api/profiles?page%5Bcursor%5D=next"
    client, vendor = api(
        ok({"data": [{"id": "P1"}], "links": {"next": following}}), ok({"data": [{"id": "P2"}]})
    )
    plugin = KlaviyoSuppression(client)
    assert list(plugin.read_back()) == ["P1", "P2"]
    assert "suppression.timestamp" in vendor.requests[0].url.params["filter"]
    assert isinstance(plugin, ReadBack)
    assert isinstance(plugin, JobPolling)


def test_who_said_no_there_is_told_with_her_time_and_a_bounce_is_no_no() -> None:
    people = [
        profile("P1", "A@x.example", "UNSUBSCRIBE"), profile("P2", "b@x.example", "HARD_BOUNCE"),
        profile("P3", "c@x.example", "INVALID_EMAIL", "SPAM_REPORT"), profile("P4", "d@x.example"),
        profile("P5", "e@x.example", "A_NEW_REASON"), {"id": "P6"},
    ]
    listed = people[0]["attributes"]["subscriptions"]["email"]["marketing"]["suppression"]
    listed[0]["timestamp"] = "2026-02-01T10:00:00Z"
    client, _ = api(ok({"data": people}), ok({"data": people[:1]}), ok({"data": people[3:4]}))
    plugin = KlaviyoSuppression(client)
    assert isinstance(plugin, OptOutReading)
    told = list(plugin.opted_out())
    assert [(one.address, one.reason) for one in told] == [
        ("a@x.example", "UNSUBSCRIBE"), ("c@x.example", "SPAM_REPORT"),
        ("e@x.example", "A_NEW_REASON"),
    ]
    assert [one.opted_out_at for one in told] == [
        datetime(2026, 2, 1, 10, tzinfo=UTC), None, None,
    ]
    assert (plugin.is_out("a@X.example"), plugin.is_out("d@x.example")) == (True, False)


def test_an_unsubscription_leaves_the_channels_it_names_and_never_a_list() -> None:
    client, vendor = api(ok(None, 202))
    rows = [row("a"), row("b", phone_number="+16505551212"), Row("c", {"email": None})]
    rows.append(row("d", email="d@x.example", phone_number="+16505551213"))
    receipts = KlaviyoUnsubscription(client).upsert(rows)
    assert [r.verdict for r in receipts] == [
        "accepted_unverified", "accepted_unverified", "rejected", "accepted_unverified",
    ]
    assert vendor.requests[0].url.path == "/api/profile-subscription-bulk-delete-jobs"
    data = vendor.body(0)["data"]
    assert data.keys() == {"type", "attributes"}
    assert "list" not in vendor.requests[0].content.decode()
    leave = {"marketing": {"consent": "UNSUBSCRIBED"}}
    attributes = [entry["attributes"] for entry in data["attributes"]["profiles"]["data"]]
    assert attributes == [
        {"email": "a@x.example", "subscriptions": {"email": leave}},
        {"phone_number": "+16505551212", "subscriptions": {"sms": leave}},
        {
            "email": "d@x.example", "phone_number": "+16505551213",
            "subscriptions": {"email": leave, "sms": leave},
        },
    ]
    assert not isinstance(KlaviyoUnsubscription(client), JobPolling)


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        ({"email": "a@x.example"}, {"attributes": {"email": "a@x.example"}}),
        ({"phone_number": "+16505551212"}, {"attributes": {"phone_number": "+16505551212"}}),
        ({"profile_id": "P1"}, {"id": "P1", "attributes": {}}),
    ],
)
def test_an_erasure_names_one_identifier_a_call(
    payload: dict[str, Any], sent: dict[str, Any]
) -> None:
    client, vendor = api(ok(None, 202))
    (receipt,) = KlaviyoDeletion(client).upsert([row("a", **payload)])
    assert receipt.verdict == "accepted_unverified"
    assert vendor.requests[0].url.path == "/api/data-privacy-deletion-jobs"
    assert vendor.body(0)["data"] == {
        "type": "data-privacy-deletion-job",
        "attributes": {"profile": {"data": {"type": "profile", **sent}}},
    }


def test_an_erasure_of_two_or_no_identifiers_is_not_sent() -> None:
    client, vendor = api()
    two = row("a", email="a@x.example", phone_number="+16505551212")
    receipts = KlaviyoDeletion(client).upsert([two, Row("b", {"email": ""})])
    assert [r.reason for r in receipts] == ["needs_exactly_one_identifier", "no_identifier"]
    assert vendor.requests == []


def test_one_refused_erasure_stops_no_other() -> None:
    refusal = ok({"errors": [{"code": "invalid", "source": {"pointer": "/data"}}]}, 400)
    client, vendor = api(refusal, ok(None, 202))
    receipts = KlaviyoDeletion(client).upsert([row("a"), row("b")])
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("rejected", "invalid"), ("accepted_unverified", None),
    ]
    assert len(vendor.requests) == 2
