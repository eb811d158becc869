from __future__ import annotations

from collections.abc import Callable
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
from orchestration.destinations.tiktok.audience import TikTokAudience
from orchestration.destinations.tiktok.conversions import TikTokConversions
from orchestration.destinations.tiktok.errors import (
    AUTHORIZATION,
    CREDENTIAL_HEADER,
    ERRORS,
    HEADERS,
)
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings, sha


def http(vendor: Vendor) -> VendorHttp:
    return VendorHttp(
        settings("tiktok"), AUTHORIZATION, ERRORS, HEADERS, CREDENTIAL_HEADER, transport=vendor
    )


def audience(*answers: Answer) -> tuple[TikTokAudience, Vendor]:
    vendor = Vendor(list(answers))
    return TikTokAudience(http(vendor), "7001", "AUD1"), vendor


def conversions(*answers: Answer) -> tuple[TikTokConversions, Vendor]:
    vendor = Vendor(list(answers))
    return TikTokConversions(http(vendor), "PIXEL1"), vendor


def code(number: int) -> httpx.Response:
    return ok({"code": number, "message": "x", "data": {}})


def row(number: int) -> Row:
    return Row(f"k{number}", {"email_sha256": sha(str(number)), "phone_sha256": None})


def partly(*bad: int) -> Callable[[Any], httpx.Response]:
    """A vendor that takes what it can and says only whether that was all."""

    def answer(body: Any) -> httpx.Response:
        sent = [entry.get("id") for cells in body["batch_data"] for entry in cells]
        return code(20001 if any(sha(str(number)) in sent for number in bad) else 0)

    return answer


def event(**changes: Any) -> Row:
    payload = {
        "event_name": "Purchase",
        "event_at": "2026-11-20T12:00:00+00:00",
        "order_id": "1",
        "currency": "USD",
        "conversion_value_amount": "12.3400",
        "email_sha256": sha("e"),
        "external_id": "cus_1",
    }
    return Row("purchase:shop:1", {**payload, **changes})


def test_a_batch_has_the_vendors_shape() -> None:
    plugin, vendor = audience(code(0))
    both = {"email_sha256": sha("e"), "phone_sha256": sha("p")}
    plugin.upsert([Row("k1", both), Row("k2", {"phone_sha256": sha("q")})])
    request = vendor.requests[0]
    assert request.url.path == "/open_api/v1.3/segment/mapping/"
    assert request.headers["access-token"] == "canary-secret"
    assert "authorization" not in request.headers
    assert vendor.body(0) == {
        "advertiser_ids": ["7001"],
        "action": "add",
        "id_schema": ["EMAIL_SHA256", "PHONE_SHA256"],
        "batch_data": [
            [
                {"id": sha("e"), "audience_ids": ["AUD1"]},
                {"id": sha("p"), "audience_ids": ["AUD1"]},
            ],
            [{}, {"id": sha("q"), "audience_ids": ["AUD1"]}],
        ],
    }


def test_a_removal_sends_the_digests_that_were_sent() -> None:
    plugin, vendor = audience(code(0))
    receipts = plugin.remove([row(1)])
    assert vendor.body(0)["action"] == "delete"
    assert vendor.body(0)["batch_data"] == [[{"id": sha("1"), "audience_ids": ["AUD1"]}, {}]]
    assert [receipt.verdict for receipt in receipts] == ["accepted"]


def test_a_partial_success_is_searched_and_never_taken_for_all() -> None:
    plugin, vendor = audience(*[partly(613)] * 30)
    receipts = plugin.upsert([row(number) for number in range(1000)])
    assert [r.key for r in receipts if r.verdict == "rejected"] == ["k613"]
    assert {r.reason for r in receipts if r.verdict == "rejected"} == {"20001"}
    assert sum(r.verdict == "accepted" for r in receipts) == 999
    assert len(vendor.requests) <= 29


def test_rows_of_a_partial_success_that_stay_unsearched_are_in_doubt() -> None:
    bad = tuple(range(0, 1000, 2))
    plugin, vendor = audience(*[partly(*bad)] * 60)
    receipts = plugin.upsert([row(number) for number in range(1000)])
    verdict = {receipt.key: receipt.verdict for receipt in receipts}
    assert not any(verdict[f"k{number}"] == "accepted" for number in bad)
    assert "ambiguous" in verdict.values()
    assert len(vendor.requests) == 29


def test_one_row_with_two_digests_that_is_taken_in_part_is_in_doubt() -> None:
    plugin, _ = audience(code(20001))
    receipts = plugin.upsert([Row("k", {"email_sha256": sha("e"), "phone_sha256": sha("p")})])
    assert [(r.verdict, r.reason) for r in receipts] == [("ambiguous", "20001")]


def test_a_refused_batch_loses_only_the_rows_at_fault() -> None:
    def answer(body: Any) -> httpx.Response:
        return code(40062 if len(body["batch_data"]) != 1 else 0)

    plugin, _ = audience(*[answer] * 5)
    receipts = plugin.upsert([row(number) for number in range(3)])
    assert [receipt.verdict for receipt in receipts] == ["accepted"] * 3


def test_digests_that_are_none_never_leave() -> None:
    plugin, vendor = audience()
    bad = [
        {},
        {"email_sha256": sha("")},
        {"email_sha256": "ann@example.com"},
        {"email_sha256": sha("a").upper()},
        {"email_sha256": sha("a"), "phone_sha256": "16505551212"},
    ]
    receipts = plugin.upsert([Row(str(n), payload) for n, payload in enumerate(bad)])
    assert [receipt.reason for receipt in receipts] == [
        "no_identifier", "hash_of_nothing:email_sha256", "not_sha256:email_sha256",
        "not_sha256:email_sha256", "not_sha256:phone_sha256",
    ]
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("answer", "expected", "remedy"),
    [
        *[(code(number), RetriableError, "Wait")
          for number in (40100, 40132, 40202, 50000, 50002, 51000, 51021)],
        *[(code(number), FatalError, "TRIBUTARY_TIKTOK_SECRET")
          for number in (40001, 40102, 40104, 40105)],
        (code(40007), FatalError, "TRIBUTARY_TIKTOK_OBJECT_IDS"),
        (code(40400), FatalError, "look up the code"),
        (ok({}), RetriableError, "Wait"),
        (ok([]), RetriableError, "Wait"),
        (httpx.Response(200), RetriableError, "Send again"),
    ],
)
def test_the_code_in_a_200_decides(
    answer: httpx.Response, expected: type[Exception], remedy: str
) -> None:
    with pytest.raises(expected, match=r".") as raised:
        audience(answer)[0].upsert([row(1)])
    assert type(raised.value) is expected
    assert remedy in raised.value.remedy  # type: ignore[attr-defined]


def test_a_request_that_is_wrong_as_a_whole_is_fatal() -> None:
    plugin, _ = audience(*[code(40002)] * 40)
    with pytest.raises(FatalError) as raised:
        plugin.upsert([row(number) for number in range(1000)])
    assert "40002" in raised.value.what


def test_an_event_has_the_vendors_shape() -> None:
    plugin, vendor = conversions(code(0))
    receipts = plugin.upsert(
        [event(phone_sha256=sha("p"), external_id_sha256=sha("c"), ttclid="click",
               client_ip_address="192.0.2.1", client_user_agent="UA",
               event_source_url="https://shop.example/thanks")]
    )
    assert vendor.requests[0].url.path == "/open_api/v1.3/event/track/"
    assert vendor.body(0) == {
        "event_source": "web",
        "event_source_id": "PIXEL1",
        "data": [
            {
                "event": "Purchase",
                "event_time": 1_795_176_000,
                "event_id": "purchase:shop:1",
                "user": {
                    "email": sha("e"), "phone": sha("p"), "external_id": sha("c"),
                    "ttclid": "click", "ip": "192.0.2.1", "user_agent": "UA",
                },
                "properties": {"value": 12.34, "currency": "USD", "order_id": "1"},
                "page": {"url": "https://shop.example/thanks"},
            }
        ],
    }
    assert [receipt.verdict for receipt in receipts] == ["accepted"]


def test_our_plain_customer_id_stays_with_us() -> None:
    plugin, vendor = conversions(code(0))
    plugin.upsert([event()])
    assert "cus_1" not in vendor.requests[0].content.decode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"email_sha256": None}, "no_identifier"),
        ({"email_sha256": None, "client_ip_address": "192.0.2.1"}, "no_identifier"),
        ({"email_sha256": sha("")}, "hash_of_nothing:email_sha256"),
        ({"external_id_sha256": "cus_1"}, "not_sha256:external_id_sha256"),
        ({"is_limited_data_use": True}, "limited_data_use"),
        ({"event_at": None}, "no_event"),
        ({"event_at": "2026-11-20T12:00:00"}, "no_event"),
        ({"conversion_value_amount": None}, "no_value"),
        ({"conversion_value_amount": "NaN"}, "no_value"),
        ({"conversion_value_amount": "many"}, "no_value"),
        ({"currency": None}, "no_value"),
    ],
)
def test_an_event_that_says_too_little_or_too_much_stays_here(
    changes: dict[str, Any], reason: str
) -> None:
    plugin, vendor = conversions()
    receipts = plugin.upsert([event(**changes)])
    assert [(r.verdict, r.reason) for r in receipts] == [("rejected", reason)]
    assert vendor.requests == []


def test_events_are_sent_once_and_never_restated() -> None:
    plugin, _ = conversions()
    assert (idempotency(plugin), restates(plugin)) == ("key", False)
    assert (idempotency(audience()[0]), restates(audience()[0])) == ("upsert", False)
