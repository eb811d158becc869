"""When a privacy request is due, and what stands open.

What lives here: business days, the terms, open requests and opt-outs that no vendor decided.
What never does: what is done about a request; a holiday calendar: a day that some authority keeps
free only makes our due date earlier than the law's.

Terms: 11 CCR 7021 (confirm receipt in 10 business days, answer in 45 calendar days, once as many
more with notice) and 7026(f) (opt-out in 15 business days); Shopify: redact within 30 days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select

from orchestration.ledger import erasures
from orchestration.ledger.consent_events import ANSWERED, CONFIRMED, EXTENDED
from orchestration.ledger.consent_tables import privacy_request
from orchestration.ledger.erasures import Step
from orchestration.ledger.tables import outbox, suppression

CONFIRM_BUSINESS_DAYS = 10
ANSWER_DAYS = 45
# What a platform asks of whoever gets its webhook, by the request's source.
PLATFORM_ANSWER_DAYS = 30
OPT_OUT_BUSINESS_DAYS = 15
BY_HAND = "by_hand"
_SATURDAY = 5


@dataclass(frozen=True)
class OpenRequest:
    """A request that is not answered: what is due when, and what keeps it open."""

    sequence: int
    kind: str
    source: str
    received_at: datetime
    confirm_by: date | None
    answer_by: date
    steps: tuple[Step, ...]

    def is_overdue(self, today: date) -> bool:
        return self.answer_by < today or (self.confirm_by is not None and self.confirm_by < today)


@dataclass(frozen=True)
class OpenOptOuts:
    """Opt-outs that a vendor has not decided: how many, and when the oldest must be through."""

    count: int
    due_by: date

    def is_overdue(self, today: date) -> bool:
        return self.due_by < today


def add_business_days(start: date, count: int) -> date:
    """The day that is ``count`` days from Monday to Friday after ``start``, which itself does not
    count, whatever day it is."""
    weeks, rest = divmod(count, 5)
    day = start
    if day.weekday() >= _SATURDAY:
        # A weekend's request counts from its Friday: the first day is Monday.
        day -= timedelta(days=day.weekday() - 4)
    day += timedelta(weeks=weeks)
    rest += 2 if day.weekday() + rest >= _SATURDAY else 0
    return day + timedelta(days=rest)


def open_requests(connection: Connection) -> list[OpenRequest]:
    """Requests that nobody answered, the one that is due first before the others."""
    found = []
    for row in connection.execute(select(privacy_request)):
        steps = erasures.steps(connection, row.sequence)
        told = {step.name: step for step in steps}
        if ANSWERED in told:
            continue
        received = row.received_at.astimezone(UTC).date()
        days = ANSWER_DAYS if row.source == BY_HAND else PLATFORM_ANSWER_DAYS
        if EXTENDED in told:
            days += ANSWER_DAYS
        confirm_by = None
        if CONFIRMED not in told:
            confirm_by = add_business_days(received, CONFIRM_BUSINESS_DAYS)
        found.append(
            OpenRequest(
                row.sequence, row.kind, row.source, row.received_at, confirm_by,
                received + timedelta(days=days), tuple(steps),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.confirm_by or one.answer_by, one.sequence))


def open_tasks(connection: Connection) -> list[tuple[int, Step]]:
    """Steps of any request that only a person can do, answered or not."""
    sequences: Iterable[int] = connection.execute(
        select(privacy_request.c.sequence).order_by(privacy_request.c.sequence)
    ).scalars()
    return [
        (sequence, step)
        for sequence in sequences
        for step in erasures.steps(connection, sequence)
        if step.state == erasures.TASK
    ]


def open_opt_outs(connection: Connection) -> OpenOptOuts | None:
    """What opted out and is not decided by a vendor; None where nothing waits."""
    waiting = (outbox.c.plan_hash.is_(None)) & (outbox.c.operation != "erase")
    count = connection.execute(
        select(func.count()).select_from(outbox).where(waiting)
    ).scalar_one()
    if not count:
        return None
    oldest: datetime | None = connection.execute(
        select(func.min(suppression.c.recorded_at)).where(
            suppression.c.subject_value.in_(select(outbox.c.key).where(waiting))
        )
    ).scalar()
    if oldest is None:
        return None
    due_by = add_business_days(oldest.astimezone(UTC).date(), OPT_OUT_BUSINESS_DAYS)
    return OpenOptOuts(int(count), due_by)


def as_json(one: OpenRequest, today: date) -> dict[str, object]:
    """Plain values; nothing that names a person."""
    return {
        "request": one.sequence,
        "kind": one.kind,
        "source": one.source,
        "received_at": one.received_at.isoformat(),
        "confirm_by": one.confirm_by.isoformat() if one.confirm_by else None,
        "answer_by": one.answer_by.isoformat(),
        "is_overdue": one.is_overdue(today),
        "steps": {step.name: step.state for step in one.steps},
    }
