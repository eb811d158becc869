"""Ads of the brand show assets, some of them another's; an account's launches are what they are."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.brand.creatives import Ad, make_account, true_levels, worn
from tests.unit.brand.conftest import Query


def test_every_ad_shows_one_asset_and_the_first_to_show_it_is_new(query: Query) -> None:
    assert query(
        "select count(*) from truth.creative_ads t full join creatives.ad_asset a "
        "using (channel, ad_id) where t.asset_hash is distinct from a.asset_hash"
    ) == [(0,)]
    assert query(
        "select count(*) from (select count(*) filter (launch_level = 'concept') as firsts "
        "from truth.creative_ads group by asset_hash) where firsts <> 1"
    ) == [(0,)]
    assert query("select count(distinct launch_level) from truth.creative_ads") == [(2,)]


def test_nobody_is_reached_more_often_than_an_ad_was_shown(query: Query) -> None:
    assert query(
        "select count(*) > 100, count(*) filter (r.reach > shown.impressions) from "
        "creatives.ad_reach r join (select ad_id::varchar as ad_id, date, sum(impressions) over "
        "(partition by ad_id order by date range between interval 6 days preceding and current "
        "row) as impressions from facebook_ads.basic_ad) shown "
        "on shown.ad_id = r.ad_id and shown.date = r.window_to_date"
    ) == [(True, 0)]


def _ad(number: int, first_day: int, concept: str, idea: str, last_day: int = 0) -> Ad:
    return Ad(str(number), f"asset{number}", "", concept, idea, first_day,
              max(first_day, last_day), 1.0, -1)  # fmt: skip


@pytest.mark.parametrize(
    ("ads", "levels"),
    [
        ([_ad(1, 0, "a", "x"), _ad(2, 1, "a", "y"), _ad(3, 2, "a", "x")],
         ["concept", "variation", "iteration"]),
        ([_ad(1, 0, "a", "x", 9), _ad(2, 375, "a", "x")], ["concept", "concept"]),
        ([_ad(1, 0, "a", "x", 10), _ad(2, 375, "a", "x")], ["concept", "iteration"]),
        ([_ad(1, 0, "", "x"), _ad(2, 0, "", "x")], ["unknown", "unknown"]),
    ],
)  # fmt: skip
def test_a_launch_is_what_was_not_shown_before(ads: list[Ad], levels: list[str]) -> None:
    assert true_levels(ads) == levels


def test_an_account_holds_every_case_and_worn_ads_are_clicked_less() -> None:
    account = make_account(300, 700, 4_000, np.random.default_rng(3))
    assert set(true_levels(account.ads)) == {
        "concept", "variation", "iteration", "relaunch", "unknown"
    }  # fmt: skip
    is_worn = np.array([
        worn(account.ads[ad], int(day)) for ad, day in zip(account.ad, account.day, strict=True)
    ])  # fmt: skip
    rates = [
        account.clicks[rows].sum() / account.impressions[rows].sum() for rows in (is_worn, ~is_worn)
    ]
    assert is_worn.any()
    assert rates[0] < 0.7 * rates[1]
