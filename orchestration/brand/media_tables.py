"""The ad platforms' raw tables, daily figures included.

What lives here: spend, impressions, clicks and claims per ad and day, in three layouts.
What never does: the plan and the visits it brought (``media.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Ints
from orchestration.brand.ledger import round_div
from orchestration.brand.media import (
    ACCOUNTS,
    CAMPAIGNS,
    CHANNEL_TYPES,
    GOOGLE,
    GROUPS_PER_CAMPAIGN,
    META,
    RELATIONS,
    TIKTOK,
    Media,
    Tally,
)
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import BrandWriter


def write_media(
    writer: BrandWriter, media: Media, tally: Tally, window: Window, rng: np.random.Generator
) -> list[Days]:
    """Every table of the three platforms; returns what each was told, for the truth's sake."""
    told = []
    for platform, write in ((META, _write_meta), (GOOGLE, _write_google), (TIKTOK, _write_tiktok)):
        rows = np.flatnonzero(media.platform == platform)
        day = np.arange(window.day_count)
        live = media.launched_on[rows][:, None] <= day[None, :] + window.first_day
        ad, days = np.nonzero(live)
        ad = rows[ad]
        visits = tally.visits[ad, days]
        clicks = visits * 4 + rng.poisson(2.0, len(ad))
        cost = np.array([row[3] for row in CAMPAIGNS])[media.campaign[ad]]
        rate = np.array([row[4] for row in CAMPAIGNS])[media.campaign[ad]]
        spend = round_div(clicks * cost * rng.integers(80, 121, len(ad)), 100)
        impressions = round_div(clicks * 10_000, rate) + rng.integers(5, 60, len(ad))
        told.append(Days(
            ad=ad, day=window.first_day + days, clicks=clicks, spend=spend,
            impressions=impressions, orders=tally.orders[ad, days], value=tally.value[ad, days],
        ))
        write(writer, media, told[-1])
    return told


@dataclass(frozen=True)
class Days:
    """One row per ad of a platform and day on which it ran."""

    ad: Ints
    day: Ints
    clicks: Ints
    spend: Ints  # cents
    impressions: Ints
    orders: Ints
    value: Ints


def _structure(media: Media, platform: int) -> tuple[Ints, Ints, Ints]:
    ads = np.flatnonzero(media.platform == platform)
    return np.unique(media.campaign[ads]), np.unique(media.group[ads]), ads


def _stamp(media: Media, count: int) -> a.Column:
    return a.time(np.full(count, media.created_on * DAY))


def _names(media: Media, groups: Ints) -> list[str]:
    return [
        f"{media.campaign_name[row // GROUPS_PER_CAMPAIGN]}_{('core', 'expansion')[row % 2]}"
        for row in groups.tolist()
    ]


def _write_meta(writer: BrandWriter, media: Media, days: Days) -> None:
    relation, account = RELATIONS[META], ACCOUNTS[META]
    campaigns, groups, ads = _structure(media, META)
    writer.write("facebook_ads", "account_history", {
        "_source_relation": a.const(relation, 1), "id": a.integer(np.array([account])),
        "name": a.const("Aurora", 1), "currency": a.const("USD", 1),
        "timezone_name": a.const("America/New_York", 1),
    })

    def owner(count: int) -> a.Column:
        return a.integer(np.full(count, account))

    writer.write("facebook_ads", "campaign_history", {
        "_source_relation": a.const(relation, len(campaigns)),
        "id": a.integer(media.campaign_id[campaigns]), "account_id": owner(len(campaigns)),
        "name": a.take(media.campaign_name, campaigns),
        "status": a.const("ACTIVE", len(campaigns)), "updated_time": _stamp(media, len(campaigns)),
    })
    writer.write("facebook_ads", "ad_set_history", {
        "_source_relation": a.const(relation, len(groups)),
        "id": a.integer(media.group_id[groups]), "account_id": owner(len(groups)),
        "campaign_id": a.integer(media.campaign_id[groups // GROUPS_PER_CAMPAIGN]),
        "name": a.take(_names(media, groups), np.arange(len(groups))),
        "status": a.const("ACTIVE", len(groups)), "updated_time": _stamp(media, len(groups)),
    })
    writer.write("facebook_ads", "ad_history", {
        "_source_relation": a.const(relation, len(ads)), "id": a.integer(media.ad_id[ads]),
        "account_id": owner(len(ads)),
        "campaign_id": a.integer(media.campaign_id[media.campaign[ads]]),
        "ad_set_id": a.integer(media.group_id[media.group[ads]]),
        "creative_id": a.integer(media.ad_id[ads] + 500_000_000),
        "name": a.take(media.ad_name, ads),
        "updated_time": a.time(media.launched_on[ads] * DAY),
    })
    count = len(days.ad)
    keys = {
        "_source_relation": a.const(relation, count), "ad_id": a.integer(media.ad_id[days.ad]),
        "date": a.date(days.day),
    }
    writer.write("facebook_ads", "basic_ad", keys | {
        "account_id": owner(count), "impressions": a.integer(days.impressions),
        "inline_link_clicks": a.integer(days.clicks),
        "reach": a.integer(round_div(days.impressions * 8, 10)), "spend": a.money(days.spend),
    })
    _write_meta_actions(writer, media, days)


_ACTION_TYPES = ("link_click", "purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase",
                 "add_to_cart")


def meta_claims(days: Days) -> tuple[Ints, Ints]:
    """Orders and cents that Meta claims: on some days one more, whose buyer saw an ad only."""
    viewed = (days.ad + days.day) % 3 == 0
    claimed = days.orders + (viewed & (days.impressions > 500))
    return claimed, days.value + np.where(claimed > days.orders, 7_900, 0)


def _write_meta_actions(writer: BrandWriter, media: Media, days: Days) -> None:
    """A purchase appears under three action types; their sum counts it three times."""
    claimed, value = meta_claims(days)
    counts = (days.clicks, claimed, claimed, claimed, claimed * 3)
    clicked = (days.clicks, days.orders, days.orders, days.orders, days.orders * 3)
    kind = np.repeat(np.arange(len(_ACTION_TYPES)), len(days.ad))
    ad, day = np.tile(days.ad, len(_ACTION_TYPES)), np.tile(days.day, len(_ACTION_TYPES))
    number, by_click = np.concatenate(counts), np.concatenate(clicked)
    keep = number > 0
    writer.write("facebook_ads", "basic_ad_actions", {
        "_source_relation": a.const(RELATIONS[META], int(keep.sum())),
        "ad_id": a.integer(media.ad_id[ad[keep]]), "date": a.date(day[keep]),
        "action_type": a.pick(_ACTION_TYPES, kind[keep]), "value": a.money(number[keep] * 100),
        "_7_d_click": a.money(by_click[keep] * 100),
        "_1_d_view": a.money((number - by_click)[keep] * 100),
    })
    is_purchase = keep & (kind >= 1) & (kind <= 3)
    amount, by_click = np.tile(value, len(_ACTION_TYPES)), np.tile(days.value, len(_ACTION_TYPES))
    writer.write("facebook_ads", "basic_ad_action_values", {
        "_source_relation": a.const(RELATIONS[META], int(is_purchase.sum())),
        "ad_id": a.integer(media.ad_id[ad[is_purchase]]), "date": a.date(day[is_purchase]),
        "action_type": a.pick(_ACTION_TYPES, kind[is_purchase]),
        "value": a.money(amount[is_purchase]), "_7_d_click": a.money(by_click[is_purchase]),
    })


def _write_google(writer: BrandWriter, media: Media, days: Days) -> None:
    relation, account = RELATIONS[GOOGLE], ACCOUNTS[GOOGLE]
    campaigns, groups, ads = _structure(media, GOOGLE)
    writer.write("google_ads", "account_history", {
        "_source_relation": a.const(relation, 1), "id": a.integer(np.array([account])),
        "descriptive_name": a.const("Aurora", 1), "currency_code": a.const("USD", 1),
        "time_zone": a.const("America/New_York", 1), "updated_at": _stamp(media, 1),
    })
    writer.write("google_ads", "campaign_history", {
        "_source_relation": a.const(relation, len(campaigns)),
        "id": a.integer(media.campaign_id[campaigns]),
        "customer_id": a.integer(np.full(len(campaigns), account)),
        "name": a.take(media.campaign_name, campaigns),
        "advertising_channel_type": a.take(CHANNEL_TYPES, campaigns - campaigns[0]),
        "status": a.const("ENABLED", len(campaigns)), "updated_at": _stamp(media, len(campaigns)),
    })
    writer.write("google_ads", "ad_group_history", {
        "_source_relation": a.const(relation, len(groups)),
        "id": a.integer(media.group_id[groups]),
        "campaign_id": a.integer(media.campaign_id[groups // GROUPS_PER_CAMPAIGN]),
        "name": a.take(_names(media, groups), np.arange(len(groups))),
        "status": a.const("ENABLED", len(groups)), "updated_at": _stamp(media, len(groups)),
    })
    writer.write("google_ads", "ad_history", {
        "_source_relation": a.const(relation, len(ads)), "id": a.integer(media.ad_id[ads]),
        "ad_group_id": a.integer(media.group_id[media.group[ads]]),
        "name": a.take(media.ad_name, ads), "status": a.const("ENABLED", len(ads)),
        "updated_at": a.time(media.launched_on[ads] * DAY),
    })
    parts = []
    for device, share in ((0, 65), (1, 35)):
        part = [
            column * share // 100 if device == 0 else column - column * 65 // 100
            for column in (days.impressions, days.clicks, days.spend, days.orders, days.value)
        ]
        parts.append((days.ad, days.day, np.full(len(days.ad), device), *part))
    ad, day, device_row, shown, clicks, spend, orders, value = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    count = len(ad)
    writer.write("google_ads", "ad_stats", {
        "_source_relation": a.const(relation, count),
        "customer_id": a.integer(np.full(count, account)), "ad_id": a.integer(media.ad_id[ad]),
        "ad_group_id": a.integer(media.group_id[media.group[ad]]),
        "campaign_id": a.integer(media.campaign_id[media.campaign[ad]]), "date": a.date(day),
        "ad_network_type": a.const("SEARCH", count),
        "device": a.pick(["MOBILE", "DESKTOP"], device_row), "impressions": a.integer(shown),
        "clicks": a.integer(clicks), "cost_micros": a.integer(spend * 10_000),
        "conversions": a.money(orders * 108), "conversions_value": a.money(value),
        "view_through_conversions": a.money(shown // 4_000 * 100),
    })


def _write_tiktok(writer: BrandWriter, media: Media, days: Days) -> None:
    relation, account = RELATIONS[TIKTOK], ACCOUNTS[TIKTOK]
    campaigns, groups, ads = _structure(media, TIKTOK)
    writer.write("tiktok_ads", "advertiser", {
        "_source_relation": a.const(relation, 1), "id": a.integer(np.array([account])),
        "name": a.const("Aurora", 1), "currency": a.const("USD", 1),
        "timezone": a.const("America/New_York", 1),
    })
    writer.write("tiktok_ads", "campaign_history", {
        "_source_relation": a.const(relation, len(campaigns)),
        "campaign_id": a.integer(media.campaign_id[campaigns]),
        "advertiser_id": a.integer(np.full(len(campaigns), account)),
        "campaign_name": a.take(media.campaign_name, campaigns),
        "status": a.const("ENABLE", len(campaigns)), "updated_at": _stamp(media, len(campaigns)),
    })
    writer.write("tiktok_ads", "adgroup_history", {
        "_source_relation": a.const(relation, len(groups)),
        "adgroup_id": a.integer(media.group_id[groups]),
        "advertiser_id": a.integer(np.full(len(groups), account)),
        "campaign_id": a.integer(media.campaign_id[groups // GROUPS_PER_CAMPAIGN]),
        "adgroup_name": a.take(_names(media, groups), np.arange(len(groups))),
        "updated_at": _stamp(media, len(groups)),
    })
    writer.write("tiktok_ads", "ad_history", {
        "_source_relation": a.const(relation, len(ads)), "ad_id": a.integer(media.ad_id[ads]),
        "advertiser_id": a.integer(np.full(len(ads), account)),
        "campaign_id": a.integer(media.campaign_id[media.campaign[ads]]),
        "adgroup_id": a.integer(media.group_id[media.group[ads]]),
        "ad_name": a.take(media.ad_name, ads),
        "updated_at": a.time(media.launched_on[ads] * DAY),
    })
    count = len(days.ad)
    writer.write("tiktok_ads", "ad_report_hourly", {
        "_source_relation": a.const(relation, count), "ad_id": a.integer(media.ad_id[days.ad]),
        "stat_time_hour": a.time(days.day * DAY), "impressions": a.integer(days.impressions),
        "clicks": a.integer(days.clicks), "reach": a.integer(round_div(days.impressions * 7, 10)),
        "spend": a.money(days.spend), "conversion": a.money(days.orders * 130),
        "total_purchase_value": a.money(round_div(days.value * 13, 10)),
    })
