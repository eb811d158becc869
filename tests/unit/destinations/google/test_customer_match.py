from __future__ import annotations

from typing import Any

import pytest

from orchestration.destinations.base import FatalError, RetriableError, Row
from orchestration.destinations.google.api import AUTHORIZATION, HEADERS, DataManager
from orchestration.destinations.google.customer_match import GoogleCustomerMatch
from orchestration.destinations.google.errors import ERRORS
from orchestration.destinations.http import VendorHttp
from tests.unit.destinations.fakes import Answer, Vendor, ok, settings, sha

GRANTED = {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED"}
ADDRESS = {
    "first_name_sha256": sha("g"),
    "last_name_sha256": sha("f"),
    "region_code": "DE",
    "postal_code": "10115",
}


def match(*answers: Answer, account_id: str = "7") -> tuple[GoogleCustomerMatch, Vendor]:
    vendor = Vendor(list(answers))
    http = VendorHttp(settings("google"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    return GoogleCustomerMatch(DataManager(http, account_id), "55"), vendor


def row(key: str, **payload: Any) -> Row:
    return Row(key, {"email_sha256": sha(key), **payload})


def status(state: str, count: int = 0, **errors: int) -> Any:
    listed = [{"reason": reason, "recordCount": str(n)} for reason, n in errors.items()]
    return ok(
        {
            "requestStatusPerDestination": [
                {
                    "requestStatus": state,
                    "errorInfo": {"errorCounts": listed},
                    "audienceMembersIngestionStatus": {
                        "userDataIngestionStatus": {"recordCount": str(count)}
                    },
                }
            ]
        }
    )


def test_a_request_has_the_vendors_shape_and_each_member_its_own_consent() -> None:
    plugin, vendor = match(ok({"requestId": "r1"}))
    receipts = plugin.upsert([row("a", **GRANTED), row("b", **ADDRESS, phone_sha256=sha("p"))])
    body = vendor.body(0)
    assert vendor.requests[0].url.raw_path == b"/v1/audienceMembers:ingest"
    assert body["destinations"] == [
        {
            "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "7"},
            "productDestinationId": "55",
        }
    ]
    assert body["encoding"] == "HEX"
    assert body["termsOfService"] == {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
    assert "consent" not in body
    first, second = body["audienceMembers"]
    assert first["consent"] == {
        "adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED",
    }
    assert second == {
        "userData": {
            "userIdentifiers": [
                {"emailAddress": sha("b")},
                {"phoneNumber": sha("p")},
                {
                    "address": {
                        "givenName": sha("g"), "familyName": sha("f"),
                        "regionCode": "DE", "postalCode": "10115",
                    }
                },
            ]
        }
    }
    assert {(r.verdict, r.job_id) for r in receipts} == {("accepted_unverified", "r1")}


@pytest.mark.parametrize("state", [None, "CONSENT_UNSPECIFIED"])
def test_consent_that_the_row_lacks_is_never_granted(state: str | None) -> None:
    plugin, vendor = match(ok({"requestId": "r1"}))
    plugin.upsert([row("a", ad_user_data=state, ad_personalization=state)])
    assert "GRANTED" not in vendor.requests[0].content.decode()


def test_who_denied_is_not_sent_and_who_left_is_removed_without_terms() -> None:
    plugin, vendor = match(ok({"requestId": "r1"}))
    denied = row("a", ad_user_data="CONSENT_DENIED", ad_personalization="CONSENT_GRANTED")
    odd = row("b", ad_user_data="GRANTED")
    assert [r.reason for r in plugin.upsert([denied, odd])] == [
        "consent_denied:ad_user_data", "unknown_consent_state:ad_user_data",
    ]
    assert vendor.requests == []
    assert plugin.remove([denied])[0].job_id == "r1"
    body = vendor.body(0)
    assert vendor.requests[0].url.raw_path == b"/v1/audienceMembers:remove"
    assert body.keys() == {"destinations", "encoding", "audienceMembers"}
    assert body["audienceMembers"] == [
        {"userData": {"userIdentifiers": [{"emailAddress": sha("a")}]}}
    ]


def test_three_parts_of_an_address_identify_nobody() -> None:
    payload = {name: value for name, value in ADDRESS.items() if name != "postal_code"}
    receipts = match()[0].upsert([Row("a", payload)])
    assert [receipt.reason for receipt in receipts] == ["no_identifier"]


def test_a_row_named_in_the_refusal_is_rejected_and_the_rest_goes() -> None:
    refusal = {
        "error": {
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {
                            "field": "audience_members[1].user_data.user_identifiers",
                            "reason": "INVALID_HEX_ENCODING",
                        }
                    ],
                }
            ],
        }
    }
    plugin, vendor = match(ok(refusal, 400), ok({"requestId": "r2"}))
    receipts = plugin.upsert([row("a"), row("b"), row("c")])
    assert [(r.verdict, r.reason, r.job_id) for r in receipts] == [
        ("accepted_unverified", None, "r2"),
        ("rejected", "INVALID_HEX_ENCODING", None),
        ("accepted_unverified", None, "r2"),
    ]
    assert len(vendor.body(1)["audienceMembers"]) == 2


def test_terms_that_nobody_accepted_stop() -> None:
    detail = {"reason": "TERMS_AND_CONDITIONS_NOT_SIGNED"}
    with pytest.raises(FatalError, match="TERMS_AND_CONDITIONS_NOT_SIGNED"):
        match(ok({"error": {"details": [detail]}}, 400))[0].upsert([row("a"), row("b")])


def test_a_missing_account_names_its_variable() -> None:
    with pytest.raises(FatalError) as raised:
        match(account_id="")[0].upsert([row("a")])
    assert "TRIBUTARY_GOOGLE_ACCOUNT_ID" in raised.value.remedy


def test_the_wait_stands_in_the_error_details() -> None:
    body = {"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "5.5s"}]}}
    with pytest.raises(RetriableError) as raised:
        match(ok(body, 429))[0].upsert([row("a")])
    assert raised.value.retry_after_seconds == 5.5


def test_polling_reads_only() -> None:
    plugin, vendor = match(status("PROCESSING"), status("PARTIAL_SUCCESS", 2, X=1))
    rows = [row("a", **GRANTED), row("b", **GRANTED)]
    assert plugin.poll("r1", rows) is None
    plugin.poll("r1", rows)
    assert [request.method for request in vendor.requests] == ["GET", "GET"]
    assert vendor.requests[0].url.params["requestId"] == "r1"


@pytest.mark.parametrize(
    ("answer", "verdicts"),
    [
        (status("SUCCESS", 3), ["accepted"] * 3),
        (status("FAILED", 3, PROCESSING_ERROR_REASON_X=3), ["rejected"] * 3),
        # Two rows lack a full grant and two were dropped for consent: it is those.
        (
            status("PARTIAL_SUCCESS", 3, PROCESSING_ERROR_REASON_NO_CONSENT=2),
            ["accepted", "rejected", "rejected"],
        ),
        # One of two cannot be told apart.
        (status("PARTIAL_SUCCESS", 3, PROCESSING_ERROR_REASON_NO_CONSENT=1), ["ambiguous"] * 3),
        (status("PARTIAL_SUCCESS", 3, PROCESSING_ERROR_REASON_OTHER=2), ["ambiguous"] * 3),
        # The request held more rows than are asked for: the count is not theirs.
        (status("PARTIAL_SUCCESS", 9, PROCESSING_ERROR_REASON_NO_CONSENT=2), ["ambiguous"] * 3),
    ],
)
def test_a_status_names_rows_only_where_its_counts_do(answer: Any, verdicts: list[str]) -> None:
    rows = [row("a", **GRANTED), row("b"), row("c", ad_user_data="CONSENT_GRANTED")]
    receipts = match(answer)[0].poll("r1", rows)
    assert receipts is not None
    assert [receipt.verdict for receipt in receipts] == verdicts


@pytest.mark.parametrize("body", [{}, {"requestStatusPerDestination": []}, [], {"requestId": 7}])
def test_another_shape_is_no_answer(body: object) -> None:
    with pytest.raises(RetriableError):
        match(ok(body))[0].poll("r1", [row("a")])
    with pytest.raises(RetriableError):
        match(ok(body))[0].upsert([row("a")])
