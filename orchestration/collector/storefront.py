"""What a browser does in the shop, and the signal by which it objects to sale and sharing.

What lives here: the form of an event, and what ``Sec-GPC: 1`` means.
What never does: taking the signal's absence for anything: it lifts no objection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestration.collector import shopify
from orchestration.collector.documents import LEAF, Shape, moment, pick, text
from orchestration.collector.errors import unreadable
from orchestration.collector.intake import (
    ADS_SHARING,
    SALE,
    Intake,
    Line,
    Origin,
    event_id_of,
    of_statements,
    statement,
)
from orchestration.collector.preferences import BROWSER_ID
from orchestration.collector.subjects import Person, issued_digest, person
from orchestration.ledger.consent_events import OPTED_OUT

SOURCE = "storefront"
GPC_HEADER = "sec-gpc"

_BROWSER_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_SHOP = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_EVENT: Shape = {
    **dict.fromkeys(
        ("event_id", "type", "browser_id", "session_id", "customer_id", "shop_customer_id",
         "occurred_at", "page_url", "referrer", "utm_source", "utm_medium", "utm_campaign",
         "utm_content", "utm_term", "gclid", "fbclid", "ttclid", "order_id", "checkout_id",
         "cart_token", "currency", "value"),
        LEAF,
    ),
    "items": [dict.fromkeys(("product_id", "variant_id", "sku", "quantity", "price"), LEAF)],
}  # fmt: skip


def read(headers: Mapping[str, str], document: dict[str, Any], at: datetime) -> Intake:
    """One event for a landing segment, and the objection that its browser sends along.

    Raises:
        RefusedError: 400: no browser id, type, event id or time.
    """
    browser, shop = text(document, "browser_id") or "", text(document, "scope") or "storefront"
    kind, shown = text(document, "type") or "", text(document, "event_id")
    occurred_at = moment(text(document, "occurred_at"))
    if not (_BROWSER_ID.fullmatch(browser) and _TYPE.fullmatch(kind) and _SHOP.fullmatch(shop)):
        raise unreadable()
    if shown is None or occurred_at is None:
        raise unreadable()
    event_id = event_id_of(shown, document)
    is_objecting = headers.get(GPC_HEADER) == "1"
    row = {
        "source_relation": shop,
        "event_id": event_id,
        "received_at": at.isoformat(),
        "is_gpc": is_objecting,
        "event": pick(document, _EVENT),
    }
    line = Line("events", f"{shop}:{event_id}", row)
    who = person(
        customer_id=text(document, "customer_id"),
        issued={
            BROWSER_ID: ("browser", browser),
            shopify.CUSTOMER_ID: (shop, text(document, "shop_customer_id")),
        },
        source_rows={shopify.CUSTOMER_TABLE: text(document, "shop_customer_id")},
    )
    said = _objection(shop, who, at) if is_objecting else Intake()
    return replace(said, lines=(line,))


def _objection(shop: str, who: Person, at: datetime) -> Intake:
    # Once a day for the same browser and person: every page of a visit says it again, and a later
    # opt-in elsewhere must meet it again.
    subjects = issued_digest("gpc", repr(sorted(who.subjects)))
    origin = Origin(SOURCE, shop, "gpc", f"{at.date().isoformat()}:{subjects[:32]}")
    said = [
        statement(origin, who, scope, OPTED_OUT, said_at=None, received_at=at)
        for scope in (ADS_SHARING, SALE)
    ]
    return of_statements(said, who)
