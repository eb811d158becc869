from __future__ import annotations

import json

import httpx
import pytest

from orchestration.destinations.base import FatalError, RefusedError, RetriableError, Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo.api import AUTHORIZATION, HEADERS, KlaviyoApi
from orchestration.destinations.klaviyo.errors import ERRORS
from tests.unit.destinations.fakes import Answer, Hasty, Vendor, ok, settings


def api(*answers: Answer) -> tuple[KlaviyoApi, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(
        settings("klaviyo"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor,
        pacer=Hasty(),
    )
    return KlaviyoApi(http), vendor


def page(*ids: str, following: str | None = None) -> httpx.Response:
    data = [
        {"type": "profile", "id": i, "attributes": {"email": f"{i}@X.example"}} for i in ids
    ]
    return ok({"data": data, "links": {"self": "x", "next": following}})


def job(status: str, total: int = 3, failed: int = 0) -> httpx.Response:
    attributes = {"status": status, "total_count": total, "failed_count": failed}
    return ok({"data": {"type": "profile-bulk-import-job", "id": "j", "attributes": attributes}})


def import_errors(*payloads: object, following: str | None = None) -> httpx.Response:
    data = [
        {"id": "e", "attributes": {"code": "invalid", "original_payload": payload}}
        for payload in payloads
    ]
    return ok({"data": data, "links": {"next": following}})


def test_an_import_has_the_vendors_shape_and_headers() -> None:
    klaviyo, vendor = api(ok({"data": {"id": "j1"}}, 202))
    assert klaviyo.start_import([b'{"a":1}', b'{"a":2}'], "L1") == "j1"
    request = vendor.requests[0]
    assert request.url.path == "/api/profile-bulk-import-jobs"
    assert request.headers["authorization"] == "Klaviyo-API-Key canary-secret"
    assert request.headers["revision"] == "2026-07-15"
    assert request.headers["content-type"] == "application/vnd.api+json"
    assert vendor.body(0) == {
        "data": {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": [{"a": 1}, {"a": 2}]}},
            "relationships": {"lists": {"data": [{"type": "list", "id": "L1"}]}},
        }
    }


def test_pages_are_followed_by_cursor_and_never_to_another_host() -> None:
    klaviyo, vendor = api(
        page("a", following="https://evil.example/api/profiles?page%5Bcursor%5D=c2"), page("b")
    )
    found = klaviyo.find_profiles("email", ["a@x.example", "b@x.example", 'odd"@x.example'])
    assert [profile.id for profile in found] == ["a", "b"]
    first, second = vendor.requests
    assert first.url.params["filter"] == 'any(email,["a@x.example", "b@x.example"])'
    assert first.url.params["page[size]"] == "100"
    assert second.url.host == "klaviyo.example.com"
    assert second.url.params["page[cursor]"] == "c2"


def test_a_hundred_are_asked_for_at_once_and_nobody_for_nothing() -> None:
    klaviyo, vendor = api(page(), page(), page())
    klaviyo.find_profiles("external_id", [str(number) for number in range(250)])
    asked = [json.loads(r.url.params["filter"][16:-1]) for r in vendor.requests]
    assert [len(values) for values in asked] == [100, 100, 50]
    assert klaviyo.find_profiles("email", []) == []


def test_people_are_known_by_one_attribute_after_the_other() -> None:
    by_id = ok({"data": [{"id": "P2", "attributes": {"external_id": "k2"}}]})
    klaviyo, vendor = api(page("p1"), by_id)
    rows = [
        Row("k1", {"email": "P1@x.example", "external_id": "k1"}),
        Row("k2", {"email": "gone@x.example", "external_id": "k2"}),
        Row("k3", {"email": None, "external_id": "k3"}),
    ]
    assert klaviyo.known_ids(rows, ("email", "external_id")) == {"k1": "p1", "k2": "P2"}
    assert vendor.requests[1].url.params["filter"] == 'any(external_id,["k2", "k3"])'


def test_a_job_is_unfinished_while_it_runs() -> None:
    klaviyo, _ = api(job("queued"), job("processing"))
    assert klaviyo.import_result("j") is None
    assert klaviyo.import_result("j") is None


def test_a_finished_job_brings_every_page_of_its_errors() -> None:
    nested = {"type": "profile", "attributes": {"email": "b@x.example", "external_id": "k2"}}
    klaviyo, vendor = api(
        job("complete", total=5, failed=3),
        import_errors({"email": "a@x.example"}, following="https://x/?page[cursor]=2"),
        import_errors(nested, None),
    )
    result = klaviyo.import_result("j/1")
    assert result is not None
    assert (result.is_complete, result.total_count, result.failed_count) == (True, 5, 3)
    assert [failure.identifiers for failure in result.failures] == [
        {"email": "a@x.example"},
        {"external_id": "k2", "email": "b@x.example"},
        {},
    ]
    assert vendor.requests[0].url.raw_path == b"/api/profile-bulk-import-jobs/j%2F1"
    assert vendor.requests[1].url.params["page[size]"] == "100"


def test_a_cancelled_or_forgotten_job_is_not_complete() -> None:
    klaviyo, _ = api(job("cancelled"), ok({"errors": [{"code": "not_found"}]}, 404))
    for _ in range(2):
        result = klaviyo.import_result("j")
        assert result is not None
        assert not result.is_complete


@pytest.mark.parametrize(
    ("status", "pointer", "expected", "rows"),
    [
        (400, "/data/attributes/profiles/data/7/attributes/email", RefusedError, {7}),
        (404, "/data/3/id", RefusedError, {3}),
        (404, "", FatalError, set()),
        (400, "/data/attributes/profiles", RefusedError, set()),
        (409, "/data/attributes/email", RefusedError, set()),
    ],
)
def test_a_pointer_names_the_row(
    status: int, pointer: str, expected: type[FatalError], rows: set[int]
) -> None:
    error = {"code": "invalid", "detail": "ann@canary.example", "source": {"pointer": pointer}}
    klaviyo, _ = api(ok({"errors": [error]}, status))
    with pytest.raises(expected) as raised:
        klaviyo.change_members("POST", "L1", ["a"])
    assert type(raised.value) is expected
    assert "canary" not in str(raised.value)
    if isinstance(raised.value, RefusedError):
        assert raised.value.row_indexes == rows


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"id": 7}}, [], None])
def test_an_import_without_a_job_id_proves_nothing(body: object) -> None:
    with pytest.raises(RetriableError):
        api(ok(body, 202))[0].start_import([b"{}"])
