"""A second opinion on margin: the rules in Decimal, order by order, from the raw files alone.

What lives here: the cost rules of a shop as a bookkeeper would apply them to the raw tables.
What never does: SQL, or anything of the package under test: neither the models nor the simulated
brand, whose own ledger (in whole cents, over arrays) it judges as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

Row = dict[str, Any]
Key = tuple[int, int, str, date]
CENT = Decimal("0.01")
FEE = {
    "aurora-us": (Decimal("0.029"), Decimal("0.30")),
    "aurora-eu": (Decimal("0.019"), Decimal("0.25")),
}
LABEL = {"aurora-us": Decimal("7.80"), "aurora-eu": Decimal("5.90")}


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def whole(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1), ROUND_HALF_EVEN)


def shop_date(moment: datetime) -> date:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo("America/New_York")).date()


def total(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))


def split(amount: Decimal, weights: Sequence[int], fallback: Sequence[int]) -> list[Decimal]:
    """Largest remainder in cents; the earlier line wins ties."""
    used = weights if sum(weights) else fallback
    if not sum(used):
        used = [1] + [0] * (len(weights) - 1)
    units, weighed = int(abs(amount) * 100), sum(used)
    shares = [units * weight // weighed for weight in used]
    left = units - sum(shares)
    ranked = sorted(range(len(used)), key=lambda place: (-(units * used[place] % weighed), place))
    for place in ranked[:left]:
        shares[place] += 1
    sign = -1 if amount < 0 else 1
    return [sign * Decimal(share) / 100 for share in shares]


class HandLedger:
    """Entries by (order, line, cost type, event date), in shop and in reporting currency."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.shop: dict[Key, Decimal] = defaultdict(Decimal)
        self.reporting: dict[Key, Decimal] = defaultdict(Decimal)
        self.costless_lines: set[int] = set()
        self._load()
        for order in self._orders.values():
            self._order(order)

    def _rows(self, source: str, table: str) -> list[Row]:
        rows: list[Row] = pq.read_table(self._directory / source / f"{table}.parquet").to_pylist()
        return rows

    def _by(self, source: str, table: str, *columns: str) -> dict[Any, list[Row]]:
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in self._rows(source, table):
            values = tuple(row[column] for column in columns)
            groups[values if columns[1:] else values[0]].append(row)
        return groups

    def _load(self) -> None:
        self._orders = {row["id"]: row for row in self._rows("shopify", "order")}
        self._lines = self._by("shopify", "order_line", "order_id")
        self._taxes = self._by("shopify", "tax_line", "order_line_id")
        self._discounts = self._by("shopify", "discount_allocation", "order_line_id")
        self._shipping = self._by("shopify", "order_shipping_line", "order_id")
        self._refunds = self._by("shopify", "refund", "order_id")
        self._line_refunds = self._by("shopify", "order_line_refund", "refund_id")
        self._adjustments = self._by("shopify", "order_adjustment", "refund_id")
        self._transactions = self._by("shopify", "transaction", "order_id")
        self._fees = self._by("costs", "transaction_fee", "transaction_id")
        self._parcels = self._by("costs", "shipment", "order_id")
        self._settlements = self._by("tiktok_shop", "order_settlement", "shopify_order_id")
        self._costs = self._by("costs", "unit_cost_history", "_source_relation", "sku")
        self._rates = {
            (row["from_currency"], row["rate_date"]): row["rate"]
            for row in self._rows("costs", "exchange_rate") if row["to_currency"] == "USD"
        }  # fmt: skip
        types = {row["id"]: row["product_type"] for row in self._rows("shopify", "product")}
        self._type_of = {}
        ratios: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in self._rows("shopify", "product_variant"):
            key = row["_source_relation"], row["sku"]
            self._type_of[key] = types[row["product_id"]]
            if key in self._costs and row["price"] > 0:
                first = min(self._costs[key], key=lambda cost: cost["valid_from"])["cost"]
                millionths = whole(first / row["price"] * 1_000_000)
                ratios[key[0], types[row["product_id"]]].append(int(millionths))
        self._ratios = {}
        for type_key, values in ratios.items():
            values.sort()
            low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
            self._ratios[type_key] = whole(Decimal(low + high) / 2)

    def _rate(self, order: Row, day: date) -> Decimal:
        currency = order["currency"]
        return Decimal(1) if currency == "USD" else Decimal(self._rates[currency, day])

    def _book(
        self, order: Row, line: Row, kind: str, day: date, amount: Decimal, dollars: Decimal
    ) -> None:
        if amount or dollars:
            self.shop[order["id"], line["id"], kind, day] += amount
            self.reporting[order["id"], line["id"], kind, day] += dollars

    def _on_line(
        self, order: Row, line: Row, kind: str, day: date, amount: Decimal, rate_day: date
    ) -> None:
        self._book(order, line, kind, day, amount, cents(amount * self._rate(order, rate_day)))

    def _over(
        self, order: Row, kind: str, moment: datetime, amount: Decimal, weights: list[int], *,
        refund: bool = False,
    ) -> None:  # fmt: skip
        """An amount of the order over its lines; refunds go back at the order date's rate."""
        lines, day = self._lines[order["id"]], shop_date(moment)
        pieces = [line["quantity"] for line in lines]
        then = cents(amount * self._rate(order, shop_date(order["processed_at"])))
        now = cents(amount * self._rate(order, day))
        parts = split(amount, weights, pieces), split(then if refund else now, weights, pieces)
        for line, part, dollars in zip(lines, *parts, strict=True):
            self._book(order, line, kind, day, part, dollars)
        if refund:
            for line, dollars in zip(lines, split(now - then, weights, pieces), strict=True):
                self._book(order, line, "exchange_difference", day, Decimal(0), dollars)

    def _order(self, order: Row) -> None:
        lines, moment = self._lines[order["id"]], order["processed_at"]
        day, included = shop_date(moment), order["taxes_included"]
        net: list[int] = []
        line_tax = Decimal(0)
        for line in lines:
            taxes = self._taxes.get(line["id"], [])
            tax = total(taxes, "price")
            line_tax += tax
            ratio = total(taxes, "rate")
            discount = total(self._discounts.get(line["id"], []), "amount")
            paid = line["price"] * line["quantity"] - discount - (tax if included else 0)
            if line["gift_card"]:
                net.append(0)
                continue
            shown = cents(discount / (1 + ratio)) if included else discount
            net.append(int(paid * 100))
            self._on_line(order, line, "gross_merchandise_sales", day, paid + shown, day)
            self._on_line(order, line, "discount", day, -shown, day)
            cost = self._unit_cost(order, line)
            self._on_line(order, line, "cost_of_goods", day, -cost * line["quantity"], day)
        charged = total(self._shipping.get(order["id"], []), "discounted_price")
        if included:
            charged -= order["total_tax"] - line_tax
        self._over(order, "shipping_charged", moment, charged, net)
        self._send(order, lines)
        self._pay(order, net)
        self._take_back(order, lines, net)

    def _unit_cost(self, order: Row, line: Row) -> Decimal:
        key = order["_source_relation"], line["sku"]
        history = self._costs.get(key, [])
        known = [row for row in history if row["valid_from"] <= order["processed_at"]]
        if known:
            return Decimal(max(known, key=lambda row: row["valid_from"])["cost"])
        ratio = self._ratios.get((key[0], self._type_of[key]))
        if ratio is None:
            self.costless_lines.add(line["id"])
            return Decimal(0)
        return cents(line["price"] * ratio / 1_000_000)

    def _send(self, order: Row, lines: list[Row]) -> None:
        pieces = [line["quantity"] if line["requires_shipping"] else 0 for line in lines]
        grams = [line["grams"] * count for line, count in zip(lines, pieces, strict=True)]
        for parcel in self._parcels.get(order["id"], []):
            if parcel["kind"] != "outbound":
                continue
            label = parcel["label_cost"]
            label = LABEL[order["_source_relation"]] if label is None else label
            packing = Decimal("2.50") + Decimal("0.40") * (parcel["unit_count"] - 1)
            self._over(order, "carrier_label", parcel["shipped_at"], -label, grams)
            self._over(order, "pick_pack", parcel["shipped_at"], -packing, pieces)
            self._over(order, "packaging", parcel["shipped_at"], Decimal("-0.85"), pieces)

    def _pay(self, order: Row, net: list[int]) -> None:
        for paid in self._transactions.get(order["id"], []):
            kind, moment = paid["kind"], paid["processed_at"]
            billed = total(self._fees.get(paid["id"], []), "amount")
            if kind in ("sale", "capture") and paid["status"] == "success":
                fee = billed
                if not billed and paid["gateway"] in ("shopify_payments", "paypal"):
                    share, fixed = FEE[order["_source_relation"]]
                    fee = cents(paid["amount"] * share) + fixed
                self._over(order, "payment_fee", moment, -fee, net)
            elif kind == "chargeback":
                self._over(order, "chargeback", moment, -paid["amount"], net)
                self._over(order, "chargeback_fee", moment, -(billed or Decimal(15)), net)
            elif kind == "chargeback_reversal":
                self._over(order, "chargeback", moment, paid["amount"], net)

    def _take_back(self, order: Row, lines: list[Row], net: list[int]) -> None:
        sold, included = shop_date(order["processed_at"]), order["taxes_included"]
        by_id = {line["id"]: line for line in lines}
        merchandise: list[datetime] = []
        refunded_lines = 0
        refunds = self._refunds.get(order["id"], [])
        for refund in sorted(refunds, key=lambda row: row["processed_at"]):
            moment, day = refund["processed_at"], shop_date(refund["processed_at"])
            rows = self._line_refunds.get(refund["id"], [])
            refunded_lines += len(rows)
            for row in rows:
                line = by_id[row["order_line_id"]]
                back = row["subtotal"] - (row["total_tax"] if included else 0)
                if not line["gift_card"]:
                    self._on_line(order, line, "merchandise_refund", day, -back, sold)
                    then, now = (cents(-back * self._rate(order, when)) for when in (sold, day))
                    self._book(order, line, "exchange_difference", day, Decimal(0), now - then)
                    if row["restock_type"] in ("return", "cancel"):
                        cost = self._unit_cost(order, line) * row["quantity"]
                        self._on_line(order, line, "cost_of_goods_returned", day, cost, sold)
            self._return(order, refund, rows, lines)
            goodwill = False
            for row in self._adjustments.get(refund["id"], []):
                amount = row["amount"] - (row["tax_amount"] if included else 0)
                is_shipping = row["kind"] == "shipping_refund"
                goodwill |= not is_shipping
                kind = "shipping_refund" if is_shipping else "merchandise_refund"
                self._over(order, kind, moment, amount, net, refund=True)
            if rows or goodwill:
                merchandise.append(moment)
        for settled in self._settlements.get(order["id"], []):
            base = settled["customer_payment"] + settled["platform_discount"] - settled["tax"]
            fee = settled["referral_fee"]
            fee = cents(base * Decimal("0.06")) if fee is None else fee
            self._over(order, "marketplace_fee", settled["settled_at"], -fee, net)
            if merchandise:
                admin = settled["refund_admin_fee"]
                if admin is None:
                    admin = min(cents(fee * Decimal("0.2")), Decimal(5) * max(refunded_lines, 1))
                self._over(order, "refund_administration_fee", merchandise[0], -admin, net)

    def _return(self, order: Row, refund: Row, rows: list[Row], lines: list[Row]) -> None:
        back = {
            row["order_line_id"]: row["quantity"] for row in rows if row["restock_type"] != "cancel"
        }
        if not back:
            return
        pieces = [back.get(line["id"], 0) for line in lines]
        grams = [line["grams"] * count for line, count in zip(lines, pieces, strict=True)]
        weights = grams if sum(grams) else pieces
        for parcel in self._parcels.get(order["id"], []):
            if parcel["kind"] == "return" and parcel["refund_id"] == refund["id"]:
                label = parcel["label_cost"]
                label = Decimal("6.10") if label is None else label
                self._over(order, "return_label", refund["processed_at"], -label, weights)
        self._over(order, "return_handling", refund["processed_at"], Decimal("-1.50"), weights)
