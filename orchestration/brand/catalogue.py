"""What the brand sells: products, variants, prices, unit costs over time, exchange rates.

What lives here: about 120 SKUs, the same in both shops with each shop's own ids and prices.
What never does: orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.ledger import MILLION, round_div
from orchestration.brand.window import DAY, Window
from orchestration.brand.writer import BrandWriter

SHOPS = ("aurora-us", "aurora-eu")
CURRENCIES = ("USD", "EUR")
DOMAINS = ("aurora-store.com", "aurora-store.eu")

# type, words, lowest and highest price in dollars, grams, share of price that is cost, in percent
_RANGES = (
    ("Serum", "Dawn Dew Glow Halo Silk Night Aqua Vita", 28, 64, 180, 24),
    ("Cleanser", "Foam Milk Balm Clay Mist", 16, 34, 320, 28),
    ("Moisturiser", "Day Rich Light Calm Barrier", 24, 58, 260, 27),
    ("Candle", "Cedar Linen Fig Amber Smoke", 22, 48, 620, 34),
    ("Textile", "Robe Towel Throw Sheet Pillow", 35, 140, 900, 45),
    ("Accessory", "Brush Pouch Mirror Clip", 8, 26, 120, 38),
    ("Sample", "Mini Trial", 4, 9, 40, 50),
)
GIFT_CARD_SKUS = 3
FREE_GIFT_SKU = 0


@dataclass(frozen=True)
class Catalogue:
    """One entry per SKU; costs are (shop, SKU, version) with -1 where no version exists."""

    sku: list[str]
    title: list[str]
    product_type: list[str]
    price: Ints  # (shop, sku) minor units; tax included in aurora-eu
    grams: Ints
    is_gift_card: Bools
    popularity: Ints
    cost_from: Ints  # (version, sku) seconds
    cost: Ints  # (shop, version, sku) minor units, -1 none
    fallback_ratio: Ints  # (shop, sku) millionths of the price tag, -1 none

    @property
    def count(self) -> int:
        return len(self.sku)

    def unit_cost(self, shop: Ints, sku: Ints, at: Ints) -> Ints:
        """Recorded unit cost as of a time; -1 where none was recorded by then."""
        found = np.full(len(sku), -1, np.int64)
        for version in range(self.cost.shape[1]):
            cost = self.cost[shop, version, sku]
            found = np.where((cost >= 0) & (self.cost_from[version, sku] <= at), cost, found)
        return found

    def variant_id(self, shop: int) -> Ints:
        return 4_400_000_000 + shop * 1_000_000 + np.arange(self.count)

    def product_id(self, shop: int) -> Ints:
        return 7_700_000_000 + shop * 1_000_000 + (np.arange(self.count) + 1) // 2


def make_catalogue(window: Window, rng: np.random.Generator) -> Catalogue:
    """The brand's products; draws decide prices and costs."""
    sku, title, product_type, dollars, grams, share = ["GIFT-SAMPLE"], ["Gift With Purchase"], \
        ["Gift"], [0], [60], [0]
    for kind, names, low, high, weight, percent in _RANGES:
        for name in names.split():
            for size in ("50", "100", "200", "XL")[: 4 if kind != "Sample" else 2]:
                sku.append(f"{kind[:3].upper()}-{name[:4].upper()}-{size}")
                title.append(f"{name} {kind} {size}")
                product_type.append(kind)
                dollars.append(int(rng.integers(low, high)))
                grams.append(weight + len(size) * 20)
                share.append(percent + int(rng.integers(-5, 6)))
    for value in (25, 50, 100):
        sku.append(f"GIFTCARD-{value}")
        title.append(f"Gift Card {value}")
        product_type.append("Gift Card")
        dollars.append(value)
        grams.append(0)
        share.append(0)
    count = len(sku)
    is_gift_card = np.array([kind == "Gift Card" for kind in product_type])
    is_round = is_gift_card | (np.array(dollars) == 0)
    price = np.array(dollars, np.int64) * 100 - np.where(is_round, 0, 5)
    prices = np.stack([price, price])
    popularity = np.sort(rng.integers(20, 400, count))[::-1].copy()
    popularity[rng.permutation(count)[:3]] = np.array([3_000, 2_200, 1_500])
    popularity[is_gift_card | (np.arange(count) == FREE_GIFT_SKU)] = 0
    cost_from, cost = _costs(window, rng, price, np.array(share), np.array(product_type))
    return Catalogue(
        sku=sku,
        title=title,
        product_type=product_type,
        price=prices,
        grams=np.array(grams, np.int64),
        is_gift_card=is_gift_card,
        popularity=popularity,
        cost_from=cost_from,
        cost=cost,
        fallback_ratio=_fallback_ratios(cost, prices, product_type),
    )


def _costs(
    window: Window, rng: np.random.Generator, price: Ints, share: Ints, kind: npt.NDArray[np.str_]
) -> tuple[Ints, Ints]:
    """Three versions: from before the start, then two changes inside the window.

    Some SKUs have no cost at all, some get their first one in the middle, the type Sample none.
    """
    count = len(price)
    base = round_div(price * share, 100)
    base[FREE_GIFT_SKU] = 190
    span = window.end - window.start
    cost_from = np.stack(
        [
            np.full(count, window.start - 400 * DAY),
            (window.start + span * rng.integers(25, 45, count) // 100) // DAY * DAY,
            (window.start + span * rng.integers(60, 85, count) // 100) // DAY * DAY,
        ]
    )
    drift = rng.integers(-6, 13, (2, count))
    versions = np.stack([base, base, base])
    versions[1] = round_div(base * (100 + drift[0]), 100)
    versions[2] = round_div(versions[1] * (100 + drift[1]), 100)
    changes = rng.random(count)
    versions[1, changes < 0.35] = -1
    versions[2, (changes < 0.6) | (changes > 0.9)] = -1
    goods = np.flatnonzero((price > 0) & (kind != "Gift Card") & (kind != "Sample"))
    chosen = rng.permutation(goods)
    versions[:, chosen[:4]] = -1  # never recorded
    versions[0, chosen[4:9]] = -1  # recorded later only
    versions[1, chosen[4:9]] = base[chosen[4:9]]
    versions[:, (kind == "Gift Card") | (kind == "Sample")] = -1
    euros = np.where(versions < 0, -1, round_div(versions * 92, 100))
    return cost_from, np.stack([versions, euros])


def _fallback_ratios(cost: Ints, price: Ints, product_type: list[str]) -> Ints:
    """Median first recorded cost / variant price of each product type and shop."""
    ratios = np.full(price.shape, -1, np.int64)
    kinds = np.array(product_type)
    for shop in range(len(SHOPS)):
        first = np.full(price.shape[1], -1, np.int64)
        for version in range(cost.shape[1] - 1, -1, -1):
            first = np.where(cost[shop, version] >= 0, cost[shop, version], first)
        usable = (first >= 0) & (price[shop] > 0)
        for kind in sorted(set(product_type)):
            rows = usable & (kinds == kind)
            if rows.any():
                each = np.sort(round_div(first[rows] * MILLION, price[shop, rows]))
                middle = each[[(len(each) - 1) // 2, len(each) // 2]]
                ratios[shop, kinds == kind] = round_div(middle.sum(keepdims=True), 2)[0]
    return ratios


@dataclass(frozen=True)
class Rates:
    """Dollars for one euro, one rate a day, in units of 1e-8 (six decimals used)."""

    first_day: int
    euro: Ints

    def to_reporting(self, shop: Ints, day: Ints) -> Ints:
        """Rate from the shop's currency to dollars on a day; exactly 1 for dollars."""
        place = np.clip(day - self.first_day, 0, len(self.euro) - 1)
        return np.where(shop == 1, self.euro[place], 100_000_000)


def make_rates(window: Window, rng: np.random.Generator) -> Rates:
    """A bounded random walk around 1.09."""
    first_day = window.first_day - 40
    steps = rng.integers(-3_500, 3_501, window.last_day + 2 - first_day)
    walk = np.zeros(len(steps), np.int64)
    level = 0
    for place, step in enumerate(steps.tolist()):
        level = level + step - level // 60
        walk[place] = level
    return Rates(first_day, (1_090_000 + walk) * 100)


def write_catalogue(
    writer: BrandWriter, catalogue: Catalogue, rates: Rates, window: Window
) -> None:
    """Shops, products, variants, inventory items, unit costs and exchange rates."""
    writer.write("shopify", "shop", _shops())
    count = catalogue.count
    created = np.full(count, window.start - 500 * DAY)
    for shop, name in enumerate(SHOPS):
        relation = a.const(name, count)
        first_of_product = np.concatenate([[0], np.arange(1, count, 2)])
        _write_products(writer, catalogue, shop, first_of_product, created)
        latest = catalogue.cost[shop, 0]
        for version in catalogue.cost[shop, 1:]:
            latest = np.where(version >= 0, version, latest)
        item = 4_500_000_000 + shop * 1_000_000 + np.arange(count)
        writer.write("shopify", "product_variant", {
            "_source_relation": relation,
            "id": a.integer(catalogue.variant_id(shop)),
            "product_id": a.integer(catalogue.product_id(shop)),
            "inventory_item_id": a.integer(item),
            "title": a.take(catalogue.title, np.arange(count)),
            "sku": a.take(catalogue.sku, np.arange(count)),
            "price": a.money(catalogue.price[shop]),
            "barcode": a.padded(4_006_381_000_000 + np.arange(count) * 7, 13),
            "inventory_quantity": a.integer(catalogue.popularity // 2 + 15),
            "created_at": a.time(created),
            "updated_at": a.time(created),
        })
        writer.write("shopify", "inventory_item", {
            "_source_relation": relation,
            "id": a.integer(item),
            "sku": a.take(catalogue.sku, np.arange(count)),
            "cost": a.money(latest, latest < 0),
            "unit_cost_currency_code": a.const(CURRENCIES[shop], count),
            "updated_at": a.time(created),
        })
        version, sku = np.nonzero(catalogue.cost[shop] >= 0)
        writer.write("costs", "unit_cost_history", {
            "_source_relation": a.const(name, len(sku)),
            "sku": a.take(catalogue.sku, sku),
            "valid_from": a.time(catalogue.cost_from[version, sku]),
            "cost": a.money(catalogue.cost[shop, version, sku]),
            "currency": a.const(CURRENCIES[shop], len(sku)),
            "cost_source": a.pick(["purchase_order", "supplier_list"], (sku % 2).astype(np.int64)),
        })
    _write_rates(writer, rates)


def _shops() -> dict[str, a.Column]:
    place = np.arange(len(SHOPS))
    return {
        "_source_relation": a.pick(SHOPS, place),
        "id": a.integer(55_000_001 + place),
        "name": a.pick(["Aurora", "Aurora Europe"], place),
        "domain": a.pick(DOMAINS, place),
        "myshopify_domain": a.pick([f"{shop}.myshopify.com" for shop in SHOPS], place),
        "currency": a.pick(CURRENCIES, place),
        "iana_timezone": a.pick(["America/New_York", "Europe/Berlin"], place),
        "country_code": a.pick(["US", "DE"], place),
    }


def _write_products(
    writer: BrandWriter, catalogue: Catalogue, shop: int, first: Ints, created: Ints
) -> None:
    title = a.take(catalogue.title, first)
    count = len(first)
    writer.write("shopify", "product", {
        "_source_relation": a.const(SHOPS[shop], count),
        "id": a.integer(catalogue.product_id(shop)[first]),
        "title": title,
        "handle": a.join("item-", a.text(first)),
        "product_type": a.take(catalogue.product_type, first),
        "vendor": a.const("Aurora", count),
        "status": a.const("active", count),
        "created_at": a.time(created[first]),
        "updated_at": a.time(created[first]),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })


def _write_rates(writer: BrandWriter, rates: Rates) -> None:
    count = len(rates.euro)
    days = rates.first_day + np.arange(count)
    back = round_div(np.full(count, 10**16), rates.euro)
    for source, target, rate in (("EUR", "USD", rates.euro), ("USD", "EUR", back)):
        writer.write("costs", "exchange_rate", {
            "_source_relation": a.const("costs", count),
            "from_currency": a.const(source, count),
            "to_currency": a.const(target, count),
            "rate_date": a.date(days),
            "rate": a.ratio(rate),
        })
