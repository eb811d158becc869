from __future__ import annotations

import logging
import ssl
from dataclasses import replace

import httpx
import pytest

from orchestration.destinations import http
from orchestration.destinations.base import FatalError, RefusedError, RetriableError
from orchestration.destinations.http import ErrorTable, VendorHttp
from orchestration.errors import ConfigurationError
from tests.unit.destinations.fakes import Answer, Hasty, Vendor, ok, settings

TABLE = ErrorTable(
    retriable_statuses=frozenset({429, 503}),
    refused_statuses=frozenset({400}),
    retriable_codes=frozenset({"busy"}),
    fatal_codes=frozenset({"closed"}),
    codes=lambda body: frozenset({str((body or {}).get("code", ""))}),
)


def client(*answers: Answer, base_url: str = "https://vendor.example.com") -> VendorHttp:
    return VendorHttp(
        settings("klaviyo", base_url),
        "Bearer {secret}",
        TABLE,
        transport=Vendor(list(answers)),
        pacer=Hasty(),
    )


def vendor(made: VendorHttp) -> Vendor:
    assert isinstance(made.transport, Vendor)
    return made.transport


def test_a_request_carries_the_credential_in_a_header_only() -> None:
    made = client(ok({"a": 1}), base_url="http://127.0.0.1:9/prefix")
    answer = made.send("GET", "/x", operation="look", params={"filter": 'any(email,["a@b"])'})
    (request,) = vendor(made).requests
    assert answer.body == {"a": 1}
    assert request.url.path == "/prefix/x"
    assert request.headers["authorization"] == "Bearer canary-secret"
    assert "canary-secret" not in str(request.url)
    assert request.extensions["timeout"] == http.TIMEOUT_SECONDS


def test_a_credential_may_stand_in_another_header() -> None:
    made = replace(client(ok({})), credential_header="access-token", authorization="{secret}")
    made.send("GET", "/x", operation="look")
    (request,) = vendor(made).requests
    assert request.headers["access-token"] == "canary-secret"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"errors": [{"code": "busy"}], "code": "busy"}, RetriableError),
        ({"error": {"code": 1}}, FatalError),
        ({"success": False, "code": "closed"}, FatalError),
        ({"errors": [], "error": None, "success": True}, None),
        ([], None),
    ],
)
def test_an_error_in_a_good_answer_is_an_error(
    body: object, expected: type[Exception] | None
) -> None:
    made = client(ok(body))
    if expected is None:
        assert made.send("GET", "/x", operation="look").body == body
        return
    with pytest.raises(expected):
        made.send("GET", "/x", operation="look")


@pytest.mark.parametrize(
    ("code", "expected", "remedy", "is_partial"),
    [
        ("expired", FatalError, "TRIBUTARY_KLAVIYO_SECRET", None),
        ("gone", FatalError, "TRIBUTARY_KLAVIYO_OBJECT_IDS", None),
        ("bad_rows", RefusedError, "see the code", False),
        ("some_rows", RefusedError, "see the code", True),
        ("other", FatalError, "look up the code", None),
    ],
)
def test_a_table_of_codes_decides_where_every_answer_is_a_200(
    code: str, expected: type[FatalError], remedy: str, is_partial: bool | None
) -> None:
    table = ErrorTable(
        retriable_statuses=frozenset(),
        refused_codes=frozenset({"bad_rows"}),
        partial_codes=frozenset({"some_rows"}),
        credential_codes=frozenset({"expired"}),
        missing_codes=frozenset({"gone"}),
        is_failure=lambda body: body is None or body["code"] != "ok",
        codes=lambda body: frozenset({body["code"]}),
    )
    made = replace(client(ok({"code": code})), errors=table)
    with pytest.raises(expected) as raised:
        made.send("POST", "/x", operation="change")
    assert type(raised.value) is expected
    assert remedy in raised.value.remedy
    assert raised.value.status == 200
    if isinstance(raised.value, RefusedError):
        assert raised.value.is_partial is is_partial
    silent = replace(client(httpx.Response(200)), errors=table)
    with pytest.raises(RetriableError):
        silent.send("POST", "/x", operation="change")


@pytest.mark.parametrize("url", ["http://vendor.example.com", "ftp://127.0.0.1", "vendor"])
def test_only_https_or_this_machine_is_reached(url: str) -> None:
    with pytest.raises(ConfigurationError):
        client(base_url=url)


@pytest.mark.parametrize("path", ["@evil.example/x", ":8443/x"])
def test_no_path_leads_to_another_host(path: str) -> None:
    made = client(ok({}))
    with pytest.raises(FatalError, match="leave its host"):
        made.send("GET", path, operation="look")
    assert vendor(made).requests == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, {}, RetriableError),
        (429, {"code": "closed"}, RetriableError),
        (503, None, RetriableError),
        (400, {"code": "busy"}, RetriableError),
        (400, {"code": "invalid"}, RefusedError),
        (400, {"code": "closed"}, FatalError),
        (401, {"code": "busy"}, FatalError),
        (403, {}, FatalError),
        (404, {}, FatalError),
        (302, {}, FatalError),
        (418, {}, FatalError),
    ],
)
def test_failures_are_sorted_by_recovery(
    status: int, body: object, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as raised:
        client(ok(body, status)).send("POST", "/x", operation="add")
    assert type(raised.value) is expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
        (
            {
                "date": "Mon, 23 Nov 2026 10:00:00 GMT",
                "retry-after": "Mon, 23 Nov 2026 10:01:30 GMT",
            },
            90.0,
        ),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    with pytest.raises(RetriableError) as raised:
        client(httpx.Response(429, headers=headers)).send("GET", "/x", operation="look")
    assert raised.value.retry_after_seconds == seconds


def test_a_patient_call_waits_out_short_limits_and_gives_up_on_long_ones() -> None:
    def busy(seconds: str) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": seconds})

    assert client(busy("1"), busy("2"), ok(5)).send_patiently("GET", "/", operation="x").body == 5
    for answers in ([busy("60")], [busy("1")] * http.PATIENT_ATTEMPTS):
        with pytest.raises(RetriableError):
            client(*answers).send_patiently("GET", "/", operation="x")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("a@canary.example"),
        httpx.ConnectError("a@canary.example"),
        httpx.RemoteProtocolError("a@canary.example"),
        httpx.Response(200, content=b'{"half": '),
        httpx.Response(200, content=b"<html>"),
    ],
)
def test_an_unfinished_answer_is_retriable_and_quotes_nothing(answer: Answer) -> None:
    with pytest.raises(RetriableError) as raised:
        client(answer).send("POST", "/x", operation="add")
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_an_untrusted_certificate_is_fatal() -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("x")
    with pytest.raises(FatalError, match="certificate"):
        client(error).send("GET", "/x", operation="look")


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES_MAX", 10)
    with pytest.raises(FatalError, match="over 10 bytes"):
        client(httpx.Response(200, content=b"x" * 11)).send("GET", "/x", operation="look")


def test_a_code_that_could_carry_a_value_is_not_repeated() -> None:
    with pytest.raises(RefusedError) as raised:
        client(ok({"code": "ann@canary.example is wrong"}, 400)).send("POST", "/", operation="a")
    assert "canary" not in raised.value.what
    assert raised.value.code == "400"


def test_the_log_names_the_operation_and_the_status_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    client(ok({})).send(
        "GET", "/secret-path", operation="look", params={"filter": "ann@canary.example"}
    )
    assert [record.getMessage() for record in caplog.records] == ["klaviyo look answered 200"]
