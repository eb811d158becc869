from __future__ import annotations

from typing import Any

import pytest

from orchestration.destinations.base import GateAgainError, Row
from orchestration.destinations.klaviyo.profiles import KlaviyoProfiles
from tests.unit.destinations.fakes import Answer, Vendor, ok
from tests.unit.destinations.klaviyo.test_api import api

JOB = {"data": {"id": "j1"}}


def profiles(*answers: Answer) -> tuple[KlaviyoProfiles, Vendor]:
    klaviyo, vendor = api(*answers)
    return KlaviyoProfiles(klaviyo), vendor


def sent(vendor: Vendor, index: int = 0) -> list[dict[str, Any]]:
    return list(vendor.body(index)["data"]["attributes"]["profiles"]["data"])


def test_columns_become_attributes_location_and_properties() -> None:
    plugin, vendor = profiles(ok(JOB, 202))
    payload = {
        "email": "ann@x.example", "phone_number": None, "external_id": "k1", "first_name": "Ann",
        "city": "Oslo", "country": "NO", "property_segment": "vip", "property_orders": 3,
        "property_empty": None, "normaliser_version": "1",
    }
    receipts = plugin.upsert([Row("k1", payload)])
    assert [(r.verdict, r.job_id) for r in receipts] == [("accepted_unverified", "j1")]
    assert sent(vendor) == [
        {
            "type": "profile",
            "attributes": {
                "email": "ann@x.example", "external_id": "k1", "first_name": "Ann",
                "location": {"city": "Oslo", "country": "NO"},
                "properties": {"segment": "vip", "orders": 3},
            },
        }
    ]


def test_a_row_without_an_identifier_is_not_sent() -> None:
    plugin, vendor = profiles()
    assert plugin.upsert([Row("k", {"first_name": "Ann"})])[0].reason == "no_identifier"
    assert vendor.requests == []


def test_a_cleared_property_is_unset_in_the_import() -> None:
    plugin, vendor = profiles(ok(JOB, 202))
    prior = {"email": "a@x.example", "property_a": 1, "property_b": 2, "property_c": 3}
    payload = {"email": "a@x.example", "property_a": 9, "property_b": None}
    plugin.upsert([Row("k", payload, prior_payload=prior, vendor_id="P1")])
    (profile,) = sent(vendor)
    assert profile["id"] == "P1"
    assert profile["attributes"]["properties"] == {"a": 9}
    assert profile["meta"] == {"patch_properties": {"unset": ["b", "c"]}}


def test_a_cleared_standard_field_goes_alone_with_null_as_an_import_ignores_it() -> None:
    plugin, vendor = profiles(ok({"data": {"id": "P1"}}, 200), ok(JOB, 202))
    prior = {"email": "a@x.example", "first_name": "Ann", "city": "Oslo", "zip": "1",
             "property_a": 1}
    payload = {"email": "a@x.example", "first_name": None, "city": None, "zip": "1"}
    other = Row("k2", {"email": "b@x.example"})
    with pytest.raises(GateAgainError) as left:
        plugin.upsert([other, Row("k1", payload, prior_payload=prior)])
    (alone,) = left.value.receipts
    assert (alone.key, alone.verdict, alone.vendor_id) == ("k1", "accepted", "P1")
    (queued,) = plugin.upsert([other])
    assert (queued.verdict, queued.job_id) == ("accepted_unverified", "j1")
    assert vendor.requests[0].url.path == "/api/profile-import"
    assert vendor.body(0)["data"] == {
        "type": "profile",
        "attributes": {
            "email": "a@x.example", "first_name": None, "location": {"zip": "1", "city": None},
        },
        "meta": {"patch_properties": {"unset": ["a"]}},
    }
    assert len(sent(vendor, 1)) == 1


def test_an_identifier_that_is_gone_is_never_set_to_null() -> None:
    plugin, vendor = profiles(ok(JOB, 202))
    prior = {"email": "a@x.example", "phone_number": "+16505550001", "external_id": "k1"}
    plugin.upsert([Row("k1", {"external_id": "k1", "email": None}, prior_payload=prior)])
    (profile,) = sent(vendor)
    assert profile["attributes"] == {"external_id": "k1"}


def test_a_refused_single_row_is_rejected_alone() -> None:
    conflict = ok({"errors": [{"code": "duplicate_profile"}]}, 409)
    plugin, _ = profiles(conflict)
    row = Row("k", {"email": "a@x.example"}, prior_payload={"first_name": "A"})
    assert [(r.verdict, r.reason) for r in plugin.upsert([row])] == [
        ("rejected", "duplicate_profile")
    ]


def test_a_removal_takes_our_properties_back_and_creates_nobody() -> None:
    known = ok({"data": [{"id": "P1", "attributes": {"external_id": "k1"}}]})
    nobody = ok({"data": []})
    plugin, vendor = profiles(known, nobody, ok(JOB, 202))
    rows = [
        Row("k1", {"external_id": "k1", "email": "a@x.example", "property_a": 1}),
        Row("k2", {"external_id": "k2", "email": "b@x.example", "property_a": 1}),
    ]
    receipts = plugin.remove(rows)
    assert [(r.verdict, r.job_id) for r in receipts] == [
        ("accepted_unverified", "j1"), ("accepted", None),
    ]
    assert sent(vendor, 2) == [
        {
            "type": "profile", "id": "P1", "attributes": {},
            "meta": {"patch_properties": {"unset": ["a"]}},
        }
    ]


def test_large_rows_are_split_by_bytes() -> None:
    plugin, vendor = profiles(ok(JOB, 202), ok({"data": {"id": "j2"}}, 202))
    rows = [
        Row(str(n), {"external_id": str(n), "property_note": "x" * 90_000}) for n in range(60)
    ]
    receipts = plugin.upsert(rows)
    assert {receipt.job_id for receipt in receipts} == {"j1", "j2"}
    assert all(len(request.content) <= 5_000_000 for request in vendor.requests)
