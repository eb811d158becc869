"""What we send to Klaviyo, read by the request models of Klaviyo's own client.

What lives here: one body per call; each must come back whole, and a known-bad one must be refused.
What never does: calls. The client's models see no counts, sizes or formats; the sandbox does.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.destinations.base import Destination, Row
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.klaviyo.api import AUTHORIZATION, HEADERS, KlaviyoApi
from orchestration.destinations.klaviyo.errors import ERRORS
from orchestration.destinations.klaviyo.events import KlaviyoEvents
from orchestration.destinations.klaviyo.lists import KlaviyoList
from orchestration.destinations.klaviyo.optouts import (
    KlaviyoDeletion,
    KlaviyoSuppression,
    KlaviyoUnsubscription,
)
from orchestration.destinations.klaviyo.profiles import KlaviyoProfiles
from tests.unit.destinations.fakes import Vendor, ok, settings

models = pytest.importorskip(
    "openapi_client.models", reason="klaviyo-api is not installed: make oracles"
)

PERSON = {
    "email": "ann@x.example", "phone_number": "+16505551212", "external_id": "cus_1",
    "first_name": "Ann", "city": "Oslo", "property_segment": "vip",
}
BEFORE = {**PERSON, "last_name": "Lee", "property_old": "x"}
EVENT = {
    "email": "ann@x.example", "event_at": "2026-11-01T10:00:00+00:00", "value_amount": "12.3400",
    "currency": "USD", "property_order": "1001", "is_backfill": False,
}
PROFILE = ("data", "attributes", "profiles", "data", 0)
ENTRY = ("data", "attributes", "events-bulk-create", "data", 0, "attributes")

Open = Callable[[KlaviyoApi], Destination]
# Call: the plug-in, a row, its model, and where a wrong value goes to be refused.
CALLS: dict[str, tuple[Open, Row, str, tuple[Any, ...], Any]] = {
    "bulk import": (
        KlaviyoProfiles, Row("a", PERSON), "ProfileImportJobCreateQuery",
        (*PROFILE, "attributes", "email"), 42,
    ),
    "bulk import that unsets": (
        KlaviyoProfiles, Row("a", PERSON, prior_payload={**PERSON, "property_old": "x"}),
        "ProfileImportJobCreateQuery", ("data", "type"), "profile",
    ),
    "single import that clears": (
        KlaviyoProfiles, Row("a", PERSON, prior_payload=BEFORE), "ProfileUpsertQuery",
        ("data", "type"), "person",
    ),
    "list add": (
        lambda api: KlaviyoList(api, "L1"), Row("a", PERSON, vendor_id="P1"),
        "ListMembersAddQuery", ("data", 0, "type"), "list",
    ),
    "events": (
        lambda api: KlaviyoEvents(api, "Margin"), Row("e1", EVENT), "EventsBulkCreateJob",
        (*ENTRY, "events", "data", 0, "attributes", "value"), "12.34",
    ),
    "suppression": (
        KlaviyoSuppression, Row("a", PERSON), "SuppressionCreateJobCreateQuery",
        (*PROFILE, "attributes", "email"), None,
    ),
    "unsubscription": (
        KlaviyoUnsubscription, Row("a", PERSON), "SubscriptionDeleteJobCreateQuery",
        (*PROFILE, "attributes", "subscriptions", "sms", "marketing", "consent"), "SUBSCRIBED",
    ),
    "deletion by address": (
        KlaviyoDeletion, Row("a", {"email": "ann@x.example"}),
        "DataPrivacyCreateDeletionJobQuery", ("data", "type"), "profile",
    ),
    "deletion by id": (
        KlaviyoDeletion, Row("a", {"profile_id": "P1"}),
        "DataPrivacyCreateDeletionJobQuery",
        ("data", "attributes", "profile", "data", "id"), 7,
    ),
}  # fmt: skip


def sent(open_plugin: Open, row: Row) -> Any:
    vendor = Vendor([ok({"data": {"id": "j1"}}, 202)])
    http = VendorHttp(settings("klaviyo"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    open_plugin(KlaviyoApi(http)).upsert([row])
    return vendor.body(0)


def read(model: str, body: Any) -> Any:
    """The body as the client writes it after reading it; raises where it cannot."""
    found = getattr(models, model).from_dict(copy.deepcopy(body))
    # The client's own ``to_json`` cannot write a time.
    return json.loads(json.dumps(found.to_dict(), default=lambda at: at.isoformat()))


def differences(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Where the client read something else; it adds nulls, and ``backfill`` false, by itself."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        added = {
            f"{at}/{name}: added"
            for name in theirs.keys() - ours.keys()
            if theirs[name] is not None and (name, theirs[name]) != ("backfill", False)
        }
        lost = {f"{at}/{name}: lost" for name in ours.keys() - theirs.keys()}
        shared = ours.keys() & theirs.keys()
        inner = [differences(ours[name], theirs[name], f"{at}/{name}") for name in sorted(shared)]
        return [*sorted(added | lost), *(place for places in inner for place in places)]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = zip(ours, theirs, strict=True)
        return [d for n, pair in enumerate(pairs) for d in differences(*pair, f"{at}/{n}")]
    return [] if ours == theirs else [f"{at}: {ours!r} became {theirs!r}"]


@pytest.mark.parametrize("name", CALLS)
def test_a_body_is_read_whole_and_a_bad_one_is_refused(name: str) -> None:
    open_plugin, row, model, place, wrong = CALLS[name]
    body = sent(open_plugin, row)
    assert differences(body, read(model, body)) == []
    assert differences({**body, "e_mail": "x"}, read(model, body)) == ["/e_mail: lost"]
    bad = copy.deepcopy(body)
    target = bad
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = wrong
    with pytest.raises(ValueError, match=r"valid|enum|type"):
        read(model, bad)
