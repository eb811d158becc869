"""Who the brand's creators are, what they get beyond a fee, and which ads run under their names.

What lives here: ``creators.creator``, ``creator_term``, ``creator_ad``, ``creator_seeding``, and
what the free goods cost, ``truth.creator_seedings``.
What never does: contracts, codes and posts (``creators.py``); orders, which no creator signed.
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.catalogue import CURRENCIES, SHOPS, Catalogue
from orchestration.brand.creators import CREATORS, PERSONS_A_CREATOR, SOURCE
from orchestration.brand.media import CAMPAIGNS, Media
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import TRUTH, BrandWriter

FIRST_NAMES = ("Amelia", "Benedict", "Charlotte", "Dominik", "Eleanora", "Florentin", "Gwendolyn",
               "Henrietta", "Isabella", "Jeremiah", "Katharina", "Leonardo")  # fmt: skip
LAST_NAMES = ("Waterfield", "Kowalczyk", "Montgomery", "Brandstetter", "Oliveirinha", "Fairweather")
UNDER_HER_NAME = "spark_creators"
COMMISSIONS = (0, 10_000_000, 15_000_000)  # in 1e-8
RIGHTS_MINOR = (0, 15_000, 40_000)
PARCELS_A_CREATOR, SHIPPING_MINOR = 2, 780
_US_SHOP = 0


def write_creator_terms(
    writer: BrandWriter, persons: int, media: Media, catalogue: Catalogue, window: Window,
    rng: np.random.Generator,
) -> None:
    """Tables of the creators of a brand of so many persons, in ``creators.py``'s numbers."""
    count = CREATORS + persons // PERSONS_A_CREATOR
    row = np.arange(count)
    kept = a.flag(np.zeros(count, bool))
    relation = a.const(SOURCE, count)
    names = [f"creator-{each + 1:04}" for each in row]
    first = [FIRST_NAMES[each % len(FIRST_NAMES)] for each in row]
    last = [LAST_NAMES[each // len(FIRST_NAMES) % len(LAST_NAMES)] for each in row]
    writer.write(SOURCE, "creator", {
        "_source_relation": relation, "creator_id": a.take(names, row),
        "handle": a.take([f"{one}.{two}".lower() for one, two in zip(first, last, strict=True)],
                         row),
        "full_name": a.take([f"{one} {two}" for one, two in zip(first, last, strict=True)], row),
        "link_tag": a.take([f"cr-{each + 1:04}" for each in row], row),
        "_fivetran_deleted": kept,
    })  # fmt: skip
    rights = rng.choice(RIGHTS_MINOR, size=count)
    starts = window.first_day + rng.integers(0, max(window.day_count - 60, 1), size=count)
    writer.write(SOURCE, "creator_term", {
        "_source_relation": relation,
        "contract_id": a.take([f"contract-{each + 1:04}" for each in row], row),
        "commission_ratio": a.ratio(rng.choice(COMMISSIONS, size=count)),
        "rights_fee": a.money(rights), "rights_from": a.date(starts),
        "rights_to": a.date(starts + 59), "currency": a.const("USD", count),
        "_fivetran_deleted": kept,
    })  # fmt: skip
    campaign = [each[1] for each in CAMPAIGNS].index(UNDER_HER_NAME)
    ads = np.flatnonzero(media.campaign == campaign)
    writer.write(SOURCE, "creator_ad", {
        "_source_relation": a.const(SOURCE, len(ads)),
        "creator_id": a.take(names, np.arange(len(ads)) % count),
        "channel": a.const("tiktok_ads", len(ads)), "ad_id": a.text(media.ad_id[ads]),
        "_fivetran_deleted": a.flag(np.zeros(len(ads), bool)),
    })  # fmt: skip
    _write_seedings(writer, names, catalogue, window, rng)


def _write_seedings(
    writer: BrandWriter, names: list[str], catalogue: Catalogue, window: Window,
    rng: np.random.Generator,
) -> None:
    goods = np.flatnonzero(~catalogue.is_gift_card)
    creator = np.repeat(np.arange(len(names)), PARCELS_A_CREATOR)
    count = len(creator)
    sku = goods[rng.integers(0, len(goods), size=count)]
    sent_at = rng.integers(window.start, window.end - 3 * DAY, size=count)
    quantity = rng.integers(1, 4, size=count)
    parcels = a.take([f"seeding-{each + 1:05}" for each in range(count)], np.arange(count))
    skus = a.take(catalogue.sku, sku)
    writer.write(SOURCE, "creator_seeding", {
        "_source_relation": a.const(SOURCE, count), "seeding_id": parcels,
        "creator_id": a.take(names, creator), "shop_relation": a.const(SHOPS[_US_SHOP], count),
        "sku": skus, "quantity": a.integer(quantity),
        "shipping_cost": a.money(np.full(count, SHIPPING_MINOR)),
        "currency": a.const(CURRENCIES[_US_SHOP], count), "sent_at": a.time(sent_at),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip
    cost = catalogue.unit_cost(np.full(count, _US_SHOP), sku, sent_at)
    writer.write(TRUTH, "creator_seedings", {
        "seeding_id": parcels, "creator_id": a.take(names, creator), "sku": skus,
        "cost_minor": a.integer(cost * quantity + SHIPPING_MINOR, cost < 0),
    })  # fmt: skip
