"""The raw tables of what follows an order: refunds, payments, parcels, settlements, carts.

What lives here: columns of those tables.
What never does: decisions.
"""

from __future__ import annotations

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Ints
from orchestration.brand.catalogue import CURRENCIES, Catalogue
from orchestration.brand.fulfilment import (
    BOGUS,
    CHARGEBACK,
    GATEWAYS,
    KINDS,
    OUTBOUND,
    Parcels,
    Settlements,
    Transactions,
)
from orchestration.brand.ids import Ids
from orchestration.brand.orders import Heads
from orchestration.brand.persons import Persons
from orchestration.brand.phones import raw_phones
from orchestration.brand.refunds import ADJUSTMENT_KINDS, NOTES, RESTOCK_TYPES, Refunds
from orchestration.brand.visits import Sessions, checkout_rows
from orchestration.brand.writer import BrandWriter

_CARRIERS = ("UPS", "USPS", "DHL", "DPD")


def write_refunds(writer: BrandWriter, heads: Heads, refunds: Refunds, ids: Ids) -> None:
    """``shopify.refund``, ``order_line_refund`` and ``order_adjustment``."""
    restocks = np.zeros(refunds.count, bool)
    restocks[refunds.line_refund[refunds.restock != 1]] = True
    writer.write("shopify", "refund", {
        "_source_relation": ids.shops(heads.shop[refunds.order]),
        "id": a.integer(ids.rows("refund", refunds.count)),
        "order_id": a.integer(ids.of("order", refunds.order)),
        "created_at": a.time(refunds.at),
        "processed_at": a.time(refunds.at),
        "note": a.pick(NOTES, refunds.reason),
        "restock": a.flag(restocks),
    })
    of = refunds.order[refunds.line_refund]
    writer.write("shopify", "order_line_refund", {
        "_source_relation": ids.shops(heads.shop[of]),
        "id": a.integer(ids.rows("refund_line", len(of))),
        "refund_id": a.integer(ids.of("refund", refunds.line_refund)),
        "order_line_id": a.integer(ids.of("line", refunds.line)),
        "quantity": a.integer(refunds.quantity),
        "subtotal": a.money(refunds.subtotal),
        "total_tax": a.money(refunds.tax),
        "restock_type": a.pick(RESTOCK_TYPES, refunds.restock),
    })
    of = refunds.order[refunds.adjustment_refund]
    writer.write("shopify", "order_adjustment", {
        "_source_relation": ids.shops(heads.shop[of]),
        "id": a.integer(ids.rows("adjustment", len(of))),
        "order_id": a.integer(ids.of("order", of)),
        "refund_id": a.integer(ids.of("refund", refunds.adjustment_refund)),
        "amount": a.money(refunds.adjustment),
        "tax_amount": a.money(refunds.adjustment_tax),
        "kind": a.pick(ADJUSTMENT_KINDS, refunds.adjustment_kind),
        "reason": a.pick(["Shipping refund", "Refund discrepancy"], refunds.adjustment_kind),
    })


def join_transactions(sales: Transactions, *others: Transactions) -> Transactions:
    """One list; parents of the others are rows of the sales, which stay first."""
    parts = (sales, *others)
    names = ("order", "kind", "is_success", "gateway", "amount", "at", "refund", "parent", "fee")
    return Transactions(*(
        np.concatenate([getattr(part, name) for part in parts]) for name in names
    ))


def write_transactions(
    writer: BrandWriter, heads: Heads, transactions: Transactions, ids: Ids
) -> None:
    """``shopify.transaction`` and ``costs.transaction_fee``."""
    count = len(transactions.order)
    shop = heads.shop[transactions.order]
    relation, at = ids.shops(shop), a.time(transactions.at)
    writer.write("shopify", "transaction", {
        "_source_relation": relation,
        "id": a.integer(ids.rows("transaction", count)),
        "order_id": a.integer(ids.of("order", transactions.order)),
        "refund_id": a.integer(ids.of("refund", transactions.refund), transactions.refund < 0),
        "parent_id": a.integer(ids.of("transaction", transactions.parent), transactions.parent < 0),
        "kind": a.pick(KINDS, transactions.kind),
        "status": a.pick(["failure", "success"], transactions.is_success * 1),
        "gateway": a.pick(GATEWAYS, transactions.gateway),
        "amount": a.money(transactions.amount),
        "currency": a.pick(CURRENCIES, shop),
        "created_at": at, "processed_at": at,
        "test": a.flag(transactions.gateway == BOGUS),
    })
    rows = np.flatnonzero(transactions.fee >= 0)
    is_dispute = transactions.kind[rows] == CHARGEBACK
    number = ids.of("transaction", rows)
    writer.write("costs", "transaction_fee", {
        "_source_relation": ids.shops(shop[rows]),
        "fee_id": a.join("fee_", a.text(number)),
        "transaction_id": a.integer(number),
        "order_id": a.integer(ids.of("order", transactions.order[rows])),
        "kind": a.pick(["sale", "chargeback"], is_dispute * 1),
        "amount": a.money(transactions.fee[rows]),
        "currency": a.pick(CURRENCIES, shop[rows]),
        "charged_at": a.time(transactions.at[rows]),
    })


def join_parcels(sent: Parcels, back: Parcels) -> Parcels:
    """Outbound parcels, then return parcels."""
    names = ("order", "refund", "kind", "units", "weight", "label", "at")
    return Parcels(*(
        np.concatenate([getattr(sent, name), getattr(back, name)]) for name in names
    ))


def write_parcels(writer: BrandWriter, heads: Heads, parcels: Parcels, ids: Ids) -> None:
    """``shopify.fulfillment`` and ``costs.shipment``."""
    shop = heads.shop[parcels.order]
    carrier = shop * 2 + parcels.order % 2
    out = np.flatnonzero(parcels.kind == OUTBOUND)
    writer.write("shopify", "fulfillment", {
        "_source_relation": ids.shops(shop[out]),
        "id": a.integer(ids.rows("fulfillment", len(out))),
        "order_id": a.integer(ids.of("order", parcels.order[out])),
        "status": a.const("success", len(out)),
        "tracking_company": a.pick(_CARRIERS, carrier[out]),
        "created_at": a.time(parcels.at[out]),
    })
    billed = parcels.label >= 0
    writer.write("costs", "shipment", {
        "_source_relation": ids.shops(shop),
        "shipment_id": a.join("shp_", a.text(ids.rows("parcel", len(parcels.order)))),
        "order_id": a.integer(ids.of("order", parcels.order)),
        "refund_id": a.integer(ids.of("refund", parcels.refund), parcels.refund < 0),
        "kind": a.pick(["outbound", "return"], parcels.kind),
        "carrier": a.pick(_CARRIERS, carrier),
        "weight_grams": a.integer(parcels.weight),
        "unit_count": a.integer(parcels.units),
        "label_cost": a.money(parcels.label, ~billed),
        "currency": a.pick(CURRENCIES, shop),
        "is_estimated": a.flag(~billed),
        "shipped_at": a.time(parcels.at),
    })


def write_settlements(
    writer: BrandWriter, persons: Persons, heads: Heads, settled: Settlements, refund_fee: Ints,
    ids: Ids,
) -> None:
    """``tiktok_shop.order_settlement``; ``refund_fee`` -1 where the statement has none."""
    order_id = ids.of("order", settled.order)
    shop = heads.shop[settled.order]
    writer.write("tiktok_shop", "order_settlement", {
        "_source_relation": ids.shops(shop),
        "tiktok_order_id": a.join("5764", a.text(order_id)),
        "shopify_order_id": a.integer(order_id),
        "buyer_id": a.join("ttb", a.hexes(persons.number[heads.person[settled.order]], 71, 16)),
        "currency": a.pick(CURRENCIES, shop),
        "customer_payment": a.money(settled.payment),
        "platform_discount": a.money(settled.platform_discount),
        "tax": a.money(settled.tax),
        "referral_fee": a.money(settled.fee, settled.fee < 0),
        "refund_admin_fee": a.money(refund_fee, refund_fee < 0),
        "settled_at": a.time(settled.at),
    })


def write_checkouts(
    writer: BrandWriter, persons: Persons, sessions: Sessions, catalogue: Catalogue, ids: Ids,
    rng: np.random.Generator,
) -> None:
    """``shopify.abandoned_checkout``: checkouts of visits that bought nothing."""
    rows, at = checkout_rows(sessions)
    person, shop = sessions.person[rows], sessions.shop[rows]
    token = ids.of("session", rows)
    price = catalogue.price[shop, sessions.sku[rows]]
    account = ids.account(persons, person, sessions.account[rows], shop)
    named = rng.random(len(rows)) < 0.8
    known = named & (account > 0)
    writer.write("shopify", "abandoned_checkout", {
        "_source_relation": ids.shops(shop),
        "id": a.integer(ids.rows("checkout", len(rows))),
        "token": a.hexes(token, 22, 32),
        "cart_token": a.hexes(token, 21, 32),
        "customer_id": a.integer(account, ~known),
        "email": a.where(named, a.take(persons.mails, person)),
        "phone": raw_phones(persons, person, np.where(named, persons.phone_style[person], -1)),
        "shipping_address_country_code": persons.country_codes(person),
        "subtotal_price": a.money(price),
        "total_price": a.money(price),
        "currency": a.pick(CURRENCIES, shop),
        "created_at": a.time(at),
        "updated_at": a.time(at),
        "completed_at": a.none(len(rows), "time"),
        "_fivetran_deleted": a.flag(np.zeros(len(rows), bool)),
    })
