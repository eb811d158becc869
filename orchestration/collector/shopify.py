"""Shopify's webhooks: consent, customers, orders, privacy.

What lives here: its signature, its topics, and which of their fields say what.
What never does: a word where a field is absent: absence says nothing.

Headers are not signed, the body is: shop, topic and event id come from headers and only say where a
fact is filed. What decides (state, person, time) comes from the body, and a topic takes only a body
of its own form, so that a captured body cannot be sent again as something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestration.collector.documents import LEAF, Shape, items, moment, part, pick, text
from orchestration.collector.errors import RefusedError, unreadable
from orchestration.collector.intake import (
    EMAIL,
    SMS,
    Intake,
    Line,
    Origin,
    event_id_of,
    of_statements,
    statement,
)
from orchestration.collector.signatures import Scheme
from orchestration.collector.subjects import Person, person
from orchestration.ledger.consent_events import (
    ACCESS,
    ERASE,
    ERASE_SHOP,
    OPTED_IN,
    OPTED_OUT,
    ConsentEvent,
    PrivacyRequest,
)

SOURCE = "shopify"
SCHEME = Scheme(("x-shopify-hmac-sha256", "shopify-hmac-sha256"), "base64")
CUSTOMER_ID = "shopify_customer_id"
CUSTOMER_TABLE = "shopify.customer"

# "pending" waits for her, "not_subscribed" never said a thing.
_STATES = {"subscribed": OPTED_IN, "unsubscribed": OPTED_OUT, "redacted": OPTED_OUT}
_SHOP = re.compile(r"[a-z0-9][a-z0-9.-]{0,250}")
_WORD = re.compile(r"[a-z_]{1,40}")
_ADDRESS: Shape = dict.fromkeys(
    ("first_name", "last_name", "address1", "address2", "city", "province", "province_code",
     "zip", "country", "country_code", "phone"),
    LEAF,
)  # fmt: skip
_ORDER: Shape = {
    **dict.fromkeys(
        ("id", "name", "order_number", "email", "phone", "created_at", "updated_at",
         "processed_at", "cancelled_at", "cancel_reason", "closed_at", "currency",
         "presentment_currency", "subtotal_price", "total_line_items_price", "total_discounts",
         "total_price", "total_tax", "total_tip_received", "total_weight", "taxes_included",
         "buyer_accepts_marketing", "financial_status", "fulfillment_status", "test",
         "source_name", "landing_site", "referring_site", "checkout_id", "cart_token"),
        LEAF,
    ),
    "customer": dict.fromkeys(("id", "email", "phone", "created_at"), LEAF),
    "shipping_address": _ADDRESS,
    "billing_address": _ADDRESS,
    "discount_codes": [dict.fromkeys(("code", "amount", "type"), LEAF)],
    "line_items": [{
        **dict.fromkeys(
            ("id", "product_id", "variant_id", "sku", "title", "quantity", "price",
             "total_discount", "gift_card", "taxable", "requires_shipping"),
            LEAF,
        ),
        "discount_allocations": [dict.fromkeys(("amount", "discount_application_index"), LEAF)],
        "tax_lines": [dict.fromkeys(("price", "rate", "title"), LEAF)],
    }],
    "shipping_lines": [dict.fromkeys(("id", "price", "discounted_price", "title"), LEAF)],
    "refunds": [dict.fromkeys(("id", "created_at", "processed_at"), LEAF)],
}  # fmt: skip


def read(headers: Mapping[str, str], document: dict[str, Any], at: datetime) -> Intake | None:
    """What a webhook says; None for a topic that nobody here reads.

    Raises:
        RefusedError: 400: no shop, or a body of another form than the topic's.
    """
    topic, shop = _header(headers, "topic") or "", (_header(headers, "shop-domain") or "").lower()
    reader = _READERS.get(topic)
    if reader is None:
        return None
    if not _SHOP.fullmatch(shop):
        raise unreadable()
    shown = _header(headers, "event-id") or _header(headers, "webhook-id")
    origin = Origin(SOURCE, shop, topic, event_id_of(shown, document))
    return reader(origin, document, at)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}")


def _email_consent(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    consent = part(document, "email_marketing_consent")
    if not consent:
        raise unreadable()
    who = _person(origin, document, email=text(document, "email_address"))
    return of_statements(_statements(origin, who, at, None, {EMAIL: consent}), who)


def _sms_consent(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    consent = part(document, "sms_marketing_consent")
    if not consent:
        raise unreadable()
    who = _person(origin, document, phone=text(document, "phone"))
    return of_statements(_statements(origin, who, at, None, {SMS: consent}), who)


def _customer(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    if text(document, "id") is None:
        raise unreadable()
    who = _person(
        origin,
        {**document, "customer_id": document.get("id")},
        email=text(document, "email"),
        phone=text(document, "phone"),
    )
    consents = {
        EMAIL: part(document, "email_marketing_consent"),
        SMS: part(document, "sms_marketing_consent"),
    }
    changed_at = moment(text(document, "updated_at"))
    return of_statements(_statements(origin, who, at, changed_at, consents), who)


def _order(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    if text(document, "id") is None:
        raise unreadable()
    row = {
        "source_relation": origin.scope,
        "topic": origin.topic,
        "event_id": origin.event_id,
        "received_at": at.isoformat(),
        "order": pick(document, _ORDER),
    }
    key = f"{origin.scope}:{origin.topic}:{origin.event_id}"
    return Intake(lines=(Line("orders", key, row),))


def _data_request(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    _check_privacy(origin, document, with_customer=True, named="data_request")
    detail = {
        "orders": _ids(document, "orders_requested"),
        "request_id": text(document, "data_request", "id"),
    }
    return _request(origin, document, at, ACCESS, detail)


def _redact(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    _check_privacy(origin, document, with_customer=True, named="orders_to_redact")
    detail = {"orders": _ids(document, "orders_to_redact")}
    return _request(origin, document, at, ERASE, detail)


def _redact_shop(origin: Origin, document: dict[str, Any], at: datetime) -> Intake:
    _check_privacy(origin, document, with_customer=False, named="shop_id")
    return _request(origin, document, at, ERASE_SHOP, {"shop_id": text(document, "shop_id")})


def _check_privacy(
    origin: Origin, document: dict[str, Any], *, with_customer: bool, named: str
) -> None:
    # One captured request must not become another: each has a field that the others lack.
    is_of_shop = (text(document, "shop_domain") or "").lower() == origin.scope
    if not is_of_shop or named not in document or ("customer" in document) != with_customer:
        raise RefusedError(400, "bad_request")


def _request(
    origin: Origin, document: dict[str, Any], at: datetime, kind: str, detail: dict[str, Any]
) -> Intake:
    customer = part(document, "customer")
    who = _person(
        origin,
        {"customer_id": customer.get("id")},
        email=text(customer, "email"),
        phone=text(customer, "phone"),
    )
    return Intake(
        requests=(
            PrivacyRequest(
                origin.source, origin.scope, origin.topic, origin.event_id, kind, who.subjects,
                detail, at, at,
            ),
        ),
        source_rows=who.source_rows,
    )  # fmt: skip


def _statements(
    origin: Origin,
    who: Person,
    at: datetime,
    changed_at: datetime | None,
    consents: Mapping[tuple[str, str], dict[str, Any]],
) -> list[ConsentEvent]:
    found = []
    for scope, consent in consents.items():
        state = _STATES.get((text(consent, "state") or "").lower())
        if state is None:
            continue
        said_at = moment(text(consent, "consent_updated_at"))
        # That she changed anything at all does not date an opt-in.
        dated = said_at if state == OPTED_IN else said_at or changed_at
        level = (text(consent, "opt_in_level") or "unknown").lower()
        level = level if _WORD.fullmatch(level) else "unknown"
        proof = f"{origin.topic} {origin.event_id} {level}"
        found.append(
            statement(
                origin, who, scope, state, said_at=dated, received_at=at, proof=proof
            )
        )
    return found


def _person(
    origin: Origin,
    document: dict[str, Any],
    *,
    email: str | None = None,
    phone: str | None = None,
) -> Person:
    return person(
        email=email,
        phone=phone,
        country_code=text(document, "default_address", "country_code"),
        issued={CUSTOMER_ID: (origin.scope, text(document, "customer_id"))},
        source_rows={CUSTOMER_TABLE: text(document, "customer_id")},
    )


def _ids(document: dict[str, Any], name: str) -> list[str]:
    shown = (text({"id": one}, "id") for one in items(document, name))
    return [one for one in shown if one is not None and one.isdigit()]


_READERS: Mapping[str, Callable[[Origin, dict[str, Any], datetime], Intake]] = {
    "customers/email_marketing_consent_update": _email_consent,
    "customers/marketing_consent_update": _sms_consent,
    **{f"customers/{verb}": _customer for verb in ("create", "update", "delete")},
    **{
        f"orders/{verb}": _order
        for verb in ("create", "updated", "paid", "cancelled", "fulfilled",
                     "partially_fulfilled", "edited", "delete")
    },
    "customers/data_request": _data_request,
    "customers/redact": _redact,
    "shop/redact": _redact_shop,
}  # fmt: skip
