"""Meta's Conversions API: one event per order, its value the contribution margin.

What lives here: the event's wire form, who is too old to be sent, and Limited Data Use.
What never does: normalising or hashing what a person told us; taking an event back.

One event that is wrong or too old fails the whole request, so both are kept out of it before, and a
refused batch is halved until the event is found. Of two events with one id the vendor keeps the
first, whether it came from the browser or from here: a changed value cannot be sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from orchestration.destinations.base import Idempotency, Limits, Receipt, RetriableError, Row
from orchestration.destinations.batches import (
    Item,
    Record,
    Unfit,
    find_invalid,
    hash_problem,
    run,
    send_around_refusals,
    stay,
)
from orchestration.destinations.conversions import time_of, value_of
from orchestration.destinations.http import VendorHttp
from orchestration.destinations.meta.api import API_VERSION

LIMITS = Limits(rows_per_request=1_000)
# Seven days, less a minute on the way.
OLDEST = timedelta(days=7) - timedelta(minutes=1)
HASHED = {"em": "email_sha256", "ph": "phone_sha256"}
# Read in clear: their hashes match nobody.
CLEAR = ("fbp", "fbc", "client_ip_address", "client_user_agent")
CALIFORNIA = {"data_processing_options_country": 1, "data_processing_options_state": 1000}
BY_ADDRESS = {"data_processing_options_country": 0, "data_processing_options_state": 0}


@dataclass(frozen=True)
class MetaConversions:
    """The object ``conversions/<name>``; ``dataset_id`` is the vendor's id of the dataset."""

    http: VendorHttp
    dataset_id: str
    now: Callable[[], datetime]
    name: str = "meta"
    limits: Limits = LIMITS
    idempotent: ClassVar[Idempotency] = "key"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        """Send each event once by its key; one that is there stays as it is."""
        return run(rows, self.limits, self._event, self._send)

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return stay(rows)

    def _send(self, items: Sequence[Item], record: Record) -> None:
        def send(group: Sequence[Item]) -> list[Receipt]:
            # Fewer received than sent: the halves tell where the missing ones are.
            found = find_invalid(group, self._count_missing(group), self._count_missing)
            verdicts = {item.position: verdict for item, verdict in found}
            return [
                Receipt(item.row.key, verdict, None if verdict == "accepted" else "not_received")
                for item in group
                if (verdict := verdicts[item.position])
            ]

        send_around_refusals(items, send, record)

    def _count_missing(self, items: Sequence[Item]) -> int:
        """Send events and return how many did not arrive; one that arrives twice counts once."""
        answer = self.http.send(
            "POST",
            f"/{API_VERSION}/{quote(self.dataset_id, safe='')}/events",
            operation="conversions",
            content=b'{"data":[' + b",".join(item.body for item in items) + b"]}",
        )
        received = answer.body.get("events_received") if isinstance(answer.body, Mapping) else None
        if not isinstance(received, int) or not 0 <= received <= len(items):
            raise RetriableError(
                "meta did not count the events it was sent.",
                remedy="Send again; sending twice is harmless.",
            )
        return len(items) - received

    def _event(self, row: Row) -> Mapping[str, Any] | Unfit:
        moment = time_of(row.payload)
        if isinstance(moment, Unfit):
            return moment
        if self.now() - moment > OLDEST:
            return Unfit("too_old")
        body = _body(row.payload)
        if isinstance(body, Unfit):
            return body
        return {"event_id": row.key, "event_time": int(moment.timestamp()), **body}


def _body(payload: Mapping[str, Any]) -> dict[str, Any] | Unfit:
    value = value_of(payload, "conversion_value_amount") or Unfit("no_value")
    if isinstance(value, Unfit):
        return value
    person = _user_data(payload)
    if isinstance(person, Unfit):
        return person
    terms = _limited_data_use(payload)
    if isinstance(terms, Unfit):
        return terms
    if not payload.get("event_name"):
        return Unfit("no_event_name")
    order = {"order_id": str(payload["order_id"])} if payload.get("order_id") else {}
    # The browser's own fields are asked for where an event is said to come from a website.
    is_website = payload.get("event_source_url") and payload.get("client_user_agent")
    page = {"event_source_url": payload["event_source_url"]} if is_website else {}
    return {
        "event_name": payload["event_name"],
        "action_source": "website" if is_website else "other",
        **page,
        "user_data": person,
        "custom_data": {"value": value[0], "currency": value[1], **order},
        **terms,
    }


def _user_data(payload: Mapping[str, Any]) -> dict[str, Any] | Unfit:
    problem = hash_problem(payload, tuple(HASHED.values()))
    if problem is not None:
        return Unfit(problem)
    data: dict[str, Any] = {
        name: [payload[column]] for name, column in HASHED.items() if payload.get(column)
    }
    if payload.get("external_id"):
        # Our own id, no identifier of a person's: nothing to normalise.
        data["external_id"] = [hashlib.sha256(str(payload["external_id"]).encode()).hexdigest()]
    data.update({name: payload[name] for name in CLEAR if payload.get(name)})
    is_browser = "client_ip_address" in data and "client_user_agent" in data
    if not is_browser and not data.keys() & {"em", "ph", "external_id", "fbp", "fbc"}:
        return Unfit("no_identifier")
    return data


def _limited_data_use(payload: Mapping[str, Any]) -> dict[str, Any] | Unfit:
    """The vendor limits its use by state: California has a number, others are found by address."""
    is_limited = payload.get("is_limited_data_use")
    if not isinstance(is_limited, bool):
        return Unfit("undeclared:is_limited_data_use")
    if not is_limited:
        return {"data_processing_options": []}
    is_american = str(payload.get("country_code") or "US").upper() == "US"
    if is_american and str(payload.get("state") or "").upper() == "CA":
        return {"data_processing_options": ["LDU"], **CALIFORNIA}
    if payload.get("client_ip_address"):
        return {"data_processing_options": ["LDU"], **BY_ADDRESS}
    # Without a place the vendor could not limit anything: then it is not told at all.
    return Unfit("limited_data_use_without_place")
