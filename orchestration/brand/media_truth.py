"""What media cost and what their platforms said, week by week: the truth behind the lenses.

What lives here: ``truth.media_weeks``, summed from the days in whole cents and hundredths of an
order, as the platforms' own rows hold them.
What never does: a draw; a return on spend, which is the models' to work out.

``truth.media_weeks``: one row per campaign and ISO week in which it ran. ``brought_order_count``
are orders placed in a visit that the campaign's ads led to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Ints
from orchestration.brand.ledger import round_div
from orchestration.brand.media import GOOGLE, META, Media
from orchestration.brand.media_tables import Days, meta_claims
from orchestration.brand.writer import TRUTH, BrandWriter

CHANNELS = ("meta_ads", "google_ads", "tiktok_ads")
# The first of January 1970 was a Thursday.
_THURSDAY = 3


def monday(days: Ints) -> Ints:
    """The Monday (days since 1970) of the week of each day."""
    return days - (days + _THURSDAY) % 7


def claims(platform: int, days: Days) -> tuple[Ints, Ints]:
    """Hundredths of an order and cents that a platform claims of each day."""
    if platform == META:
        orders, value = meta_claims(days)
        return orders * 100, value
    if platform == GOOGLE:
        return days.orders * 108, days.value
    return days.orders * 130, round_div(days.value * 13, 10)


def write_media_weeks(writer: BrandWriter, media: Media, told: Sequence[Days]) -> None:
    """``truth.media_weeks`` of all platforms, in the order of ``CHANNELS``."""
    for platform, days in enumerate(told):
        week = monday(days.day)
        campaign = media.campaign[days.ad]
        key, place = np.unique(np.stack([campaign, week]), axis=1, return_inverse=True)
        place = place.reshape(-1)
        sums = []
        for column in (days.spend, days.orders, *claims(platform, days)):
            total = np.zeros(key.shape[1], np.int64)
            np.add.at(total, place, column)
            sums.append(total)
        spend, brought, orders, value = sums
        writer.write(TRUTH, "media_weeks", {
            "channel": a.pick(CHANNELS, np.full(len(spend), platform)),
            "campaign_id": a.integer(media.campaign_id[key[0]]),
            "week_date": a.date(key[1]),
            "spend_amount": a.money(spend),
            "brought_order_count": a.integer(brought),
            "claimed_order_count": a.money(orders),
            "claimed_sales_amount": a.money(value),
        })  # fmt: skip
