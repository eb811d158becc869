from __future__ import annotations

import httpx
import pytest

from orchestration.destinations.base import FatalError, Row
from orchestration.destinations.klaviyo.lists import KlaviyoList
from tests.unit.destinations.fakes import Answer, Vendor, ok
from tests.unit.destinations.klaviyo.test_api import api, import_errors, job, page

JOB = {"data": {"id": "j1"}}
DONE = 204


def members(*answers: Answer) -> tuple[KlaviyoList, Vendor]:
    klaviyo, vendor = api(*answers)
    return KlaviyoList(klaviyo, "L1"), vendor


def done() -> httpx.Response:
    return httpx.Response(DONE)


def not_found(index: int) -> httpx.Response:
    error = {"code": "not_found", "source": {"pointer": f"/data/{index}/id"}}
    return ok({"errors": [error]}, 404)


def person(name: str, vendor_id: str | None = None) -> Row:
    payload = {"email": f"{name}@x.example", "external_id": f"cus_{name}"}
    return Row(name, payload, vendor_id=vendor_id)


def test_known_profiles_are_added_at_once_and_unknown_ones_imported_into_the_list() -> None:
    plugin, vendor = members(page("a"), done(), ok(JOB, 202))
    receipts = plugin.upsert([person("a"), person("new"), person("c", vendor_id="PC")])
    assert [(r.key, r.verdict, r.vendor_id, r.job_id) for r in receipts] == [
        ("a", "accepted", "a", None),
        ("new", "accepted_unverified", None, "j1"),
        ("c", "accepted", "PC", None),
    ]
    assert vendor.requests[1].url.path == "/api/lists/L1/relationships/profiles"
    assert {entry["id"] for entry in vendor.body(1)["data"]} == {"a", "PC"}
    queued = vendor.body(2)["data"]
    assert queued["relationships"]["lists"]["data"] == [{"type": "list", "id": "L1"}]
    assert queued["attributes"]["profiles"]["data"] == [
        {
            "type": "profile",
            "attributes": {"email": "new@x.example", "external_id": "cus_new"},
        }
    ]


def test_a_profile_under_another_address_gets_the_new_one_before_it_is_listed() -> None:
    """Added as it is, the list would write to the old address, which may have opted out."""
    plugin, vendor = members(ok({"data": []}), ok(JOB, 202))
    receipts = plugin.upsert([person("moved")])
    assert [receipt.job_id for receipt in receipts] == ["j1"]
    assert "email" in str(vendor.requests[0].url)
    assert [request.method for request in vendor.requests] == ["GET", "POST"]


def test_without_an_address_a_profile_is_found_by_our_id() -> None:
    profile = {"type": "profile", "id": "PA", "attributes": {"external_id": "cus_a"}}
    plugin, vendor = members(ok({"data": [profile], "links": {"next": None}}), done())
    row = Row("a", {"email": None, "external_id": "cus_a"})
    assert [receipt.verdict for receipt in plugin.upsert([row])] == ["accepted"]
    assert "external_id" in str(vendor.requests[0].url)


def test_no_call_ever_touches_consent() -> None:
    plugin, vendor = members(page("a"), done(), page("a"), done())
    plugin.upsert([person("a")])
    plugin.remove([person("a")])
    assert not any("subscription" in str(request.url) for request in vendor.requests)
    assert not any(b"consent" in request.content for request in vendor.requests)


def test_a_stored_id_that_is_gone_is_looked_up_again() -> None:
    plugin, vendor = members(not_found(1), done(), page("b"), done())
    receipts = plugin.upsert([person("a", vendor_id="PA"), person("b", vendor_id="OLD")])
    assert [(r.verdict, r.vendor_id) for r in receipts] == [
        ("accepted", "PA"), ("accepted", "b"),
    ]
    assert [entry["id"] for entry in vendor.body(3)["data"]] == ["b"]


def test_two_rows_of_one_profile_share_its_id_and_its_fate() -> None:
    plugin, vendor = members(done())
    receipts = plugin.upsert([person("a", vendor_id="P"), person("b", vendor_id="P")])
    assert [receipt.vendor_id for receipt in receipts] == ["P", "P"]
    assert len(vendor.body(0)["data"]) == 1
    plugin, vendor = members(not_found(0), done())
    rows = [person("a", vendor_id="P"), person("b", vendor_id="P"), person("c", vendor_id="Q")]
    receipts = plugin.remove(rows)
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("accepted", "nothing_to_remove"), ("accepted", "nothing_to_remove"), ("accepted", None),
    ]
    assert [entry["id"] for entry in vendor.body(1)["data"]] == ["Q"]


def test_removal_goes_by_the_stored_id_and_skips_who_is_unknown() -> None:
    plugin, vendor = members(ok({"data": []}), ok({"data": []}), done())
    receipts = plugin.remove([person("a", vendor_id="PA"), person("b")])
    assert [(r.verdict, r.reason) for r in receipts] == [
        ("accepted", None), ("accepted", "nothing_to_remove"),
    ]
    assert vendor.requests[2].method == "DELETE"
    assert vendor.body(2) == {"data": [{"type": "profile", "id": "PA"}]}


def test_a_missing_list_stops() -> None:
    plugin, _ = members(ok({"errors": [{"code": "not_found"}]}, 404))
    with pytest.raises(FatalError):
        plugin.upsert([person("a", vendor_id="PA")])


def test_a_finished_import_brings_the_new_ids_and_its_rejections() -> None:
    plugin, vendor = members(
        job("processing"),
        job("complete", total=2, failed=1),
        import_errors({"external_id": "cus_b"}),
        page("a"),
    )
    rows = [person("a"), person("b")]
    assert plugin.poll("j1", rows) is None
    receipts = plugin.poll("j1", rows)
    assert receipts is not None
    assert [(r.verdict, r.vendor_id, r.reason) for r in receipts] == [
        ("accepted", "a", None), ("rejected", None, "invalid"),
    ]
    assert {request.method for request in vendor.requests} == {"GET"}


def test_members_are_read_back_page_by_page() -> None:
    plugin, vendor = members(page("a", "b", following="?page[cursor]=2"), page("c"))
    assert list(plugin.read_back()) == ["a", "b", "c"]
    assert vendor.requests[0].url.params["page[size]"] == "1000"


def test_more_than_a_thousand_go_in_several_requests() -> None:
    plugin, vendor = members(done(), done())
    receipts = plugin.upsert([person(str(n), vendor_id=f"P{n}") for n in range(1001)])
    assert len(receipts) == 1001
    assert [len(vendor.body(index)["data"]) for index in range(2)] == [1000, 1]
