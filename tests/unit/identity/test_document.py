"""Scripts get the same facts, masked in the same way."""

from __future__ import annotations

import json

import pytest

from orchestration.identity.document import as_json
from orchestration.identity.explain import explain_identity
from orchestration.settings import Settings
from tests.unit.identity.test_report import QUESTIONS
from tests.unit.identity.world import addresses_in


@pytest.mark.parametrize(("left", "right"), QUESTIONS)
def test_no_address_is_given(shared_settings: Settings, left: str, right: str | None) -> None:
    text = json.dumps(as_json(explain_identity(shared_settings, left, right)), default=str)
    assert addresses_in(text) == []


def test_one_customer(shared_settings: Settings) -> None:
    found = explain_identity(shared_settings, "shopify_order_id:102", "ann@work.example")
    document = as_json(found, reveal=True)
    assert (document["verdict"], document["customer_id"]) == ("one_customer", "cus_ann")
    assert document["weakest_strength"] == "S3"
    assert document["steps"][0]["through"] == ("main|shopify.order|101",)
    assert document["steps"][1]["identifier"] == {
        "type": "phone", "scope": "", "value": "+14155550101",
    }  # fmt: skip


def test_different_customers(shared_settings: Settings) -> None:
    document = as_json(explain_identity(shared_settings, "cus_ann", "cus_bob"))
    assert document["verdict"] == "different_customers"
    assert [one["guard"] for one in document["stops"]] == ["conflict_veto", "temporal_device"]
    assert document["shared"][0]["verdict"] == "link"
    till = as_json(explain_identity(shared_settings, "shopify_order_id:901", "cus_bob"))
    assert till["verdict"] == "no_customer"


def test_a_summary(shared_settings: Settings) -> None:
    document = as_json(explain_identity(shared_settings, "cus_ann", None))
    assert document["verdict"] == "summary"
    assert document["records"][0]["record_count"] == 3
    assert {one["old_customer_id"] for one in document["history"]} == {"cus_elder", "cus_eldest"}
