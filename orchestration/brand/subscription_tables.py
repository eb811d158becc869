"""Recharge's raw tables, and the true subscriptions beside them.

What lives here: columns of ``recharge.*``, ``truth.subscriptions``, ``truth.subscription_charges``.
What never does: who subscribed and how it ended (``subscriptions.py``).

One charge makes one order and bills all that it holds: each subscribed line as SUBSCRIPTION, the
rest as ONETIME, shipping besides; its total is the order's. A charge without an order bills its one
subscription, at the price tag.

``truth.subscription_charges``: one row per charge and subscription that it bills. Its amount is
what the customer paid, or would pay, for the subscribed line: after discounts, with tax. In dollars
at the rate of the shop date of payment; without payment, of the day it was due, and what is due
after the last rate takes the last rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand import arrays as a
from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.catalogue import CURRENCIES, SHOPS, Catalogue, Rates
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.ids import Ids
from orchestration.brand.ledger import converted, group_starts, group_sum
from orchestration.brand.order_lines import Lines, Totals
from orchestration.brand.orders import Heads
from orchestration.brand.persons import Persons
from orchestration.brand.subscriptions import FAILED, QUEUED, REASONS, SKIPPED, Subscriptions
from orchestration.brand.window import DAY, Window, shop_day
from orchestration.brand.writer import TRUTH, BrandWriter

STATES = ("ACTIVE", "CANCELLED", "EXPIRED")
STATUSES = ("SKIPPED", "ERROR", "QUEUED", "SUCCESS", "PARTIALLY_REFUNDED", "REFUNDED")
_PAID, _PART_BACK, _ALL_BACK = 3, 4, 5
_RETRIED, _DAYS_A_RETRY = 0.08, 2
_OWNERS_APART = 2_000_000_000  # Recharge's customer beside the shop's account


@dataclass(frozen=True)
class _Charges:
    """One row per charge: those that made an order, by order, then those that did not."""

    order: Ints  # -1 none
    subscription: Ints  # of those without an order, else the first that it bills
    shop: Ints
    status: Ints
    total: Ints
    refunded: Ints
    attempts: Ints
    is_checkout: Bools
    due: Ints
    created_at: Ints
    paid_at: Ints  # NEVER
    tried_at: Ints
    retry_at: Ints

    @property
    def count(self) -> int:
        return len(self.order)

    @property
    def paid(self) -> int:
        return int((self.order >= 0).sum())


def write_subscriptions(
    writer: BrandWriter, persons: Persons, heads: Heads, lines: Lines, totals: Totals,
    refunded: Ints, subscriptions: Subscriptions, catalogue: Catalogue, rates: Rates, ids: Ids,
    window: Window, rng: np.random.Generator,
) -> None:
    """``recharge.*`` and both truth tables. ``refunded``: money given back per order, cents."""
    charges = _make_charges(heads, totals, refunded, subscriptions, rng)
    account = ids.account(persons, subscriptions.person, subscriptions.account)
    owner = account + _OWNERS_APART
    _write_owners(writer, subscriptions, owner, account, ids)
    _write_subscriptions(writer, subscriptions, owner, catalogue, ids, window)
    _write_charges(writer, charges, owner, ids)
    _write_lines(writer, heads, lines, subscriptions, charges, catalogue, ids)
    _write_truth(writer, persons, heads, lines, subscriptions, charges, catalogue, rates, ids)


def _make_charges(
    heads: Heads, totals: Totals, refunded: Ints, subscriptions: Subscriptions,
    rng: np.random.Generator,
) -> _Charges:
    cycles, unpaid = subscriptions.cycles, subscriptions.unpaid
    order, first = np.unique(cycles.order, return_index=True)
    begun = np.zeros(heads.count, bool)
    begun[cycles.order[cycles.number == 1]] = True
    repeated = np.zeros(heads.count, bool)
    repeated[cycles.order[cycles.number > 1]] = True
    # A first cycle is paid at the checkout, where nobody tries a card again days later.
    is_retried = ~begun[order] & (rng.random(len(order)) < _RETRIED)
    attempts = np.where(is_retried, rng.integers(2, 4, len(order)), 1)
    at = heads.at[order]
    due = (at // DAY - (attempts - 1) * _DAYS_A_RETRY) * DAY
    whole = (refunded[order] >= totals.total[order]) & (refunded[order] > 0)
    status = np.select([whole, refunded[order] > 0], [_ALL_BACK, _PART_BACK], _PAID)
    count = len(unpaid.due)
    price = subscriptions.price * subscriptions.quantity
    never, none = np.full(count, NEVER), np.zeros(count, np.int64)
    is_checkout = begun[order] & ~repeated[order]
    return _Charges(
        order=np.append(order, none - 1),
        subscription=np.append(cycles.subscription[first], unpaid.subscription),
        shop=np.append(heads.shop[order], subscriptions.shop[unpaid.subscription]),
        status=np.append(status, unpaid.kind),
        total=np.append(totals.total[order], price[unpaid.subscription]),
        refunded=np.append(refunded[order], none),
        attempts=np.append(attempts, unpaid.attempts),
        is_checkout=np.append(is_checkout, none > 0),
        due=np.append(due, unpaid.due),
        created_at=np.append(np.where(begun[order], at, due), unpaid.created_at),
        paid_at=np.append(at, never),
        tried_at=np.append(at, unpaid.tried_at),
        retry_at=np.append(np.full(len(order), NEVER), unpaid.retry_at),
    )


def _write_owners(
    writer: BrandWriter, subscriptions: Subscriptions, owner: Ints, account: Ints, ids: Ids
) -> None:
    distinct, first = np.unique(owner, return_index=True)
    since = np.full(len(distinct), NEVER)
    np.minimum.at(since, np.searchsorted(distinct, owner), subscriptions.started_at)
    writer.write("recharge", "customer", {
        "_source_relation": ids.shops(subscriptions.shop[first]),
        "id": a.integer(distinct),
        "external_customer_id_ecommerce": a.integer(account[first]),
        "created_at": a.time(since),
        "updated_at": a.time(since),
        "_fivetran_deleted": a.flag(np.zeros(len(distinct), bool)),
    })


def _time(seconds: Ints) -> a.Column:
    return a.time(np.where(seconds < NEVER, seconds, 0), seconds >= NEVER)


def _variants(catalogue: Catalogue, shop: Ints, sku: Ints) -> Ints:
    return np.stack([catalogue.variant_id(each) for each in range(len(SHOPS))])[shop, sku]


def _write_subscriptions(
    writer: BrandWriter, subscriptions: Subscriptions, owner: Ints, catalogue: Catalogue, ids: Ids,
    window: Window,
) -> None:
    count = subscriptions.count
    months = subscriptions.interval_days // 30
    writer.write("recharge", "subscription", {
        "_source_relation": ids.shops(subscriptions.shop),
        "id": a.integer(ids.rows("subscription", count)),
        "customer_id": a.integer(owner),
        "status": a.pick(STATES, subscriptions.state),
        "cancellation_reason": a.pick(REASONS, subscriptions.reason),
        "product_title": a.take(catalogue.title, subscriptions.sku),
        "sku": a.take(catalogue.sku, subscriptions.sku),
        "external_variant_id_ecommerce": a.integer(
            _variants(catalogue, subscriptions.shop, subscriptions.sku)),
        "price": a.money(subscriptions.price),
        "quantity": a.integer(subscriptions.quantity),
        "order_interval_unit": a.pick(["day", "month"], months % 2),
        "order_interval_frequency": a.integer(
            np.where(months % 2, months, subscriptions.interval_days)),
        "expire_after_specific_number_of_charges": a.integer(
            subscriptions.charge_limit, subscriptions.charge_limit == 0),
        "next_charge_scheduled_at": _time(subscriptions.next_at),
        "created_at": a.time(subscriptions.started_at),
        "updated_at": a.time(np.minimum(subscriptions.changed_at, window.end)),
        "cancelled_at": _time(subscriptions.cancelled_at),
        "_fivetran_deleted": a.flag(np.zeros(count, bool)),
    })


def _write_charges(writer: BrandWriter, charges: _Charges, owner: Ints, ids: Ids) -> None:
    changed = np.where(charges.tried_at < NEVER, charges.tried_at, charges.created_at)
    made = charges.order >= 0
    failed = charges.status == FAILED
    writer.write("recharge", "charge", {
        "_source_relation": ids.shops(charges.shop),
        "id": a.integer(ids.rows("charge", charges.count)),
        "customer_id": a.integer(owner[charges.subscription]),
        "external_order_id_ecommerce": a.integer(
            ids.of("order", np.maximum(charges.order, 0)), ~made),
        "type": a.pick(["RECURRING", "CHECKOUT"], charges.is_checkout * 1),
        "status": a.pick(STATUSES, charges.status),
        "error_type": a.pick(["CUSTOMER_NEEDS_TO_UPDATE_CARD"], np.where(failed, 0, -1)),
        "charge_attempts": a.integer(charges.attempts),
        "orders_count": a.integer(made * 1),
        "total_price": a.money(charges.total),
        "total_refunds": a.money(charges.refunded),
        "scheduled_at": a.time(charges.due),
        "processed_at": _time(charges.paid_at),
        "last_charge_attempt_date": _time(charges.tried_at),
        "retry_date": _time(charges.retry_at),
        "created_at": a.time(charges.created_at),
        "updated_at": a.time(changed),
        "_fivetran_deleted": a.flag(np.zeros(charges.count, bool)),
    })


def _line_totals(heads: Heads, lines: Lines, line: Ints) -> Ints:
    """What the customer pays for a line: after discounts, with tax."""
    added = np.where(heads.shop[lines.order] == 1, 0, lines.tax + lines.local_tax)
    return np.asarray((lines.gross - lines.discount + added)[line])


def _write_lines(
    writer: BrandWriter, heads: Heads, lines: Lines, subscriptions: Subscriptions,
    charges: _Charges, catalogue: Catalogue, ids: Ids,
) -> None:
    cycles = subscriptions.cycles
    order = charges.order[: charges.paid]
    starts, size = group_starts(lines.order, heads.count), np.bincount(
        lines.order, minlength=heads.count)
    of = np.repeat(np.arange(len(order)), size[order])
    place = np.arange(len(of)) - np.repeat(np.cumsum(size[order]) - size[order], size[order])
    line = starts[order][of] + place
    subscription = np.full(lines.count, -1)
    subscription[cycles.line] = cycles.subscription
    billed = np.append(subscription[line], charges.subscription[charges.paid:])
    alone = np.arange(charges.paid, charges.count)
    row = charges.subscription[alone]
    quantity = np.append(lines.quantity[line], subscriptions.quantity[row])
    price = np.append(lines.price[line], subscriptions.price[row])
    sku, shop = np.append(lines.sku[line], subscriptions.sku[row]), charges.shop[
        np.append(of, alone)]
    tax = np.append((lines.tax + lines.local_tax)[line], row * 0)
    total = np.append(_line_totals(heads, lines, line), (price * quantity)[len(line):])
    once = np.append(ids.of("line", line), row * 0)
    writer.write("recharge", "charge_line_item", {
        "_source_relation": ids.shops(shop),
        "charge_id": a.integer(ids.of("charge", np.append(of, alone))),
        "index": a.integer(np.append(place, row * 0)),
        "purchase_item_id": a.integer(
            np.where(billed >= 0, ids.of("subscription", np.maximum(billed, 0)), once)),
        "purchase_item_type": a.pick(["ONETIME", "SUBSCRIPTION"], (billed >= 0) * 1),
        "title": a.take(catalogue.title, sku),
        "sku": a.take(catalogue.sku, sku),
        "external_variant_id_ecommerce": a.integer(_variants(catalogue, shop, sku)),
        "quantity": a.integer(quantity),
        "unit_price": a.money(price),
        "tax_due": a.money(tax),
        "total_price": a.money(total),
    })


def _write_truth(
    writer: BrandWriter, persons: Persons, heads: Heads, lines: Lines,
    subscriptions: Subscriptions, charges: _Charges, catalogue: Catalogue, rates: Rates, ids: Ids,
) -> None:
    cycles, unpaid, count = subscriptions.cycles, subscriptions.unpaid, subscriptions.count
    price = subscriptions.price * subscriptions.quantity
    made = np.searchsorted(charges.order[: charges.paid], cycles.order)
    alone = np.arange(charges.paid, charges.count)
    charge, of = np.append(made, alone), np.append(cycles.subscription, unpaid.subscription)
    amount = np.append(_line_totals(heads, lines, cycles.line), price[unpaid.subscription])
    day = np.append(shop_day(heads.at[cycles.order]), unpaid.due // DAY)
    reported = converted(amount, rates.to_reporting(charges.shop[charge], day))
    number = np.append(cycles.number, alone * 0)
    paid = number > 0
    relation = ids.shops(subscriptions.shop)
    writer.write(TRUTH, "subscription_charges", {
        "source_relation": ids.shops(charges.shop[charge]),
        "charge_id": a.integer(ids.of("charge", charge)),
        "subscription_id": a.integer(ids.of("subscription", of)),
        "shopify_order_id": a.integer(
            ids.of("order", np.maximum(charges.order[charge], 0)), ~paid),
        "status": a.pick(STATUSES, charges.status[charge]),
        "cycle_number": a.integer(number, ~paid),
        "amount_minor": a.integer(amount),
        "reporting_amount_minor": a.integer(reported),
    })
    tag = rates.to_reporting(subscriptions.shop, shop_day(subscriptions.started_at))
    writer.write(TRUTH, "subscriptions", {
        "source_relation": relation,
        "subscription_id": a.integer(ids.rows("subscription", count)),
        "person_id": a.integer(persons.number[subscriptions.person]),
        "sku": a.take(catalogue.sku, subscriptions.sku),
        "state": a.pick(STATES, subscriptions.state),
        "cancellation_reason": a.pick(REASONS, subscriptions.reason),
        "currency": a.pick(CURRENCIES, subscriptions.shop),
        "paid_cycle_count": a.integer(np.bincount(cycles.subscription, minlength=count)),
        "skipped_charge_count": a.integer(_kinds(subscriptions, SKIPPED)),
        "failed_charge_count": a.integer(_kinds(subscriptions, FAILED)),
        "queued_charge_count": a.integer(_kinds(subscriptions, QUEUED)),
        "price_minor": a.integer(subscriptions.price),
        "reporting_price_minor": a.integer(converted(subscriptions.price, tag)),
        "paid_amount_minor": a.integer(group_sum(np.where(paid, amount, 0), of, count)),
        "reporting_paid_amount_minor": a.integer(
            group_sum(np.where(paid, reported, 0), of, count)),
        "started_at": a.time(subscriptions.started_at),
        "cancelled_at": _time(subscriptions.cancelled_at),
    })


def _kinds(subscriptions: Subscriptions, kind: int) -> Ints:
    unpaid = subscriptions.unpaid
    return np.bincount(unpaid.subscription[unpaid.kind == kind], minlength=subscriptions.count)
