"""How a visit arrives: channel, landing page, campaign tags, click ids, referrer.

What lives here: the channels' shares and the text each leaves behind, traps included: fbclid on
links nobody paid for, paid visits that carry a click id and no tag, free listings with srsltid.
What never does: what visitors do afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Column, Ints
from orchestration.brand.catalogue import DOMAINS, Catalogue
from orchestration.brand.ids import Ids
from orchestration.brand.media import Media

if TYPE_CHECKING:
    from orchestration.brand.visits import Sessions

CHANNELS = ("direct", "organic_search", "paid_meta", "paid_google", "paid_tiktok", "email",
            "organic_social", "referral", "free_listing", "affiliate")
(DIRECT, ORGANIC, PAID_META, PAID_GOOGLE, PAID_TIKTOK, EMAIL, SOCIAL, REFERRAL, LISTING,
 AFFILIATE) = range(10)
PAID = (PAID_META, PAID_GOOGLE, PAID_TIKTOK)
# share of browsing visits, share of buying visits
WEIGHTS = ((28, 34), (16, 14), (16, 12), (12, 14), (6, 3), (11, 16), (5, 2), (3, 2), (2, 2), (1, 1))
_REFERRERS = ("", "https://www.google.com/", "https://l.facebook.com/", "https://www.google.com/",
              "https://www.tiktok.com/", "", "https://l.instagram.com/",
              "https://blog.beautynotes.net/best-serums", "https://www.google.com/",
              "https://www.couponlane.com/aurora")
_SOURCES = ("", "", "facebook", "google", "tiktok", "klaviyo", "", "", "", "couponlane")
_MEDIA = ("", "", "paid_social", "cpc", "paid_social", "email", "", "", "", "affiliate")
_CLICK_TYPES = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid", "_kx", "srsltid")


@dataclass(frozen=True)
class Pages:
    """One row per visit; text columns are null where the landing page does not carry them."""

    url: Column
    path: Ints  # row of the path list of ``web.py``
    referrer: Column
    source: Column
    medium: Column
    campaign: Column
    content: Column
    campaign_id: Column
    click_id: Column
    click_id_type: Column


def make_pages(
    sessions: Sessions, catalogue: Catalogue, media: Media, ids: Ids, newsletters: list[str],
    rng: np.random.Generator,
) -> Pages:
    """Landing page of each visit; ``newsletters`` are names of e-mail campaigns."""
    count, channel = sessions.count, sessions.channel
    draw = rng.random(count)
    on_product = (np.isin(channel, PAID) & (draw < 0.6)) | (channel == LISTING) | (draw < 0.15)
    path = np.where(on_product, 6 + sessions.sku, 0)
    untagged = (channel == PAID_GOOGLE) & (draw > 0.85)
    tagged = np.isin(channel, (*PAID, EMAIL, AFFILIATE)) & ~untagged

    def tag(values: tuple[str, ...]) -> Column:
        return a.take(values, np.where(tagged, channel, -1))

    ad = np.where(tagged, sessions.ad, -1)
    source, medium = tag(_SOURCES), tag(_MEDIA)
    campaign = a.filled(
        a.take(media.campaign_name, np.where(ad >= 0, media.campaign[ad], -1)),
        a.take(newsletters, np.where(tagged, sessions.newsletter, -1)),
        a.take(["creator_page"], np.where(tagged & (channel == AFFILIATE), 0, -1)),
    )
    content = a.take(a.text(media.ad_id), ad)
    campaign_id = a.take(a.text(media.campaign_id[media.campaign]), ad)
    kind = np.select(
        [channel == PAID_GOOGLE, (channel == PAID_META) | (channel == SOCIAL),
         channel == PAID_TIKTOK, channel == EMAIL, channel == LISTING],
        [np.select([draw * 7 % 1 < 0.8, draw * 7 % 1 < 0.92], [0, 1], 2), 3, 4, 5, 6], -1,
    )
    kind = np.where((kind == 4) & (draw * 3 % 1 < 0.1), -1, kind)
    click_type = a.take(_CLICK_TYPES, kind)
    token = a.hexes(ids.rows("session", count), 51, 24)
    click_id = a.where(kind >= 0, token)
    parts = (
        ("utm_source", source), ("utm_medium", medium), ("utm_campaign", campaign),
        ("utm_id", campaign_id), ("utm_content", content),
    )
    query = a.join(*(
        a.filled(a.join(f"&{name}=", column), "") for name, column in parts
    ))
    click = a.filled(a.join("&", click_type, "=", click_id), "")
    query = a.join(query, click)
    mark = a.take(["", "?"], (tagged | (kind >= 0)) * 1)
    shown = a.take(
        ["/", *[""] * 5] + [f"/products/item-{number}" for number in range(catalogue.count)], path
    )
    url = a.join("https://", a.take(DOMAINS, sessions.shop), shown, mark,
                 a.cut(query, 1))
    silent = np.array([not word for word in _REFERRERS])[channel] | (draw * 11 % 1 < 0.06)
    return Pages(
        url=url, path=path, referrer=a.take(_REFERRERS, np.where(silent, -1, channel)),
        source=source, medium=medium, campaign=campaign, content=content, campaign_id=campaign_id,
        click_id=click_id, click_id_type=click_type,
    )
