"""Ads: structure, daily figures, and visits that name them."""

from __future__ import annotations

import pytest

from tests.unit.brand.conftest import Query

_ADS = {
    "facebook_ads": ("ad_history", "id"),
    "google_ads": ("ad_history", "id"),
    "tiktok_ads": ("ad_history", "ad_id"),
}


def test_every_tag_on_a_landing_page_is_a_campaign_and_an_ad_of_a_platform(query: Query) -> None:
    ads = " union all ".join(
        f"select cast({key} as varchar) as ad_id from {source}.{table}"
        for source, (table, key) in _ADS.items()
    )
    campaigns = (
        "select cast(id as varchar) as id, name from facebook_ads.campaign_history union all "
        "select cast(id as varchar), name from google_ads.campaign_history union all "
        "select cast(campaign_id as varchar), campaign_name from tiktok_ads.campaign_history"
    )
    assert query(
        f"with ads as ({ads}), campaigns as ({campaigns}) select count(*) from web.event e left "
        "join ads on ads.ad_id = e.context_campaign_content left join campaigns on campaigns.id = "
        "e.context_campaign_id where e.context_campaign_medium in ('cpc', 'paid_social') and "
        "(ads.ad_id is null or campaigns.name <> e.context_campaign_name or campaigns.id is null)"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("table", "key", "clicks"),
    [
        ("facebook_ads.basic_ad", "ad_id", "inline_link_clicks"),
        ("google_ads.ad_stats", "ad_id", "clicks"),
        ("tiktok_ads.ad_report_hourly", "ad_id", "clicks"),
    ],
)
def test_an_ad_has_at_least_the_clicks_that_became_known_visits(
    query: Query, table: str, key: str, clicks: str
) -> None:
    assert query(
        f"with visits as (select ad_id, count(*) as visits from truth.sessions where ad_id is not "
        f"null group by 1), shown as (select {key} as ad_id, sum({clicks}) as clicks, "
        f"sum(impressions) as impressions from {table} group by 1) select count(*) from shown "
        "left join visits using (ad_id) where clicks < coalesce(visits, 0) or impressions < clicks"
    ) == [(0,)]


def test_platforms_claim_more_than_they_brought_and_count_purchases_thrice(query: Query) -> None:
    brought: dict[str, int] = dict(
        query(
            "select channel, count(*) from truth.sessions where shopify_order_id is not null "
            "and channel like 'paid%' group by 1"
        )
    )
    claimed = query(
        "select sum(value) from facebook_ads.basic_ad_actions where action_type = 'purchase'"
    )[0][0]
    thrice = query(
        "select sum(value) from facebook_ads.basic_ad_actions where action_type like '%purchase'"
    )[0][0]
    assert thrice == 3 * claimed
    assert claimed > brought["paid_meta"]
    assert query("select sum(conversions) from google_ads.ad_stats")[0][0] > brought["paid_google"]
