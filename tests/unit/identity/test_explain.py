"""The evidence between two names is the strongest there is; what keeps two apart is complete."""

from __future__ import annotations

import pytest

from orchestration.identity.evidence import Apart, Summary, Together
from orchestration.identity.explain import explain_identity
from orchestration.identity.records import Identifier
from orchestration.settings import Settings

ANN_EMAIL, BOB_EMAIL = "annlee@gmail.com", "bob@home.example"


def together(settings: Settings, left: str, right: str) -> Together:
    found = explain_identity(settings, left, right)
    assert isinstance(found, Together)
    return found


def apart(settings: Settings, left: str, right: str) -> Apart:
    found = explain_identity(settings, left, right)
    assert isinstance(found, Apart)
    return found


def summary(settings: Settings, name: str) -> Summary:
    found = explain_identity(settings, name, None)
    assert isinstance(found, Summary)
    return found


def test_the_way_from_an_order_to_a_profile(shared_settings: Settings) -> None:
    found = together(shared_settings, "shopify_order_id:102", "klaviyo_profile_id:K1")
    assert found.customer_id == "cus_ann"
    assert [
        (step.left_node, step.right_node, step.rule, step.strength) for step in found.steps or ()
    ] == [
        ("main|shopify.order|102", "main|shopify.customer|1", "account", "S1"),
        ("main|shopify.customer|1", "main|shopify.order|103", "phone", "S3"),
        ("main|shopify.order|103", "mail|klaviyo.person|K1", "email", "S2"),
    ]


def test_a_browser_hangs_on_the_record_whose_address_was_given_in_it(
    shared_settings: Settings,
) -> None:
    found = together(shared_settings, "mail|klaviyo.person|K1", "anonymous_id:D1")
    (step,) = found.steps or ()
    assert step.right_node == "main|web.anonymous_id|D1"
    assert (step.rule, step.strength) == ("device", "S4")
    assert step.identifier == Identifier("email", "", "ann@work.example")


def test_two_names_that_one_record_shows_need_no_link(shared_settings: Settings) -> None:
    assert together(shared_settings, ANN_EMAIL, "main|shopify.order|101").steps == ()
    nobody = together(shared_settings, "shopify_order_id:901", "till@pos.example")
    assert (nobody.customer_id, nobody.steps) == (None, ())


def test_a_retired_id_is_its_successor(shared_settings: Settings) -> None:
    found = together(shared_settings, "cus_eldest", "mail|klaviyo.person|K1")
    assert found.customer_id == "cus_ann"
    assert len(found.left.followed) == 2


def test_a_guard_between_two_customers_is_named_with_its_identifier(
    shared_settings: Settings,
) -> None:
    found = apart(shared_settings, ANN_EMAIL, BOB_EMAIL)
    # The third stop of their phone lies between two records of Ann's: it keeps nobody apart.
    stops = {one.stop.guard: one for one in found.stops}
    assert set(stops) == {"conflict_veto", "temporal_device"}
    assert stops["conflict_veto"].identifier == Identifier("phone", "", "+14155550101")
    assert stops["temporal_device"].identifier == Identifier("anonymous_id", "main", "D9")
    assert [(one.identifier.type, one.verdict) for one in found.shared] == [
        ("phone", "link"), ("anonymous_id", "shared browser"),
    ]  # fmt: skip
    assert found.near is None


def test_an_address_that_many_share_is_named_with_its_verdict_and_what_was_ordered(
    shared_settings: Settings,
) -> None:
    found = apart(shared_settings, "cus_fay", "cus_bob")
    (shared,) = found.shared
    assert (shared.verdict, shared.reason) == ("over_cap", "email")
    assert (shared.left_nodes, shared.right_nodes) == (
        ("main|shopify.order|501",), ("main|shopify.order|202",),
    )  # fmt: skip
    assert [one.stop.guard for one in found.stops] == ["fan_out_cap"]
    assert [one.kind for one in found.instructions] == ["unlink", "block"]


def test_two_strangers_have_nothing_in_common_but_the_nearest_miss(
    shared_settings: Settings,
) -> None:
    found = apart(shared_settings, "cus_cleo", "cus_ann")
    assert (found.shared, found.stops) == ((), ())
    assert found.near is not None
    assert {one.value for one in found.near} == {"amnlee@gmail.com", "annlee@gmail.com"}
    assert [one.kind for one in found.reviews] == ["probable_match"]
    assert apart(shared_settings, "cus_ed", "cus_fay").near is None


def test_stops_of_the_same_number_in_another_shop_are_not_ours(shared_settings: Settings) -> None:
    # The third shop's account has the number of Ann's, hence the same digest.
    guards = [one.stop.guard for one in summary(shared_settings, "cus_ann").stops]
    assert guards == ["conflict_veto", "max_age"]


def test_a_summary_counts_what_the_customer_is_made_of(shared_settings: Settings) -> None:
    found = summary(shared_settings, "ann@work.example")
    assert len(found.component.first_seen) == 5
    assert [one.node_key for one in found.devices] == ["main|web.anonymous_id|D1"]
    assert {row.old_customer_id for row in found.history} == {"cus_elder", "cus_eldest"}
    assert [one.kind for one in found.reviews] == ["probable_match"]
    assert "key-of-ann" not in {one.identifier.value for one in found.sightings}


@pytest.mark.parametrize("name", ["shopify_order_id:901", "main|shopify.order|901"])
def test_a_record_of_nobody_is_explained_by_its_placeholder(
    shared_settings: Settings, name: str
) -> None:
    found = summary(shared_settings, name)
    assert found.what.customers == ()
    assert [one.stop.guard for one in found.stops] == ["block_list"]
