"""Lines of the collector's segments as rows of raw tables, every value as the text it came as.

What lives here: which field of a storefront event or an order becomes which raw column.
What never does: types and bounds (``typed.py``), reading files, SQL.

An order's version is its ``updated_at``, not the moment it came in: senders promise no order.
Within that second the later comer is the newer. A field that the collector does not keep stays as
the loader wrote it (``NOT_CARRIED``); refunds, payments and customers come by the loader only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

Row = dict[str, str | None]
Placed = tuple[str, Row]
"""A raw table as ``source.table``, and a row of it."""

DELETED = "_fivetran_deleted"
EVENT_TABLE, ORDER_TABLE = "web.event", "shopify.order"
TABLES = (
    EVENT_TABLE,
    ORDER_TABLE,
    "shopify.order_line",
    "shopify.tax_line",
    "shopify.discount_allocation",
    "shopify.order_discount_code",
    "shopify.order_shipping_line",
)
NOT_CARRIED: Mapping[str, tuple[str, ...]] = {
    ORDER_TABLE: ("browser_ip", "checkout_token"),
    "shopify.order_line": ("grams",),
    "shopify.order_shipping_line": ("code",),
}
_CLICKS = ("gclid", "fbclid", "ttclid")
_CAMPAIGN = {
    "utm_source": "context_campaign_source",
    "utm_medium": "context_campaign_medium",
    "utm_campaign": "context_campaign_name",
    "utm_term": "context_campaign_term",
    "utm_content": "context_campaign_content",
}
_ORDER = (
    "id", "email", "phone", "name", "source_name", "currency", "presentment_currency",
    "taxes_included", "subtotal_price", "total_line_items_price", "total_discounts", "total_tax",
    "total_tip_received", "total_price", "total_weight", "financial_status", "fulfillment_status",
    "cancel_reason", "cancelled_at", "test", "created_at", "processed_at", "updated_at",
    "buyer_accepts_marketing", "referring_site", "cart_token",
)  # fmt: skip
_BILLING = ("first_name", "last_name", "country_code", "phone")
_SHIPPING = (*_BILLING, "city", "province_code", "zip")
_ORDER_LINE = (
    "id", "product_id", "variant_id", "sku", "title", "quantity", "price", "total_discount",
    "gift_card", "requires_shipping", "taxable",
)  # fmt: skip
_PARTS = ("line_items", "discount_codes", "shipping_lines")
_ENVELOPE = ("source_relation", "topic", "event_id", "received_at")
# A second holds every version of it, however late one comes.
_HALF_OF_A_SECOND_AFTER = 60.0


def event_rows(line: Mapping[str, Any], relation: str) -> Iterator[Placed]:
    """The row of one storefront event."""
    event = _part(line, "event")
    items = _items(event, "items")
    # One event, one product: of a whole cart nobody can say which.
    item = items[0] if len(items) == 1 else {}
    click = next((name for name in _CLICKS if _text(event.get(name))), None)
    page = _text(event.get("page_url"))
    received_at = _text(line.get("received_at"))
    yield (
        EVENT_TABLE,
        {
            "_source_relation": relation,
            "message_id": _text(line.get("event_id")),
            "anonymous_id": _text(event.get("browser_id")),
            "user_id": _text(event.get("shop_customer_id")),
            "event": _text(event.get("type")),
            "timestamp": _text(event.get("occurred_at")),
            "received_at": received_at,
            "context_page_url": page,
            "context_page_path": _path(page),
            "context_page_referrer": _text(event.get("referrer")),
            **{ours: _text(event.get(name)) for name, ours in _CAMPAIGN.items()},
            "context_click_id": _text(event.get(click)) if click else None,
            "context_click_id_type": click,
            "context_sec_gpc": "1" if line.get("is_gpc") is True else None,
            "order_id": _text(event.get("order_id")),
            "cart_token": _text(event.get("cart_token")),
            "checkout_token": _text(event.get("checkout_id")),
            "sku": _text(item.get("sku")),
            "product_id": _text(item.get("product_id")),
            "quantity": _text(item.get("quantity")),
            "value": _text(event.get("value")),
            "currency": _text(event.get("currency")),
            "_fivetran_synced": received_at,
        },
    )


def order_rows(line: Mapping[str, Any], relation: str) -> Iterator[Placed]:
    """The rows of one version of an order; of a deleted order the mark alone."""
    order = _part(line, "order")
    shared = {"_source_relation": relation, "_fivetran_synced": _version(line, order)}
    if line.get("topic") == "orders/delete":
        yield ORDER_TABLE, {**shared, "id": _text(order.get("id")), DELETED: "true"}
        return
    yield ORDER_TABLE, {**shared, **_order(order), DELETED: "false"}
    order_id = _text(order.get("id"))
    of_order = {**shared, "order_id": order_id}
    for place, one in enumerate(_items(order, "line_items"), start=1):
        row = {name: _text(one.get(name)) for name in _ORDER_LINE}
        yield "shopify.order_line", {**of_order, **row, "index": str(place)}
        yield from _of_line(one, {**shared, "order_line_id": row["id"]})
    for place, one in enumerate(_items(order, "discount_codes"), start=1):
        row = {name: _text(one.get(name)) for name in ("code", "amount", "type")}
        yield "shopify.order_discount_code", {**of_order, **row, "index": str(place)}
    for one in _items(order, "shipping_lines"):
        row = {name: _text(one.get(name)) for name in ("id", "title", "price", "discounted_price")}
        yield "shopify.order_shipping_line", {**of_order, **row}


def without_person(line: Mapping[str, Any], blanked: Collection[str]) -> dict[str, Any]:
    """A line of an order with nothing but what may stay of it as money.

    Args:
        blanked: the columns of the raw order that are emptied where a person is erased.
    """
    order = _part(line, "order")
    kept = {name: order[name] for name in (*_ORDER, *_PARTS) if name in order}
    for address, names in (("billing_address", _BILLING), ("shipping_address", _SHIPPING)):
        held = _part(order, address)
        some = {name: held[name] for name in names
                if name in held and f"{address}_{name}" not in blanked}  # fmt: skip
        kept |= {address: some} if some else {}
    kept = {name: value for name, value in kept.items() if name not in blanked}
    envelope = {name: line[name] for name in _ENVELOPE if name in line}
    return {**envelope, "order": kept}


ROWS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[Placed]]] = {
    "events": event_rows,
    "orders": order_rows,
}


def _of_line(item: Mapping[str, Any], shared: Mapping[str, str | None]) -> Iterator[Placed]:
    for place, tax in enumerate(_items(item, "tax_lines"), start=1):
        row = {name: _text(tax.get(name)) for name in ("title", "rate", "price")}
        yield "shopify.tax_line", {**shared, **row, "index": str(place)}
    for place, part in enumerate(_items(item, "discount_allocations"), start=1):
        row = {
            name: _text(part.get(name)) for name in ("amount", "discount_application_index")
        }
        yield "shopify.discount_allocation", {**shared, **row, "index": str(place)}


def _order(order: Mapping[str, Any]) -> Row:
    billing, shipping = _part(order, "billing_address"), _part(order, "shipping_address")
    return {
        **{name: _text(order.get(name)) for name in _ORDER},
        "customer_id": _text(_part(order, "customer").get("id")),
        "landing_site_base_url": _text(order.get("landing_site")),
        **{f"billing_address_{name}": _text(billing.get(name)) for name in _BILLING},
        **{f"shipping_address_{name}": _text(shipping.get(name)) for name in _SHIPPING},
        "shipping_address_address_1": _text(shipping.get("address1")),
    }


def _version(line: Mapping[str, Any], order: Mapping[str, Any]) -> str | None:
    received = _moment(line.get("received_at"))
    updated = _moment(order.get("updated_at"))
    if received is None or updated is None or updated >= received:
        return _text(line.get("received_at"))
    late = (received - updated).total_seconds()
    within = int(999_999 * late / (late + _HALF_OF_A_SECOND_AFTER))
    return (updated.replace(microsecond=0) + timedelta(microseconds=within)).isoformat()


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _path(page: str | None) -> str | None:
    try:
        return None if page is None else urlsplit(page).path or "/"
    except ValueError:
        return None


def _part(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _items(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) else None
