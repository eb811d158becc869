"""What holds for one vendor only, plug-in and sandbox together.

What lives here: a story per fact that a law cannot say of every destination.
What never does: what every destination has to do; those are the laws.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.destinations.base import CountBack, FatalError
from tests.contracts.cases import CASES, Case, World, digest, settled


def case_of(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def test_meta_counts_an_audience_and_stops_at_a_flagged_one(world: World) -> None:
    case = case_of("meta:custom_audience")
    audience = world.open(case)
    flagged = world.open(replace(case, object="custom_audience/diabetes"))
    assert isinstance(audience, CountBack)
    bounds = audience.count_back()
    assert bounds is not None
    assert bounds[0] <= world.held()["meta"]["audiences"]["vip"] <= bounds[1]
    with pytest.raises(FatalError, match="1713230"):
        flagged.upsert([case.row()])
    assert isinstance(flagged, CountBack)
    with pytest.raises(FatalError, match="flagged"):
        flagged.count_back()


def test_meta_takes_an_event_of_six_days_and_none_of_eight(world: World) -> None:
    case = case_of("meta:conversions")
    destination = world.open(case)
    row = case.row()
    old = replace(row, payload={**row.payload, "event_at": "2020-01-01T00:00:00Z"})
    receipts = destination.upsert([case.row(), old])
    assert [(receipt.verdict, receipt.reason) for receipt in receipts] == [
        ("accepted", None), ("rejected", "too_old"),
    ]


def test_klaviyo_erases_whom_it_suppressed_and_what_it_knew_of_her(world: World) -> None:
    suppression, deletion = case_of("klaviyo:suppression"), case_of("klaviyo:deletion")
    row = suppression.row()
    plugin = world.open(suppression)
    (receipt,) = settled(plugin, [row], plugin.upsert([row]))
    assert receipt.verdict == "accepted"
    before = world.held()["klaviyo"]
    (receipt,) = world.open(deletion).upsert([row])
    assert receipt.verdict == "accepted_unverified"
    after = world.held()["klaviyo"]
    assert after["profiles"] == before["profiles"] - 1
    assert sum(after.get("suppressed", {}).values()) == sum(before["suppressed"].values()) - 1


def test_google_counts_a_second_sending_of_an_order_as_sent(world: World) -> None:
    case = case_of("google:conversions")
    destination = world.open(case)
    old, new = case.row(), case.row()
    settled(destination, [old], destination.upsert([old]))
    before = world.held()["google"]["events"]
    receipts = settled(destination, [old, new], destination.upsert([old, new]))
    assert [receipt.verdict for receipt in receipts] == ["accepted", "accepted"]
    assert sum(world.held()["google"]["events"].values()) == sum(before.values()) + 1


def test_google_keeps_a_conversion_of_no_consent_in_a_request_of_its_own(world: World) -> None:
    case = case_of("google:conversions")
    destination = world.open(case)
    address = {
        "first_name_sha256": digest("g"), "last_name_sha256": digest("f"),
        "region_code": "DE", "postal_code": "10115",
    }
    granted, silent = case.row(), case.row()
    granted = replace(granted, payload={**granted.payload, **address})
    unsaid = {"ad_user_data": None, "ad_personalization": None}
    silent = replace(silent, payload={**silent.payload, **address, **unsaid})
    rows = [granted, silent]
    receipts = settled(destination, rows, destination.upsert(rows))
    assert [(receipt.verdict, receipt.reason) for receipt in receipts] == [
        ("accepted", None), ("rejected", "NO_CONSENT"),
    ]
