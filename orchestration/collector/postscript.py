"""Postscript's webhooks: who stopped or started texts there.

What lives here: its signature, its event types, and where the subscriber's phone stands.
What never does: replies and clicks.

No public page of the vendor shows a delivery. The forms below are those that integrations in the
open read; whatever has another form is counted and changes nothing (docs/adr/0042).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestration.collector.documents import moment, part, text
from orchestration.collector.intake import (
    SMS,
    Intake,
    Origin,
    event_id_of,
    of_statements,
    statement,
)
from orchestration.collector.signatures import Scheme
from orchestration.collector.subjects import person
from orchestration.ledger.consent_events import OPTED_IN, OPTED_OUT

SOURCE = "postscript"
SCHEME = Scheme(("postscript-signature", "x-postscript-signature"), "hex")
SUBSCRIBER_ID = "postscript_subscriber_id"

_SHOP = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATES = {
    "opt_out": OPTED_OUT,
    "opted_out": OPTED_OUT,
    "unsubscribed": OPTED_OUT,
    "opt_in": OPTED_IN,
    "opted_in": OPTED_IN,
    "subscribed": OPTED_IN,
}


def read(_: Mapping[str, str], document: dict[str, Any], at: datetime) -> Intake | None:
    """What a webhook says; None for a type that nobody here reads."""
    shown = (text(document, "type") or text(document, "event") or "").lower()
    topic = shown.rpartition(".")[2]
    state = _STATES.get(topic)
    if state is None:
        return None
    content = part(document, "data") or document
    subscriber = part(content, "subscriber") or content
    # One signing secret is one shop, whether the body names it or not.
    shop = text(document, "shop_id") or text(content, "shop_id") or ""
    shop = shop if _SHOP.fullmatch(shop) else "shop"
    origin = Origin(SOURCE, shop, topic, event_id_of(_event_id(document), document))
    who = person(
        phone=text(subscriber, "phone_number") or text(subscriber, "phone"),
        country_code="US",
        issued={SUBSCRIBER_ID: (shop, _subscriber_id(content))},
    )
    said_at = next(
        (
            found
            for holder in (document, content)
            for name in ("occurred_at", "created_at", "timestamp")
            if (found := moment(text(holder, name))) is not None
        ),
        None,
    )
    said = statement(
        origin, who, SMS, state, said_at=said_at, received_at=at,
        proof=f"{topic} {origin.event_id}",
    )  # fmt: skip
    return of_statements([said], who)


def _event_id(document: dict[str, Any]) -> str | None:
    return text(document, "event_id") or text(document, "id")


def _subscriber_id(content: dict[str, Any]) -> str | None:
    return text(content, "subscriber", "id") or text(content, "subscriber_id")
