from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from orchestration.destinations.base import CountBack, FatalError, ReadBack, RetriableError, Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.meta.api import AUTHORIZATION, ERRORS, HEADERS
from orchestration.destinations.meta.custom_audience import SCHEMA, MetaCustomAudience, Session
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings, sha


def audience(*answers: Answer) -> tuple[MetaCustomAudience, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("meta"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    return MetaCustomAudience(http, "2385/1", lambda: 42), vendor


def row(number: int) -> Row:
    return Row(f"k{number}", {"extern_id": f"k{number}", "email_sha256": sha(str(number))})


def counting(*invalid: str) -> Callable[[Any], httpx.Response]:
    """A vendor that finds the rows of these keys invalid and says only how many."""

    def answer(body: Any) -> httpx.Response:
        rows = body["payload"]["data"]
        count = sum(cells[0] in invalid for cells in rows)
        return ok({"num_received": len(rows), "num_invalid_entries": count})

    return answer


def test_a_batch_has_the_vendors_shape() -> None:
    plugin, vendor = audience(counting())
    plugin.upsert([row(1), Row("k2", {"phone_sha256": sha("p"), "zip_sha256": sha("z")})])
    request = vendor.requests[0]
    body = vendor.body(0)
    assert request.method == "POST"
    assert request.url.raw_path == b"/v26.0/2385%2F1/users"
    assert body["payload"]["schema"] == list(SCHEMA)
    assert body["payload"]["data"][0] == ["k1", sha("1"), "", "", "", "", "", "", ""]
    assert body["payload"]["data"][1] == ["", "", sha("p"), "", "", "", "", sha("z"), ""]
    assert body["session"] == {
        "session_id": 42, "batch_seq": 1, "last_batch_flag": True, "estimated_num_total": 2,
    }


def test_a_removal_sends_the_payload_that_was_sent() -> None:
    plugin, vendor = audience(counting())
    receipts = plugin.remove([row(1)])
    assert vendor.requests[0].method == "DELETE"
    assert vendor.body(0)["payload"]["data"] == [["k1", sha("1"), *[""] * 7]]
    assert [receipt.verdict for receipt in receipts] == ["accepted"]


def test_one_invalid_row_among_a_thousand_is_named_in_ten_more_calls() -> None:
    plugin, vendor = audience(*[counting("k613")] * 12)
    receipts = plugin.upsert([row(number) for number in range(1000)])
    assert [r.key for r in receipts if r.verdict == "rejected"] == ["k613"]
    assert sum(r.verdict == "accepted" for r in receipts) == 999
    assert len(vendor.requests) <= 11


def test_too_many_invalid_rows_to_name_leave_doubt_and_never_acceptance_of_all() -> None:
    invalid = tuple(f"k{number}" for number in range(0, 2000, 3))
    plugin, vendor = audience(*[counting(*invalid)] * 60)
    receipts = plugin.upsert([row(number) for number in range(2000)])
    verdict = {receipt.key: receipt.verdict for receipt in receipts}
    assert not any(verdict[key] == "accepted" for key in invalid)
    assert "ambiguous" in verdict.values()
    assert len(vendor.requests) <= 29


def test_rows_that_match_nobody_never_leave() -> None:
    plugin, vendor = audience()
    bad = [
        {"extern_id": "k"},
        {"first_name_sha256": sha("a")},
        {"email_sha256": sha("")},
        {"email_sha256": "ann@example.com"},
        {"email_sha256": sha("a"), "zip_sha256": "94043"},
    ]
    receipts = plugin.upsert([Row(str(n), payload) for n, payload in enumerate(bad)])
    assert [receipt.reason for receipt in receipts] == [
        "no_identifier", "no_identifier", "hash_of_nothing:email_sha256",
        "not_sha256:email_sha256", "not_sha256:zip_sha256",
    ]
    assert vendor.requests == []


@pytest.mark.parametrize("body", [{}, [], {"num_received": 1}, {"num_received": 2,
                                  "num_invalid_entries": 0}])
def test_an_answer_that_does_not_count_the_rows_proves_nothing(body: object) -> None:
    with pytest.raises(RetriableError):
        audience(ok(body), ok({"data": []}))[0].upsert([row(1)])


def test_where_the_answer_does_not_count_the_session_does() -> None:
    counted = {
        "session_id": "42", "num_received": "1", "num_matched": "0", "num_invalid_entries": "1",
    }
    plugin, vendor = audience(ok({"audience_id": "1"}), ok({"data": [counted]}))
    receipts = plugin.upsert([row(1)])
    assert [(r.verdict, r.reason, r.job_id) for r in receipts] == [
        ("rejected", "invalid_entry", "42")
    ]
    assert vendor.requests[1].url.raw_path == b"/v26.0/2385%2F1/sessions?session_id=42"


def test_a_session_tells_how_many_matched() -> None:
    other = {"session_id": "7", "num_received": "9"}
    counted = {
        "session_id": "42", "num_received": "3", "num_matched": "2", "num_invalid_entries": "1",
    }
    plugin, _ = audience(ok({"data": [other, counted]}), ok({"data": []}))
    assert plugin.read_session("42") == Session(3, 2, 1)
    assert plugin.read_session("42") is None


def test_an_audience_is_counted_and_never_listed() -> None:
    bounds = {"approximate_count_lower_bound": 1000, "approximate_count_upper_bound": 1100}
    unknown = {"approximate_count_lower_bound": -1, "approximate_count_upper_bound": -1}
    plugin, vendor = audience(ok(bounds), ok(unknown), ok({}))
    assert [plugin.count_back() for _ in range(3)] == [(1000, 1100), None, None]
    assert "operation_status" in vendor.requests[0].url.params["fields"]
    assert isinstance(plugin, CountBack)
    assert not isinstance(plugin, ReadBack)


def test_a_flagged_audience_stops_before_anything_is_sent() -> None:
    with pytest.raises(FatalError, match="flagged") as raised:
        audience(ok({"operation_status": {"code": 471}}))[0].count_back()
    assert "neutral name" in raised.value.remedy


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 190}, FatalError),
        ({"code": 100, "error_subcode": 1713230}, FatalError),
        ({"code": 100, "is_transient": False}, FatalError),
        ({"code": 4}, RetriableError),
        ({"code": 17}, RetriableError),
        ({"code": 613}, RetriableError),
        ({"code": 80003}, RetriableError),
        ({"code": 99, "is_transient": True}, RetriableError),
        ({"code": 99}, FatalError),
    ],
)
def test_the_code_in_the_body_decides(error: object, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised:
        audience(ok({"error": error}, 400))[0].upsert([row(1)])
    assert type(raised.value) is expected


def test_the_wait_stands_in_the_usage_header() -> None:
    usage = '{"1": [{"type": "custom_audience", "estimated_time_to_regain_access": 3}]}'
    busy = httpx.Response(
        400, json={"error": {"code": 80003}}, headers={"X-Business-Use-Case-Usage": usage}
    )
    with pytest.raises(RetriableError) as raised:
        audience(busy)[0].upsert([row(1)])
    assert raised.value.retry_after_seconds == 180.0
