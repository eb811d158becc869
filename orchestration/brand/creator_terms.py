"""Who the brand's creators are, what they get beyond a fee, and which ads run under their names.

What lives here: ``creators.creator``, ``creator_term``, ``creator_ad``, ``creator_seeding``, what
the free goods cost (``truth.creator_seedings``), and of orders the marketplace's lines and the
customers' answers, with whom they named (``truth.creator_answers``).
What never does: contracts, codes and posts (``creators.py``); an order's code or visit.
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.catalogue import CURRENCIES, SHOPS, Catalogue
from orchestration.brand.creators import CREATORS, PERSONS_A_CREATOR, SOURCE
from orchestration.brand.ids import Ids
from orchestration.brand.media import CAMPAIGNS, Media
from orchestration.brand.order_lines import Lines
from orchestration.brand.orders import DTC, MARKETPLACE, ONLINE, Heads
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import TRUTH, BrandWriter

FIRST_NAMES = ("Amelia", "Benedict", "Charlotte", "Dominik", "Eleanora", "Florentin", "Gwendolyn",
               "Henrietta", "Isabella", "Jeremiah", "Katharina", "Leonardo")  # fmt: skip
LAST_NAMES = ("Waterfield", "Kowalczyk", "Montgomery", "Brandstetter", "Oliveirinha", "Fairweather")
UNDER_HER_NAME = "spark_creators"
COMMISSIONS = (0, 10_000_000, 15_000_000)  # in 1e-8
RIGHTS_MINOR = (0, 15_000, 40_000)
PARCELS_A_CREATOR, SHIPPING_MINOR = 2, 780
ANSWERED, NAMED, SOLD_BY_HER = 0.45, 0.15, 0.5
OTHER_WORDS = ("google", "a friend", "instagram ad", "podcast")
_US_SHOP = 0


def write_creator_terms(
    writer: BrandWriter, persons: int, media: Media, catalogue: Catalogue, window: Window,
    rng: np.random.Generator,
) -> None:
    """Tables of the creators of a brand of so many persons, in ``creators.py``'s numbers."""
    count = creator_count(persons)
    row = np.arange(count)
    kept = a.flag(np.zeros(count, bool))
    relation = a.const(SOURCE, count)
    names = _names(count)
    people = [_person(each) for each in range(count)]
    writer.write(SOURCE, "creator", {
        "_source_relation": relation, "creator_id": a.take(names, row),
        "handle": a.take([".".join(each).lower() for each in people], row),
        "full_name": a.take([" ".join(each) for each in people], row),
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


def write_creator_signs(
    writer: BrandWriter, heads: Heads, lines: Lines, ids: Ids, persons: int,
    rng: np.random.Generator,
) -> None:
    """What a marketplace and the customers of a chunk's orders say of creators."""
    names = _names(creator_count(persons))
    words = [" ".join(_person(each)) for each in range(len(names))]
    asked = (heads.scope == DTC) & (heads.channel == ONLINE) & (rng.random(heads.count) < ANSWERED)
    order = np.flatnonzero(asked)
    count = len(order)
    named = np.where(rng.random(count) < NAMED, rng.integers(0, len(names), size=count), -1)
    other = len(names) + rng.integers(0, len(OTHER_WORDS), size=count)
    keys = {"_source_relation": ids.shops(heads.shop[order]),
            "order_id": a.integer(ids.of("order", order))}  # fmt: skip
    writer.write(SOURCE, "creator_survey_answer", keys | {
        "answer": a.take([*words, *OTHER_WORDS], np.where(named >= 0, named, other)),
        "answered_at": a.time(heads.at[order]),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip
    writer.write(TRUTH, "creator_answers", keys | {"creator_id": a.take(names, named)})
    line = np.flatnonzero(
        (heads.channel[lines.order] == MARKETPLACE) & (rng.random(lines.count) < SOLD_BY_HER)
    )
    count = len(line)
    writer.write(SOURCE, "creator_affiliate_line", {
        "_source_relation": a.const(SOURCE, count),
        "creator_id": a.take(names, rng.integers(0, len(names), size=count)),
        "shop_relation": a.take(SHOPS, heads.shop[lines.order[line]]),
        "order_line_id": a.integer(ids.of("line", line)),
        "commission": a.money(lines.price[line] * lines.quantity[line] // 10),
        "currency": a.take(CURRENCIES, heads.shop[lines.order[line]]),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })  # fmt: skip


def creator_count(persons: int) -> int:
    """How many creators a brand of so many persons has, as in ``creators.py``."""
    return CREATORS + persons // PERSONS_A_CREATOR


def _names(count: int) -> list[str]:
    return [f"creator-{each + 1:04}" for each in range(count)]


def _person(row: int) -> tuple[str, str]:
    last = LAST_NAMES[row // len(FIRST_NAMES) % len(LAST_NAMES)]
    return FIRST_NAMES[row % len(FIRST_NAMES)], last


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
        "goods_minor": a.integer(cost * quantity, cost < 0),
        "shipping_minor": a.integer(np.full(count, SHIPPING_MINOR)),
    })  # fmt: skip
