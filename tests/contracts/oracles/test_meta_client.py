"""What we send to Meta, held against Meta's own client.

What lives here: events and audiences as the client shapes them from values that are hashed already.
What never does: the client's calls; it writes tokens into addresses and reports to its maker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.destinations.base import Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.meta.api import AUTHORIZATION, EVENT_ERRORS, HEADERS
from orchestration.destinations.meta.conversions import MetaConversions
from orchestration.destinations.meta.custom_audience import SCHEMA, MetaCustomAudience
from tests.identifiers import applied
from tests.unit.destinations.fakes import Vendor, ok, settings, sha

ABSENT = "facebook-business is not installed: make oracles"
serverside = pytest.importorskip("facebook_business.adobjects.serverside.event", reason=ABSENT)
from facebook_business.adobjects.customaudience import CustomAudience  # noqa: E402
from facebook_business.adobjects.serverside.action_source import ActionSource  # noqa: E402
from facebook_business.adobjects.serverside.custom_data import CustomData  # noqa: E402
from facebook_business.adobjects.serverside.normalize import Normalize  # noqa: E402
from facebook_business.adobjects.serverside.user_data import UserData  # noqa: E402
from facebook_business.exceptions import FacebookBadObjectError  # noqa: E402

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAYLOAD = {
    "event_name": "Purchase", "event_at": "2026-11-20T10:00:00+00:00", "order_id": "1001",
    "currency": "USD", "conversion_value_amount": "12.3400", "email_sha256": sha("a@x.example"),
    "phone_sha256": sha("16505551212"), "external_id": "cus_1", "fbp": "fb.1.1.2",
    "fbc": "fb.1.1.x", "client_ip_address": "203.0.113.7", "client_user_agent": "Agent",
    "event_source_url": "https://shop.example/thanks", "is_limited_data_use": True, "state": "CA",
}  # fmt: skip


def event_of(payload: dict[str, Any]) -> Any:
    vendor = Vendor([ok({"events_received": 1})])
    http = VendorHttp(settings("meta"), AUTHORIZATION, EVENT_ERRORS, HEADERS, transport=vendor)
    MetaConversions(http, "77", lambda: NOW).upsert([Row("purchase:shop:1001", payload)])
    return vendor.body(0)["data"][0]


def by_the_client(event: dict[str, Any]) -> Any:
    """The same event as the client builds it."""
    user = event["user_data"]
    return serverside.Event(
        event_name=event["event_name"],
        event_time=event["event_time"],
        event_id=event["event_id"],
        event_source_url=event["event_source_url"],
        action_source=ActionSource(event["action_source"]),
        user_data=UserData(
            emails=user["em"], phones=user["ph"], external_ids=user["external_id"],
            client_ip_address=user["client_ip_address"],
            client_user_agent=user["client_user_agent"], fbc=user["fbc"], fbp=user["fbp"],
        ),
        custom_data=CustomData(**event["custom_data"]),
        data_processing_options=event["data_processing_options"],
        data_processing_options_country=event["data_processing_options_country"],
        data_processing_options_state=event["data_processing_options_state"],
    ).normalize()


def test_an_event_is_what_the_client_would_send_and_a_bad_one_is_not() -> None:
    event = event_of(PAYLOAD)
    theirs = by_the_client(event)
    # The client writes currencies small.
    theirs["custom_data"]["currency"] = theirs["custom_data"]["currency"].upper()
    assert theirs == event
    assert by_the_client({**event, "user_data": {**event["user_data"], "em": ["a@x.example"]}})[
        "user_data"
    ]["em"] == [sha("a@x.example")]
    with pytest.raises(ValueError, match="shop"):
        by_the_client({**event, "action_source": "shop"})
    with pytest.raises(TypeError):
        by_the_client({**event, "user_data": {**event["user_data"], "em": ["not an address"]}})
    with pytest.raises((TypeError, ValueError)):
        by_the_client({**event, "custom_data": {"value": 1.0, "currency": "dollars"}})


def test_an_audience_is_what_the_client_would_send_and_a_narrow_row_is_not() -> None:
    vendor = Vendor([ok({"num_received": 1, "num_invalid_entries": 0})])
    http = VendorHttp(settings("meta"), AUTHORIZATION, EVENT_ERRORS, HEADERS, transport=vendor)
    payload = {"extern_id": "cus_1", "email_sha256": sha("a"), "zip_sha256": sha("z")}
    MetaCustomAudience(http, "1", lambda: 42).upsert([Row("cus_1", payload)])
    body = vendor.body(0)
    assert set(SCHEMA) <= {
        value
        for name, value in vars(CustomAudience.Schema.MultiKeySchema).items()
        if not name.startswith("_")
    }
    theirs = CustomAudience.format_params(
        list(SCHEMA), body["payload"]["data"], is_raw=True, pre_hashed=True,
        session=body["session"],
    )  # fmt: skip
    del theirs["payload"]["is_raw"]
    assert theirs == body
    with pytest.raises(FacebookBadObjectError):
        CustomAudience.format_params(list(SCHEMA), [["cus_1"]], is_raw=True, pre_hashed=True)


AGREED = [
    ("meta_email_sha256", "em", "  John_Smith@gmail.com "),
    ("meta_email_sha256", "em", "Jane.Doe+vip@gmail.com"),
    ("meta_phone_sha256", "ph", "+16505551212"),
    ("meta_phone_sha256", "ph", "+441134960987"),
    ("meta_name_sha256", "fn", "Mary"),
    ("meta_name_sha256", "fn", "Valéry"),
    ("meta_name_sha256", "ln", "정"),
    ("meta_city_sha256", "ct", "New York"),
    ("meta_city_sha256", "ct", "São Paulo"),
    ("meta_zip_sha256", "zp", "94035-1234"),
    ("meta_zip_sha256", "zp", "SW1A 1AA"),
    ("meta_state_sha256", "st", "CA"),
    ("meta_country_sha256", "country", "US"),
]
# The vendor's page wants no punctuation and no MD5; its client keeps both.
DISPUTED = [
    ("meta_name_sha256", "ln", "O'Brien"),
    ("meta_email_sha256", "em", "5d41402abc4b2a76b9719d911017c592"),
    ("meta_phone_sha256", "ph", "(650)555-1212"),
]


def test_our_hashes_are_the_clients_where_it_follows_its_own_page(tmp_path: Path) -> None:
    asked = [*AGREED, *DISPUTED]
    ours = applied(tmp_path, [(macro, text) for macro, _, text in asked])
    theirs = [Normalize.normalize_field(field, text) for _, field, text in asked]
    assert ours[: len(AGREED)] == theirs[: len(AGREED)]
    for mine, other in zip(ours[len(AGREED) :], theirs[len(AGREED) :], strict=True):
        assert mine != other
