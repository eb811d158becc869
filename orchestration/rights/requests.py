"""Requests of people as they stand, and what we told them.

What lives here: open requests with due dates, tasks, opt-outs that wait; recording a word to them.
What never does: doing what they ask (``erase.py``, ``export.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger, deadlines, erasures
from orchestration.ledger.consent_events import ANSWERED, CONFIRMED, EXTENDED
from orchestration.ledger.deadlines import OpenOptOuts, OpenRequest
from orchestration.ledger.erasures import DONE, TASK, Step

_TOLD = (CONFIRMED, EXTENDED, ANSWERED)


@dataclass(frozen=True)
class Requests:
    """What stands open."""

    requests: tuple[OpenRequest, ...] = ()
    tasks: tuple[tuple[int, Step], ...] = ()
    opt_outs: OpenOptOuts | None = None


def stand(ledger: Ledger) -> Requests:
    """Read it from the ledger; the warehouse stays closed."""
    with ledger.read() as reader:
        return Requests(
            tuple(deadlines.open_requests(reader)),
            tuple(deadlines.open_tasks(reader)),
            deadlines.open_opt_outs(reader),
        )


def tell(ledger: Ledger, request_sequence: int, step: str, at: datetime) -> None:
    """Record that a person was told, or that she has done a task.

    Raises:
        UnknownNameError: no such request, or no such open task of it.
    """
    with ledger.transaction() as connection:
        if not erasures.has_request(connection, request_sequence):
            raise UnknownNameError("request", str(request_sequence), [])
        tasks = [
            one.name
            for one in erasures.steps(connection, request_sequence)
            if one.state == TASK
        ]
        if step not in (*_TOLD, *tasks):
            raise UnknownNameError("step", step, [*_TOLD, *tasks])
        detail = {"by_hand": True} if step in tasks else {}
        erasures.note(connection, request_sequence, step, DONE, detail, at)
