"""What the columns of an event say, for every vendor that takes events.

What lives here: the time and the value of an event, or why it cannot be sent.
What never does: a vendor's names, hashing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestration.destinations.batches import Unfit


def time_of(payload: Mapping[str, Any]) -> datetime | Unfit:
    """When it happened, by ``event_at``; a time without a zone could be any of 24."""
    try:
        moment = datetime.fromisoformat(str(payload.get("event_at")))
    except ValueError:
        return Unfit("no_time:event_at")
    return moment if moment.tzinfo is not None else Unfit("no_time:event_at")


def value_of(payload: Mapping[str, Any], column: str) -> tuple[float, str] | Unfit | None:
    """An amount and its currency; None where the event carries no amount.

    A JSON number stands in base ten with 15 digits as they were written, so that no cent is lost.
    """
    text = payload.get(column)
    if text is None:
        return None
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        return Unfit(f"no_number:{column}")
    currency = payload.get("currency")
    if not amount.is_finite():
        return Unfit(f"no_number:{column}")
    if not isinstance(currency, str) or not (len(currency) == 3 and currency.isalpha()):
        return Unfit("no_currency")
    return float(amount), currency.upper()
