"""Klaviyo's system webhooks: who unsubscribed or subscribed there.

What lives here: its signature, its topics, and where an event carries its profile and time.
What never does: opens, clicks and the like; those land by the usual way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestration.collector.documents import items, moment, part, text
from orchestration.collector.errors import unreadable
from orchestration.collector.intake import (
    EMAIL,
    SMS,
    Intake,
    Origin,
    event_id_of,
    merged,
    of_statements,
    statement,
)
from orchestration.collector.signatures import Scheme
from orchestration.collector.subjects import Person, person
from orchestration.ledger.consent_events import OPTED_IN, OPTED_OUT

SOURCE = "klaviyo"
# The time is signed as the header shows it, directly behind the body.
SCHEME = Scheme(("klaviyo-signature",), "hex", "klaviyo-timestamp")
PROFILE_ID = "klaviyo_profile_id"
ENTRIES_MAX = 200

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOPICS = {
    "event:klaviyo.unsubscribed_from_email_marketing": (EMAIL, OPTED_OUT),
    "event:klaviyo.manually_suppressed_from_email_marketing": (EMAIL, OPTED_OUT),
    "event:klaviyo.marked_email_as_spam": (EMAIL, OPTED_OUT),
    "event:klaviyo.subscribed_to_email_marketing": (EMAIL, OPTED_IN),
    "event:klaviyo.unsubscribed_from_sms_marketing": (SMS, OPTED_OUT),
    "event:klaviyo.subscribed_to_sms_marketing": (SMS, OPTED_IN),
}


def read(_: Mapping[str, str], document: dict[str, Any], at: datetime) -> Intake | None:
    """What a delivery says; None where it has no topic that anybody here reads.

    Raises:
        RefusedError: 400: no account, or more entries than one delivery may hold.
    """
    account = text(document, "meta", "klaviyo_account_id") or ""
    entries = items(document, "data")
    if not _ACCOUNT.fullmatch(account) or len(entries) > ENTRIES_MAX:
        raise unreadable()
    known = [entry for entry in entries if text(entry, "topic") in _TOPICS]
    return merged([_entry(account, entry, at) for entry in known]) if known else None


def _entry(account: str, entry: dict[str, Any], at: datetime) -> Intake:
    topic = text(entry, "topic") or ""
    scope, state = _TOPICS[topic]
    event = part(part(entry, "payload"), "data")
    shown = text(entry, "external_id") or text(event, "id")
    origin = Origin(SOURCE, account, topic, event_id_of(shown, entry))
    who = _person(account, entry, event)
    attributes = part(event, "attributes")
    said_at = moment(text(attributes, "datetime")) or moment(text(attributes, "timestamp"))
    said = statement(
        origin, who, scope, state, said_at=said_at, received_at=at,
        proof=f"{topic} {origin.event_id}",
    )  # fmt: skip
    return of_statements([said], who)


def _person(account: str, entry: dict[str, Any], event: dict[str, Any]) -> Person:
    profile_id = text(event, "relationships", "profile", "data", "id")
    profiles = [
        one
        for one in items(part(entry, "payload"), "included")
        if text(one, "type") == "profile" and profile_id in (None, text(one, "id"))
    ]
    profile = part(profiles[0], "attributes") if profiles else {}
    return person(
        email=text(profile, "email"),
        phone=text(profile, "phone_number"),
        issued={PROFILE_ID: (account, profile_id)},
    )
