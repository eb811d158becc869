"""The shop's raw tables of orders: heads, lines, taxes, discounts, shipping, tags.

What lives here: columns of ``shopify.order`` and its direct children.
What never does: decisions; every value was drawn or computed elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Column, Ints
from orchestration.brand.catalogue import CURRENCIES, Catalogue
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.ledger import group_starts, group_sum
from orchestration.brand.order_lines import (
    CODE_PERCENT,
    CODES,
    FREE_SHIPPING,
    LINE_OFFER,
    THANK_YOU,
    Lines,
    Totals,
)
from orchestration.brand.orders import ONLINE, PHONE, SOURCE_NAMES, TAGS, TEST_ORDER, Heads
from orchestration.brand.persons import Persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.writer import BrandWriter


@dataclass(frozen=True)
class Outcome:
    """What became of each order, for its head."""

    shipped_at: Ints
    cancelled_at: Ints
    refunded: Ints  # money given back
    landing: Column
    referrer: Column
    accepts_marketing: Bools


def write_orders(
    writer: BrandWriter, persons: Persons, heads: Heads, totals: Totals, outcome: Outcome,
    ids: Ids, rng: np.random.Generator,
) -> Bools:
    """``shopify.order``, its tags and shipping lines; returns which carry a real phone."""
    count, person, shop = heads.count, heads.person, heads.shop
    order_id = ids.rows("order", count)
    account = ids.account(persons, person, heads.account, shop)
    # A gift goes to somebody else: the next person of the chunk, who must not become one with it.
    to = np.where(heads.is_gift, (person + 1) % persons.count, person)
    usual = rng.random(count) < 0.55
    style = np.where(usual, persons.phone_style[person], rng.integers(0, 6, count))
    style = np.where(rng.random(count) < 0.015, 6 + rng.integers(0, 6, count), style)
    has_phone = (heads.channel == ONLINE) & (heads.scope != TEST_ORDER)
    has_phone &= rng.random(count) < 0.75
    phone = raw_phones(persons, person, np.where(has_phone, style, -1))
    shipped_to = totals.has_shipping_line
    cancelled = outcome.cancelled_at < NEVER
    whole = (outcome.refunded >= totals.total) & (outcome.refunded > 0)
    is_online = heads.channel == ONLINE
    writer.write("shopify", "order", {
        "_source_relation": ids.shops(shop),
        "id": a.integer(order_id),
        "customer_id": a.integer(account, account == 0),
        "email": persons.mail_texts(person, heads.mail_kind),
        "phone": phone,
        "name": a.join("#", a.text(order_id % 1_000_000_000)),
        "source_name": a.pick(SOURCE_NAMES, heads.channel),
        "currency": a.pick(CURRENCIES, shop),
        "presentment_currency": a.pick(CURRENCIES, shop),
        "taxes_included": a.flag(shop == 1),
        "subtotal_price": a.money(totals.gross - totals.discount),
        "total_line_items_price": a.money(totals.gross),
        "total_discounts": a.money(totals.discount + totals.shipping - totals.shipping_paid),
        "total_tax": a.money(totals.tax),
        "total_tip_received": a.money(totals.tip),
        "total_price": a.money(totals.total),
        "total_weight": a.integer(totals.weight),
        "financial_status": a.pick(
            ["paid", "partially_refunded", "refunded"],
            np.where(whole, 2, np.where(outcome.refunded > 0, 1, 0))),
        "fulfillment_status": a.pick(
            ["fulfilled"],
            np.where((outcome.shipped_at < NEVER) | (SOURCE_NAMES.index("pos") == heads.channel),
                     0, -1)),
        "cancel_reason": a.pick(["customer", "inventory"],
                                np.where(cancelled, heads.at % 2, -1)),
        "cancelled_at": a.time(np.where(cancelled, outcome.cancelled_at, 0), ~cancelled),
        "test": a.flag(heads.scope == TEST_ORDER),
        "created_at": a.time(heads.at),
        "processed_at": a.time(heads.at),
        "updated_at": a.time(heads.at),
        "landing_site_base_url": outcome.landing,
        "referring_site": outcome.referrer,
        "browser_ip": a.where(is_online, a.join(
            "100.90.", a.text(person % 256), ".", a.text(order_id % 254 + 1))),
        "buyer_accepts_marketing": a.flag(outcome.accepts_marketing),
        "billing_address_first_name": a.where(is_online, persons.first_names(person)),
        "billing_address_last_name": a.where(is_online, persons.last_names(person)),
        "billing_address_country_code": a.where(is_online, persons.country_codes(person)),
        "billing_address_phone": a.where(~heads.is_gift, phone),
        **_shipping_address(persons, to, shipped_to, heads, phone),
        "cart_token": a.where(is_online, a.hexes(order_id, 21, 32)),
        "checkout_token": a.where(is_online, a.hexes(order_id, 22, 32)),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })
    _write_tags(writer, heads, ids)
    _write_shipping(writer, heads, totals, ids)
    return np.asarray(has_phone & (style < 6) & persons.has_phone[person])


def _shipping_address(
    persons: Persons, to: Ints, shipped: Bools, heads: Heads, phone: Column
) -> dict[str, Column]:
    def here(column: Column) -> Column:
        return a.where(shipped, column)

    own = raw_phones(persons, to, np.where(heads.is_gift, 1, -1))
    return {
        "shipping_address_first_name": here(persons.first_names(to)),
        "shipping_address_last_name": here(persons.last_names(to)),
        "shipping_address_address_1": here(persons.streets(to)),
        "shipping_address_city": here(persons.cities(to)),
        "shipping_address_province_code": here(persons.regions(to)),
        "shipping_address_zip": here(persons.zips(to)),
        "shipping_address_country_code": here(persons.country_codes(to)),
        "shipping_address_phone": here(a.either(heads.is_gift, own, phone)),
    }


def _write_tags(writer: BrandWriter, heads: Heads, ids: Ids) -> None:
    words = [*TAGS.values(), "phone-order", "repeat"]
    code = np.full(heads.count, -1)
    for place, scope in enumerate(TAGS):
        code = np.where(heads.scope == scope, place, code)
    code = np.where((code < 0) & (heads.channel == PHONE), words.index("phone-order"), code)
    # A word that means nothing to margin, so that tags are not taken for scopes.
    plain = np.where(a.repeats(heads.person) & (heads.at % 5 == 0), words.index("repeat"), -1)
    order = np.concatenate([np.flatnonzero(code >= 0), np.flatnonzero(plain >= 0)])
    word = np.concatenate([code[code >= 0], plain[plain >= 0]])
    index = np.where(word == words.index("repeat"), 2, 1)
    rank = np.lexsort((index, order))
    writer.write("shopify", "order_tag", {
        "_source_relation": ids.shops(heads.shop[order[rank]]),
        "order_id": a.integer(ids.of("order", order[rank])),
        "index": a.integer(index[rank]),
        "value": a.pick(words, word[rank]),
    })


def _write_shipping(writer: BrandWriter, heads: Heads, totals: Totals, ids: Ids) -> None:
    rows = np.flatnonzero(totals.has_shipping_line)
    express = (totals.shipping[rows] == 1_295) * 1
    writer.write("shopify", "order_shipping_line", {
        "_source_relation": ids.shops(heads.shop[rows]),
        "id": a.integer(ids.rows("shipping_line", len(rows))),
        "order_id": a.integer(ids.of("order", rows)),
        "title": a.pick(["Standard", "Express"], express),
        "code": a.pick(["STANDARD", "EXPRESS"], express),
        "price": a.money(totals.shipping[rows]),
        "discounted_price": a.money(totals.shipping_paid[rows]),
    })


def write_lines(
    writer: BrandWriter, heads: Heads, lines: Lines, totals: Totals, catalogue: Catalogue, ids: Ids
) -> None:
    """``shopify.order_line``, ``tax_line`` and the discount tables."""
    shop = heads.shop[lines.order]
    starts = group_starts(lines.order, heads.count)
    writer.write("shopify", "order_line", {
        "_source_relation": ids.shops(shop),
        "id": a.integer(ids.rows("line", lines.count)),
        "order_id": a.integer(ids.of("order", lines.order)),
        "index": a.integer(np.arange(lines.count) - starts[lines.order]),
        "product_id": a.integer(
            np.stack([catalogue.product_id(0), catalogue.product_id(1)])[shop, lines.sku]),
        "variant_id": a.integer(
            np.stack([catalogue.variant_id(0), catalogue.variant_id(1)])[shop, lines.sku]),
        "sku": a.pick(catalogue.sku, lines.sku),
        "title": a.pick(catalogue.title, lines.sku),
        "quantity": a.integer(lines.quantity),
        "price": a.money(lines.price),
        "total_discount": a.money(lines.offer),
        "grams": a.integer(catalogue.grams[lines.sku]),
        "gift_card": a.flag(lines.is_gift_card),
        "requires_shipping": a.flag(~lines.is_gift_card),
        "taxable": a.flag(~lines.is_gift_card),
    })
    _write_taxes(writer, heads, lines, ids)
    _write_discounts(writer, heads, lines, totals, ids)


def _write_taxes(writer: BrandWriter, heads: Heads, lines: Lines, ids: Ids) -> None:
    first = np.flatnonzero(lines.tax > 0)
    second = np.flatnonzero(lines.local_tax > 0)
    line = np.concatenate([first, second])
    index = np.repeat([1, 2], [len(first), len(second)])
    rate = np.where(index == 1, (lines.rate - lines.local_rate)[line], lines.local_rate[line])
    amount = np.where(index == 1, lines.tax[line], lines.local_tax[line])
    order = np.lexsort((index, line))
    line, index, rate, amount = line[order], index[order], rate[order], amount[order]
    shop = heads.shop[lines.order[line]]
    writer.write("shopify", "tax_line", {
        "_source_relation": ids.shops(shop),
        "order_line_id": a.integer(ids.of("line", line)),
        "index": a.integer(index),
        "title": a.pick(["State Tax", "Local Tax", "VAT"], np.where(shop == 1, 2, index - 1)),
        "rate": a.ratio(rate * 10_000),
        "price": a.money(amount),
    })


def _write_discounts(
    writer: BrandWriter, heads: Heads, lines: Lines, totals: Totals, ids: Ids
) -> None:
    """Applications in the order line offer, code, second code, shipping; parts point at them."""
    flags = np.stack([
        totals.has_offer, totals.code >= 0, totals.has_thanks, totals.has_free_shipping
    ], axis=1)
    index = np.cumsum(flags * 1, axis=1) - 1
    order, kind = np.nonzero(flags)
    code = np.select([kind == 0, kind == 1, kind == 2],
                     [LINE_OFFER, totals.code[order], THANK_YOU], FREE_SHIPPING)
    fixed = kind == 2
    value = np.where(fixed, 500, np.array(CODE_PERCENT)[code] * 100)
    writer.write("shopify", "discount_application", {
        "_source_relation": ids.shops(heads.shop[order]),
        "order_id": a.integer(ids.of("order", order)),
        "index": a.integer(index[order, kind]),
        "type": a.pick(["automatic", "discount_code"], np.minimum(kind, 1)),
        "code": a.pick(CODES, np.where(kind == 0, -1, code)),
        "title": a.pick(CODES, code),
        "target_type": a.pick(["line_item", "shipping_line"], (kind == 3) * 1),
        "target_selection": a.pick(["explicit", "all"], np.minimum(kind, 1)),
        "allocation_method": a.pick(["one", "across"], np.minimum(kind, 1)),
        "value_type": a.pick(["percentage", "fixed_amount"], fixed * 1),
        "value": a.money(value),
    })
    parts = np.stack([lines.offer, lines.code, lines.thanks], axis=1)
    line, kind = np.nonzero(parts)
    of = lines.order[line]
    place = np.arange(len(line)) - np.searchsorted(line, line)
    writer.write("shopify", "discount_allocation", {
        "_source_relation": ids.shops(heads.shop[of]),
        "order_line_id": a.integer(ids.of("line", line)),
        "index": a.integer(place),
        "discount_application_index": a.integer(index[of, kind]),
        "amount": a.money(parts[line, kind]),
    })
    _write_codes(writer, heads, lines, totals, flags, ids)


def _write_codes(
    writer: BrandWriter, heads: Heads, lines: Lines, totals: Totals, flags: Bools, ids: Ids
) -> None:
    amounts = np.stack([
        group_sum(lines.code, lines.order, heads.count),
        group_sum(lines.thanks, lines.order, heads.count),
        totals.shipping - totals.shipping_paid,
    ], axis=1)
    order, kind = np.nonzero(flags[:, 1:])
    index = np.cumsum(flags[:, 1:] * 1, axis=1)
    code = np.select([kind == 0, kind == 1], [totals.code[order], THANK_YOU], FREE_SHIPPING)
    writer.write("shopify", "order_discount_code", {
        "_source_relation": ids.shops(heads.shop[order]),
        "order_id": a.integer(ids.of("order", order)),
        "index": a.integer(index[order, kind]),
        "code": a.pick(CODES, code),
        "type": a.pick(["percentage", "fixed_amount", "shipping"], kind),
        "amount": a.money(amounts[order, kind]),
    })
