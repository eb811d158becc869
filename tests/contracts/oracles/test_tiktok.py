"""What we say and understand at TikTok, held against TikTok's own client.

What lives here: the codes as the client names them, and the sandbox's answers as it reads them.
What never does: shapes of the two calls themselves: the client has neither of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.destinations.base import Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.tiktok.audience import TikTokAudience
from orchestration.destinations.tiktok.conversions import TikTokConversions
from orchestration.destinations.tiktok.errors import (
    AUTHORIZATION,
    CREDENTIAL_HEADER,
    ERRORS,
    HEADERS,
)
from orchestration.sandbox.wire import SECRETS, TIKTOK_ADVERTISER_ID
from tests.contracts.cases import World, digest
from tests.unit.destinations.fakes import Vendor, ok, settings

ABSENT = "tiktok-business-api-sdk-official is not installed: make oracles"
client = pytest.importorskip("business_api_client.api_client", reason=ABSENT)
from business_api_client.configuration import Configuration  # noqa: E402
from business_api_client.tiktok_business.tiktok_code import NumericErrorCodes  # noqa: E402
from business_api_client.tiktok_business.tiktok_exceptions import TiktokSDKError  # noqa: E402

NAMED = {
    name.removeprefix("ERROR_CODE_"): str(code)
    for name, code in vars(NumericErrorCodes).items()
    if name.startswith("ERROR_CODE_")
}
KNOWN = (
    (ERRORS.partial_codes, {"PARTIAL_OK"}),
    (ERRORS.refused_codes,
     {"INVALID_PARAMS", "PARAM_ERROR", "INVALID_BATCH_SIZE", "PII_NOT_HASHED"}),
    (ERRORS.credential_codes,
     {"PERMISSION_ERROR", "ACCESS_TOKEN_EXPIRE", "EMPTY_ACCESS_TOKEN", "INVALID_ACCESS_TOKEN"}),
    (ERRORS.missing_codes, {"NOT_EXIST"}),
)  # fmt: skip
WAITING = {
    "REQUEST_TOO_FREQUENT", "REQUEST_FREQUENCY_LIMITED", "WRITE_CONFLICT", "SYS_ERROR",
    "SYS_TIMEOUT",
}  # fmt: skip


@pytest.mark.parametrize(("codes", "names"), KNOWN)
def test_a_code_means_what_the_client_calls_it(codes: frozenset[str], names: set[str]) -> None:
    assert {NAMED[name] for name in names} == codes


def test_what_the_client_calls_busy_or_broken_is_sent_again() -> None:
    assert {NAMED[name] for name in WAITING} <= ERRORS.retriable_codes
    inner = {code for code in NAMED.values() if code.startswith("51") and len(code) == 5}
    assert len(inner) > 5
    assert all(ERRORS.codes({"code": int(code)}) & ERRORS.retriable_codes for code in inner)


def test_no_code_that_the_client_knows_is_success_but_one() -> None:
    passing = [code for code in NAMED.values() if not ERRORS.is_failure({"code": int(code)})]
    assert passing == [NAMED["OK"]]


class ByTheClient:
    """The vendor's own client, pointed at the sandbox."""

    def __init__(self, base: str) -> None:
        configuration = Configuration()
        configuration.host = f"{base}/tiktok"
        self._api = client.ApiClient(configuration)

    def post(self, path: str, body: Any, token: str = SECRETS["tiktok"]) -> Any:
        return self._api.call_api(
            path,
            "POST",
            {},
            [],
            {"Access-Token": token, "Content-Type": "application/json"},
            body=body,
            response_type="InlineResponse200",
            auth_settings=[],
            _return_http_data_only=True,
        )

    def close(self) -> None:
        self._api.pool.close()
        self._api.pool.join()


@pytest.fixture
def official(world: World) -> Iterator[ByTheClient]:
    made = ByTheClient(world.base)
    yield made
    made.close()


def sent_by_us(kind: str) -> tuple[str, Any]:
    """Path and body of a call of ours."""
    vendor = Vendor([ok({"code": 0})])
    http = VendorHttp(
        settings("tiktok"), AUTHORIZATION, ERRORS, HEADERS, CREDENTIAL_HEADER, transport=vendor
    )
    email = {"email_sha256": digest(f"oracle-{kind}")}
    if kind == "audience":
        TikTokAudience(http, TIKTOK_ADVERTISER_ID, "vip").upsert([Row("k", email)])
    else:
        event = {
            "event_id": "purchase:oracle:1", "event_name": "Purchase",
            "event_at": "2026-11-20T12:00:00Z", "currency": "USD",
            "conversion_value_amount": "1.50",
        }  # fmt: skip
        TikTokConversions(http, "web").upsert([Row("k", {**email, **event})])
    return vendor.requests[0].url.path, json.loads(vendor.requests[0].content)


@pytest.mark.parametrize("kind", ["audience", "conversions"])
def test_the_client_reads_the_sandboxs_answer_to_our_call_as_success(
    official: ByTheClient, world: World, kind: str
) -> None:
    before = world.held()
    official.post(*sent_by_us(kind))
    assert world.held() != before


def test_the_client_raises_where_our_table_sees_a_failure(official: ByTheClient) -> None:
    path, body = sent_by_us("audience")
    with pytest.raises(TiktokSDKError, match=NAMED["INVALID_ACCESS_TOKEN"]):
        official.post(path, body, token="canary-wrong")
    plain = json.loads(json.dumps(body).replace(digest("oracle-audience"), "ann@example.com"))
    with pytest.raises(TiktokSDKError, match=NAMED["PII_NOT_HASHED"]):
        official.post(path, plain)
    body["batch_data"].append([{"id": "0" * 64, "audience_ids": ["vip"]}, {}])
    with pytest.raises(TiktokSDKError, match=NAMED["PARTIAL_OK"]):
        official.post(path, body)
