"""Every cost rule of the brand, in integer arithmetic, as words and as functions.

What lives here: the rules that turn what the raw tables say into contribution margin per order
line. What never does: files, random draws, floating point, SQL.

All amounts are integer minor units (cents) of the shop's currency. ``round_div`` rounds half to
even. A signed entry is its contribution to margin: revenue positive, cost negative. An entry has an
event date (shop date, New York, of the moment named) and a cohort date (shop date of the order's
``processed_at``). Entries of 0 are left out.

Rules, in the words of the raw tables:

 1. Net merchandise sales of a line before refunds = price x quantity - all its
    ``discount_allocation`` amounts - (where the order's ``taxes_included``: its ``tax_line``
    amounts). Discount without tax = allocations, where taxes are included divided by (1 + sum of
    the line's tax rates). Gross = net + discount. Date: order. A gift card line (``gift_card``)
    has gross, discount, net and cost of goods 0: selling one is a liability.
 2. Cost of goods of a line = quantity x unit cost, the newest ``unit_cost_history`` row of the
    shop and SKU with ``valid_from`` <= the order's ``processed_at``. No such row: fallback =
    quantity x round(ratio x line price), ratio in millionths = median over the SKUs of the product
    type, in that shop, of round(first recorded cost / variant price) (even count: half the sum of
    the two middle ones, rounded); both prices as tagged, tax included or not. A type without any
    recorded cost: missing, no entry. Date: order.
 3. Refund of a line = subtotal - (taxes included: total_tax). Refund without a line
    (``order_adjustment`` kind ``refund_discrepancy``; amounts are negative) = -(amount -
    (taxes included: tax_amount)), allocated to lines by net merchandise sales before refunds.
    Date: refund's ``processed_at``. Gift card lines: no entry.
 4. Cost of goods comes back, quantity x the line's original unit cost, where ``restock_type`` is
    ``return`` or ``cancel``; ``no_restock`` brings nothing back. Date: refund.
 5. Shipping charged = sum of ``discounted_price`` - (taxes included: order ``total_tax`` - sum of
    the lines' taxes), allocated by net merchandise sales before refunds. Date: order.
    ``shipping_refund`` adjustments as in 3, allocated the same way, as shipping refunded.
 6. Carrier label, for each outbound ``costs.shipment``: label_cost, else the rate card; allocated
    by grams x quantity of the lines that require shipping. Pick and pack: first unit + further
    units of the parcel; packaging: per parcel; both allocated by quantity of those lines.
    Date: shipped_at. Re-ships and split shipments are parcels like any other.
 7. Payment fee, for each successful ``sale`` or ``capture`` transaction: ``transaction_fee`` of
    kind ``sale``, else, for gateways shopify_payments and paypal, round(rate x amount) + fixed on
    the whole amount (tax and shipping included). The gift card part is another transaction and
    has none; cash, marketplace and store credit have none. Never returned. Allocated by net
    merchandise sales before refunds. Date: transaction's processed_at.
 8. Marketplace fee: settlement's referral_fee, else round(6 % x (customer_payment +
    platform_discount - tax)). Allocated by net merchandise sales. Date: settled_at. Never
    returned. Where merchandise was refunded (the brand's marketplace refunds are of the whole
    order, or goodwill, which counts as whole): refund_admin_fee, else round(20 % x the fee), at
    most 5.00 a refunded line (at least one). Date: the first such refund.
 9. Return label, for each shipment of kind ``return``: label_cost (0 where the customer paid),
    else the rate card; return handling: per refund with a line of restock type ``return`` or
    ``no_restock``. Both allocated to the refund's lines by grams x refunded quantity.
    Date: refund.
10. Chargeback: transaction of kind ``chargeback`` costs its whole amount; ``chargeback_reversal``
    (dispute won) brings it back; ``transaction_fee`` of kind ``chargeback``, else the rate card.
    Cost of goods is not restored. Allocated by net merchandise sales. Date: transaction.
11. Cancelled before shipping: its refund lines (restock_type ``cancel``), shipping refund and
    missing parcels leave only the payment fee.
12. Allocation: shares rounded down to cents, then one cent each to the largest remainders; ties:
    lowest line id. Where all weights are 0: by quantity of all the order's lines.
13. CM1 = gross - discount - refunds - cost of goods + cost of goods returned. CM2 = sum of all.
14. Reporting amount: the amount before allocation x the exchange rate of its event date, rounded to
    cents, then allocated by the same weights. Cost of goods that come back: the order date's rate.
    Refunds: the order date's rate, and as ``exchange_difference`` (CM2, no shop amount) what the
    refund date's rate makes of them beyond that.
"""

from __future__ import annotations

import numpy as np

from orchestration.brand.arrays import Bools, Ints
from orchestration.brand.rates import (
    MARKETPLACE_FEE_MILLIONTHS,
    PAYMENT_FEE_FIXED,
    PAYMENT_FEE_MILLIONTHS,
    PICK_PACK_FIRST_UNIT,
    PICK_PACK_FURTHER_UNIT,
    REFUND_ADMIN_FEE_CAP,
    REFUND_ADMIN_FEE_MILLIONTHS,
)

MILLION = 1_000_000


def round_div(numerator: Ints, divisor: Ints | int) -> Ints:
    """Quotient rounded half to even; the divisor is positive."""
    whole = numerator // divisor
    twice = 2 * (numerator - whole * divisor)
    up = (twice > divisor) | ((twice == divisor) & (whole % 2 != 0))
    return np.asarray(whole + up)


def group_starts(group: Ints, group_count: int) -> Ints:
    """First place of each group in a sorted group column; empty groups start at the next."""
    return np.asarray(np.searchsorted(group, np.arange(group_count)))


def group_sum(values: Ints, group: Ints, group_count: int) -> Ints:
    """Exact integer sum per group of a column in any order."""
    sums = np.zeros(group_count, np.int64)
    np.add.at(sums, group, values)
    return sums


def allocate(total: Ints, weight: Ints, group: Ints, fallback: Ints) -> Ints:
    """Split each group's total over its rows by largest remainder.

    Args:
        total: minor units per group, any sign.
        weight: non-negative weight per row; rows are sorted by group, then by line id.
        group: group of each row, sorted ascending.
        fallback: weights where a group's weights are all 0.

    Returns:
        Minor units per row; each group's rows sum to its total.
    """
    count = len(total)
    none = group_sum(weight, group, count) == 0
    used = np.where(none[group], fallback, weight)
    sums = group_sum(used, group, count)
    lone = sums == 0  # nothing to weigh by: the first row takes all
    starts = group_starts(group, count)
    place = np.arange(len(group)) - starts[group]
    used = np.where(lone[group] & (place == 0), 1, used)
    sums = np.maximum(sums, 1)
    product = np.abs(total)[group] * used
    share = product // sums[group]
    remainder = product - share * sums[group]
    missing = np.abs(total) - group_sum(share, group, count)
    order = np.lexsort((place, -remainder, group))
    rank = np.empty(len(group), np.int64)
    rank[order] = place
    share += rank < missing[group]
    return np.asarray(share * np.sign(total)[group])


def without_tax(amount: Ints, rate: Ints, is_included: Bools) -> Ints:
    """Amount without the tax it contains; ``rate`` in 1/10,000."""
    return np.where(is_included, round_div(amount * 10_000, 10_000 + rate), amount)


def payment_fee(amount: Ints, shop: Ints) -> Ints:
    """Rate card fee of a captured card payment."""
    rate = np.array(PAYMENT_FEE_MILLIONTHS)[shop]
    return np.asarray(round_div(amount * rate, MILLION) + np.array(PAYMENT_FEE_FIXED)[shop])


def pick_pack_cost(units: Ints) -> Ints:
    """Cost to pick and pack a parcel of that many units."""
    further = np.maximum(units - 1, 0)
    cost = PICK_PACK_FIRST_UNIT + PICK_PACK_FURTHER_UNIT * further
    return np.where(units > 0, cost, 0)


def marketplace_fee(customer_payment: Ints, platform_discount: Ints, tax: Ints) -> Ints:
    """What the marketplace keeps of an order."""
    base = customer_payment + platform_discount - tax
    return round_div(base * MARKETPLACE_FEE_MILLIONTHS, MILLION)


def refund_admin_fee(fee: Ints, refunded_lines: Ints) -> Ints:
    """What the marketplace keeps for a refund, of its own fee; the cap holds per refunded line."""
    cap = REFUND_ADMIN_FEE_CAP * np.maximum(refunded_lines, 1)
    return np.asarray(np.minimum(round_div(fee * REFUND_ADMIN_FEE_MILLIONTHS, MILLION), cap))


def converted(amount: Ints, rate_hundred_millionths: Ints) -> Ints:
    """Amount in the reporting currency, in cents."""
    return round_div(amount * rate_hundred_millionths, 100_000_000)
