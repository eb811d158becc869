"""The advertising plan and what the platforms claim it brought.

What lives here: campaigns, ad sets, ads of Meta, Google and TikTok, their daily spend, impressions,
clicks and claimed conversions, and the three raw layouts.
What never does: visits; this room only counts them.

Clicks follow the visits that an ad brought plus those of people who never became known. Claims are
made to disagree with the truth: Meta counts views too, Google rounds up, TikTok over-claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from orchestration.brand.arrays import Ints
from orchestration.brand.window import DAY, Window

META, GOOGLE, TIKTOK = range(3)
RELATIONS = ("aurora-meta", "aurora-google", "aurora-tiktok")
ACCOUNTS = (210_000_000_000_001, 4_447_770_001, 7_100_000_000_000_001)
# platform, campaign, share of the platform's visits, cents a click, clicks in 10,000 impressions
CAMPAIGNS = (
    (META, "prospecting_broad", 46, 115, 130),
    (META, "prospecting_lookalike", 24, 125, 120),
    (META, "retargeting_catalogue", 22, 160, 210),
    (META, "winter_launch", 8, 110, 140),
    (GOOGLE, "brand_search", 34, 60, 900),
    (GOOGLE, "shopping_all", 30, 85, 95),
    (GOOGLE, "performance_max", 24, 95, 120),
    (GOOGLE, "nonbrand_search", 12, 170, 420),
    (TIKTOK, "spark_creators", 58, 70, 95),
    (TIKTOK, "video_prospecting", 42, 75, 85),
)
_HOOKS = ("question", "before-after", "unboxing", "founder", "texture", "review")
CHANNEL_TYPES = ("SEARCH", "SHOPPING", "PERFORMANCE_MAX", "SEARCH")
GROUPS_PER_CAMPAIGN, ADS_PER_GROUP = 2, 3


@dataclass(frozen=True)
class Media:
    """One entry per ad, ordered by platform, campaign, ad set."""

    platform: Ints
    campaign: Ints  # row of campaign_name
    group: Ints
    ad_id: Ints
    ad_name: list[str]
    campaign_id: Ints  # per campaign
    campaign_name: list[str]
    group_id: Ints  # per group
    share: Ints  # of the platform's visits
    launched_on: Ints  # day
    created_on: int

    @property
    def count(self) -> int:
        return len(self.platform)


def make_media(window: Window, rng: np.random.Generator) -> Media:
    """The plan; later ads of an ad set start inside the window."""
    rows = [
        (place, group, ad)
        for place in range(len(CAMPAIGNS))
        for group in range(GROUPS_PER_CAMPAIGN)
        for ad in range(ADS_PER_GROUP)
    ]
    campaign = np.array([row[0] for row in rows])
    group = campaign * GROUPS_PER_CAMPAIGN + np.array([row[1] for row in rows])
    place = np.array([row[2] for row in rows])
    platform = np.array([row[0] for row in CAMPAIGNS])
    launched = window.first_day + np.where(
        place == 0, -60, rng.integers(0, max(window.day_count - 30, 1), len(rows))
    )
    names = []
    for number, (owner, _, ad) in enumerate(rows):
        day = date(1970, 1, 1) + timedelta(days=int(launched[number]))
        hook = _HOOKS[(number * 5 + ad) % len(_HOOKS)]
        form = "cat" if "catalogue" in CAMPAIGNS[owner][1] else ("vid", "img", "car")[ad]
        names.append(
            f"{day:%Y%m%d}_c{number:03d}_{form}_benefit_{hook}_brand_range_none_v{ad + 1}"
        )
    return Media(
        platform=platform[campaign], campaign=campaign, group=group,
        ad_id=120_200_000_000_000 + np.arange(len(rows)) * 17 + campaign * 10_000, ad_name=names,
        campaign_id=120_100_000_000_000 + np.arange(len(CAMPAIGNS)) * 1_013,
        campaign_name=[f"{row[1]}_us" if row[0] != GOOGLE else row[1] for row in CAMPAIGNS],
        group_id=120_150_000_000_000 + np.arange(len(CAMPAIGNS) * GROUPS_PER_CAMPAIGN) * 1_019,
        share=np.array([CAMPAIGNS[place][2] * (3 - ad) for place, _, ad in rows]),
        launched_on=launched, created_on=window.first_day - 60,
    )


def choose_ads(media: Media, platform: int, at: Ints, rng: np.random.Generator) -> Ints:
    """An ad of the platform for each visit; before its launch the ad set's first one shows."""
    rows = np.flatnonzero(media.platform == platform)
    weights = np.cumsum(media.share[rows]) / media.share[rows].sum()
    chosen = rows[np.searchsorted(weights, rng.random(len(at)), side="right")]
    early = media.launched_on[chosen] * DAY > at
    return np.where(early, chosen - chosen % ADS_PER_GROUP, chosen)


@dataclass(frozen=True)
class Tally:
    """Visits, orders and value (dollar cents) per ad and day of the window, summed over chunks."""

    visits: Ints
    orders: Ints
    value: Ints

    @classmethod
    def empty(cls, media: Media, window: Window) -> Tally:
        shape = (media.count, window.day_count)
        return cls(*(np.zeros(shape, np.int64) for _ in range(3)))

    def add(self, ad: Ints, day: Ints, order_value: Ints) -> None:
        """Count visits; ``order_value`` is -1 where the visit did not end in an order."""
        np.add.at(self.visits, (ad, day), 1)
        bought = order_value >= 0
        np.add.at(self.orders, (ad[bought], day[bought]), 1)
        np.add.at(self.value, (ad[bought], day[bought]), order_value[bought])
