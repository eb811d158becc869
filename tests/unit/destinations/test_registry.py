from __future__ import annotations

import pytest

from orchestration.destinations.google.customer_match import GoogleCustomerMatch
from orchestration.destinations.klaviyo.lists import KlaviyoList
from orchestration.destinations.klaviyo.profiles import KlaviyoProfiles
from orchestration.destinations.meta.custom_audience import MetaCustomAudience
from orchestration.destinations.registry import open_destination
from orchestration.errors import UnknownNameError
from tests.unit.destinations.fakes import Vendor, settings


def test_the_object_chooses_the_capability_and_names_become_vendor_ids() -> None:
    profiles = open_destination("klaviyo", "profiles", settings("klaviyo"), transport=Vendor())
    vip = open_destination("klaviyo", "list/vip", settings("klaviyo"), transport=Vendor())
    audience = open_destination("meta", "custom_audience/vip", settings("meta"))
    match = open_destination("google", "customer_match/other", settings("google"))
    assert isinstance(profiles, KlaviyoProfiles)
    assert isinstance(vip, KlaviyoList)
    assert vip.list_id == "VIP1"
    assert isinstance(audience, MetaCustomAudience)
    assert audience.audience_id == "VIP1"
    assert isinstance(match, GoogleCustomerMatch)
    assert (match.user_list_id, match.api.account_id) == ("other", "1")


@pytest.mark.parametrize(
    ("name", "object_name", "known"),
    [
        ("tumblr", "list/vip", "file, google, klaviyo, meta, postscript, tiktok"),
        ("klaviyo", "segment/vip", "deletion, events/<name>, list/<name>, profiles, suppression"),
        ("klaviyo", "list", "list/<name>, profiles"),
        ("klaviyo", "profiles/vip", "list/<name>, profiles"),
        ("klaviyo", "suppression/vip", "suppression, unsubscription"),
        ("meta", "custom_audience/", "custom_audience/<name>"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(
    name: str, object_name: str, known: str
) -> None:
    with pytest.raises(UnknownNameError) as raised:
        open_destination(name, object_name, settings(name))
    assert known in raised.value.remedy
