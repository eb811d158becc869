from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from orchestration.destinations.base import (
    Destination,
    FatalError,
    RetriableError,
    Row,
    idempotency,
    is_unverified,
)
from orchestration.destinations.optouts import OptOutReading
from orchestration.destinations.postscript.errors import OPT_OUT_LIMITS
from orchestration.destinations.registry import open_destination
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings

PHONE = "+16505551212"


def plugin(object_name: str, *answers: Answer) -> tuple[Destination, Vendor]:
    vendor = Vendor(list(answers))
    return open_destination(
        "postscript", object_name, settings("postscript"), transport=vendor
    ), vendor


def listed(*people: dict[str, Any]) -> httpx.Response:
    return ok({"page_info": {"page": 1, "total_pages": 1}, "subscribers": list(people)})


def row(vendor_id: str | None = None, **payload: Any) -> Row:
    return Row("k", {"phone_number": PHONE, "property_segment": "vip", **payload},
               vendor_id=vendor_id)  # fmt: skip


def outcome(destination: Destination, given: Row) -> tuple[str, str | None]:
    receipts = destination.upsert([given])
    return receipts[0].verdict, receipts[0].reason


def test_a_subscriber_is_found_by_phone_and_gets_our_properties_only() -> None:
    destination, vendor = plugin(
        "subscribers", listed({"id": "s/1", "phone_number": PHONE}), ok({"id": "s/1"})
    )
    given = row(property_score=0.25, property_orders=3, property_none=None, email="a@x.example")
    receipts = destination.upsert([given])
    assert [request.method for request in vendor.requests] == ["GET", "PATCH"]
    assert dict(vendor.requests[0].url.params) == {"phone_number__eq": PHONE}
    assert vendor.requests[1].url.raw_path == b"/api/v2/subscribers/s%2F1"
    assert vendor.body(1) == {"properties": {"segment": "vip", "score": "0.25", "orders": 3}}
    assert (receipts[0].verdict, receipts[0].vendor_id) == ("accepted", "s/1")


def test_a_stored_id_saves_the_look_up_and_a_stale_one_costs_it() -> None:
    destination, vendor = plugin("subscribers", ok({}))
    assert outcome(destination, row("s1")) == ("accepted", None)
    assert len(vendor.requests) == 1
    destination, vendor = plugin(
        "subscribers",
        ok({"errors": [{"type": "v2.not_found"}]}, 404),
        listed({"id": "s2", "phone_number": PHONE}),
        ok({}),
    )
    assert destination.upsert([row("s1")])[0].vendor_id == "s2"
    assert [request.method for request in vendor.requests] == ["PATCH", "GET", "PATCH"]


def test_a_new_phone_is_looked_up_and_the_old_subscriber_is_left_alone() -> None:
    destination, vendor = plugin(
        "subscribers", listed({"id": "s2", "phone_number": PHONE}), ok({})
    )
    prior = {"phone_number": "+16505550000", "property_segment": "vip"}
    given = Row("k", dict(row().payload), prior_payload=prior, vendor_id="s1")
    assert destination.upsert([given])[0].vendor_id == "s2"
    assert [request.method for request in vendor.requests] == ["GET", "PATCH"]
    assert vendor.requests[1].url.path == "/api/v2/subscribers/s2"


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        ([], "no_subscriber"),
        ([{"id": "s1", "phone_number": "+16505559999"}], "no_subscriber"),
        ([{"id": "s1", "phone_number": PHONE}, {"id": "s2", "phone_number": PHONE}],
         "several_subscribers"),
    ],
)
def test_whoever_is_not_one_known_subscriber_is_never_added(
    people: list[dict[str, Any]], reason: str
) -> None:
    destination, vendor = plugin("subscribers", listed(*people))
    assert outcome(destination, row()) == ("rejected", reason)
    assert [request.method for request in vendor.requests] == ["GET"]


def test_a_property_that_cannot_be_cleared_is_named_in_the_receipt() -> None:
    destination, vendor = plugin("subscribers", ok({}))
    before = {"phone_number": PHONE, "property_segment": "vip", "property_old": "x"}
    given = Row("k", {**before, "property_old": None}, prior_payload=before, vendor_id="s1")
    assert outcome(destination, given) == ("accepted", "cleared_properties_stay")
    assert vendor.body(0) == {"properties": {"segment": "vip"}}


@pytest.mark.parametrize(
    ("object_name", "payload", "reason"),
    [
        ("subscribers", {"property_a": "x"}, "no_identifier"),
        ("subscribers", {"phone_number": "650 555 1212", "property_a": "x"},
         "not_e164:phone_number"),
        ("subscribers", {"phone_number": PHONE, "property_a": None}, "no_properties"),
        ("subscribers", {"phone_number": PHONE} | {f"property_{n}": n for n in range(51)},
         "too_many_properties"),
        ("unsubscription", {"email": "a@x.example"}, "no_identifier"),
        ("unsubscription", {"phone_number": "16505551212"}, "not_e164:phone_number"),
        ("redaction", {}, "no_identifier"),
    ],
)
def test_a_row_that_says_too_little_stays_here(
    object_name: str, payload: dict[str, Any], reason: str
) -> None:
    destination, vendor = plugin(object_name)
    assert outcome(destination, Row("k", payload)) == ("rejected", reason)
    assert vendor.requests == []


def test_an_unsubscription_is_queued_and_has_no_status() -> None:
    destination, vendor = plugin("unsubscription", ok({"message": "OK"}, 202))
    assert outcome(destination, Row("k", {"phone_number": PHONE})) == ("accepted_unverified", None)
    assert vendor.requests[0].method == "PATCH"
    assert vendor.requests[0].url.path == "/api/v2/compliance/unsubscribe"
    assert vendor.body(0) == {"phone_number": PHONE}


def test_who_is_out_is_listed_page_by_page_and_silence_is_no_answer() -> None:
    def page(number: int, *people: dict[str, Any]) -> httpx.Response:
        return ok({"page_info": {"page": number, "total_pages": 2}, "subscribers": list(people)})

    def person(phone: str, **said: Any) -> dict[str, Any]:
        return {"id": phone, "phone_number": phone, "subscriptions": {"promotional": said}}

    destination, vendor = plugin(
        "unsubscription",
        page(1, person("+1", can_send=False), person("+2", can_send=True), person("+3")),
        page(2, person("+4", can_send=False), {"id": "5", "phone_number": "+5"}),
        listed(person(PHONE, can_send=True)), listed(person(PHONE)), listed(),
        ok({"people": []}),
    )  # fmt: skip
    assert isinstance(destination, OptOutReading)
    assert [one.address for one in destination.opted_out()] == ["+1", "+4"]
    assert [dict(request.url.params) for request in vendor.requests] == [
        {"page": "1"}, {"page": "2"},
    ]  # fmt: skip
    assert [destination.is_out(PHONE) for _ in range(3)] == [False, False, True]
    with pytest.raises(RetriableError):
        destination.is_out(PHONE)


def test_a_redaction_asks_by_each_identifier_in_a_call_of_its_own() -> None:
    destination, vendor = plugin("redaction", *[ok({"message": "OK"}, 202)] * 4)
    payload = {"phone_number": PHONE, "email": "a@x.example", "shopify_customer_id": 7}
    assert outcome(destination, Row("k", payload, vendor_id="s1"))[0] == "accepted_unverified"
    assert [vendor.body(index) for index in range(4)] == [
        {"postscript_subscriber_id": "s1"},
        {"phone_number": PHONE},
        {"email": "a@x.example"},
        {"shopify_customer_id": "7"},
    ]


def test_a_redaction_half_asked_is_asked_again_as_a_whole() -> None:
    destination, vendor = plugin(
        "redaction", ok({"message": "OK"}, 202), ok({}, 503), *[ok({}, 202)] * 2
    )
    given = Row("k", {"phone_number": PHONE, "email": "a@x.example"})
    with pytest.raises(RetriableError) as raised:
        destination.upsert([given])
    assert raised.value.receipts == ()
    assert outcome(destination, given)[0] == "accepted_unverified"
    assert len(vendor.requests) == 4


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ok({"error_code": 3002, "error_message": "x", "success": False}, 429), RetriableError),
        (ok({"error_code": 3002, "success": False}), RetriableError),
        (ok({}, 503), RetriableError),
        (ok({"errors": [{"loc": [], "msg": "x", "type": "v2.access_denied"}]}, 403), FatalError),
        (ok({"errors": [{"type": "v2.invalid"}]}), FatalError),
        (ok({"subscribers": "none"}), RetriableError),
    ],
)
def test_an_answer_that_is_no_yes_is_no_receipt(
    answer: httpx.Response, expected: type[Exception]
) -> None:
    destination, _ = plugin("subscribers", answer)
    with pytest.raises(expected) as raised:
        destination.upsert([row()])
    assert type(raised.value) is expected


def test_a_busy_vendor_names_no_wait() -> None:
    destination, _ = plugin("unsubscription", ok({"error_code": 3002, "success": False}, 429))
    with pytest.raises(RetriableError) as raised:
        destination.upsert([Row("k", {"phone_number": PHONE})])
    assert raised.value.retry_after_seconds is None


def test_a_refused_row_is_a_receipt() -> None:
    destination, _ = plugin("subscribers", ok({"errors": [{"type": "v2.invalid"}]}, 400))
    assert outcome(destination, row("s1")) == ("rejected", "v2.invalid")


def event(**changes: Any) -> Row:
    payload = {
        "event_at": "2026-11-20T13:00:00+01:00", "phone_number": PHONE,
        "property_product": "Shoe",
    }  # fmt: skip
    return Row("event:1", {**payload, **changes})


def test_an_event_has_the_vendors_shape() -> None:
    destination, vendor = plugin("events/back_in_stock", ok({"event_ids": ["e1"]}, 202))
    receipts = destination.upsert([event()])
    assert vendor.requests[0].method == "POST"
    assert vendor.requests[0].url.path == "/api/v2/events"
    assert vendor.body(0) == {
        "type": "back_in_stock", "phone": PHONE, "external_id": "event:1",
        "occurred_at": "2026-11-20 12:00:00.000000", "properties": {"product": "Shoe"},
    }
    assert (receipts[0].verdict, receipts[0].vendor_id) == ("accepted_unverified", "e1")
    assert (idempotency(destination), is_unverified(destination)) == ("none", True)


@pytest.mark.parametrize(
    "answer",
    [httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), httpx.WriteError("x"), ok({}, 500),
     ok({}, 504), ok({}, 408), httpx.Response(202, content=b"{")],
)
def test_an_event_that_may_have_arrived_is_never_sent_again(answer: Answer) -> None:
    destination, vendor = plugin("events/back_in_stock", answer)
    assert outcome(destination, event()) == ("ambiguous", "no_answer")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), ok({"error_code": 3002}, 429)]
)
def test_an_event_that_never_arrived_waits(answer: Answer) -> None:
    destination, _ = plugin("events/back_in_stock", answer)
    with pytest.raises(RetriableError):
        destination.upsert([event()])


@pytest.mark.parametrize(
    ("object_name", "changes", "reason"),
    [
        ("events/x", {"phone_number": None}, "no_identifier"),
        ("events/x", {"phone_number": "650"}, "not_e164:phone_number"),
        ("events/x", {"event_at": "2026-11-20T13:00:00"}, "no_event"),
        ("events/x", {"event_at": "soon"}, "no_event"),
        ("events/back in stock", {}, "not_a_type"),
    ],
)
def test_an_event_that_says_too_little_stays_here(
    object_name: str, changes: dict[str, Any], reason: str
) -> None:
    destination, vendor = plugin(object_name)
    assert outcome(destination, event(**changes)) == ("rejected", reason)
    assert vendor.requests == []


@pytest.mark.parametrize("object_name", ["subscribers", "unsubscription", "redaction"])
def test_every_call_may_be_sent_again_and_none_taken_back(object_name: str) -> None:
    destination, vendor = plugin(object_name)
    assert idempotency(destination) == "upsert"
    assert is_unverified(destination) == (object_name != "subscribers")
    assert destination.limits.burst_per_second == 15
    assert [receipt.reason for receipt in destination.remove([row()])] == ["not_removable"]
    assert vendor.requests == []


class Crowd(httpx.BaseTransport):
    """Answers when so many calls are under way that the last of them fills the room."""

    def __init__(self, size: int, failing: str | None = None) -> None:
        self._room = threading.Barrier(size, timeout=10)
        self._failing = failing
        self.phones: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        phone = json.loads(request.content)["phone_number"]
        self._room.wait()
        self.phones.append(phone)
        return ok({"status": "queued"}) if phone != self._failing else ok({}, 500)


def people(count: int) -> list[Row]:
    return [Row(f"k{n}", {"phone_number": f"+1650555{n:04d}"}) for n in range(count)]


def test_people_who_opt_out_together_do_not_wait_for_each_other() -> None:
    together = OPT_OUT_LIMITS.calls_side_by_side
    vendor = Crowd(together)
    destination = open_destination(
        "postscript", "unsubscription", settings("postscript"), transport=vendor
    )
    receipts = destination.upsert(people(together))
    assert [receipt.key for receipt in receipts] == [row.key for row in people(together)]
    assert {receipt.verdict for receipt in receipts} == {"accepted_unverified"}
    assert len(vendor.phones) == len(set(vendor.phones)) == together


def test_a_failure_among_several_calls_keeps_what_the_others_were_told() -> None:
    together = OPT_OUT_LIMITS.calls_side_by_side
    vendor = Crowd(together, failing="+16505550002")
    destination = open_destination(
        "postscript", "unsubscription", settings("postscript"), transport=vendor
    )
    with pytest.raises(RetriableError) as raised:
        destination.upsert(people(together))
    known = {receipt.key for receipt in raised.value.receipts}
    assert known == {row.key for row in people(together)} - {"k2"}


@pytest.mark.parametrize("object_name", ["unsubscription", "redaction"])
def test_no_window_of_the_vendor_is_smaller_than_what_goes_side_by_side(object_name: str) -> None:
    destination, _ = plugin(object_name)
    limits = destination.limits
    assert limits.burst_per_second is not None
    assert limits.calls_side_by_side <= limits.burst_per_second
    assert idempotency(destination) == "upsert"
