"""When a request is due: business days, calendar days, extensions, opt-outs that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.activation import fast_lane
from orchestration.activation.fast_lane import OptOut
from orchestration.ledger import consent_events, deadlines, erasures, facts
from orchestration.ledger.consent_events import ANSWERED, CONFIRMED, ERASE, EXTENDED, PrivacyRequest
from orchestration.ledger.deadlines import add_business_days
from tests.unit.activation.world import World

THURSDAY = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        (date(2026, 11, 26), 0, date(2026, 11, 26)),
        (date(2026, 11, 26), 1, date(2026, 11, 27)),
        (date(2026, 11, 26), 2, date(2026, 11, 30)),
        (date(2026, 11, 26), 10, date(2026, 12, 10)),
        (date(2026, 11, 26), 15, date(2026, 12, 17)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 11, 29), 10, date(2026, 12, 11)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
    ],
)
def test_business_days_skip_weekends_and_no_holiday(start: date, count: int, due: date) -> None:
    assert add_business_days(start, count) == due


def test_business_days_are_counted_one_by_one() -> None:
    for shift in range(14):
        start = date(2026, 11, 23) + timedelta(days=shift)
        day, left = start, 0
        for count in range(1, 40):
            day += timedelta(days=1)
            while day.weekday() > 4:
                day += timedelta(days=1)
            left = count
            assert add_business_days(start, left) == day, (start, left)


def ask(world: World, source: str) -> int:
    request = PrivacyRequest(
        source, "", ERASE, source, ERASE, frozenset({("customer_id", "c")}), {}, THURSDAY, THURSDAY
    )
    with world.ledger.transaction() as connection:
        consent_events.record_requests(connection, [request], THURSDAY)
        return max(one for one, _ in consent_events.erasures_asked(connection))


def tell(world: World, sequence: int, step: str) -> None:
    with world.ledger.transaction() as connection:
        erasures.note(connection, sequence, step, erasures.DONE, {}, THURSDAY)


def test_a_request_is_due_until_it_is_answered(world: World) -> None:
    sequence, webhook = ask(world, "by_hand"), ask(world, "shop")
    with world.ledger.read() as reader:
        first, second = deadlines.open_requests(reader)
    assert (first.sequence, second.sequence) == (sequence, webhook)
    assert (first.confirm_by, first.answer_by) == (date(2026, 12, 10), date(2027, 1, 10))
    assert second.answer_by == date(2026, 12, 26), "a platform's own term is shorter"
    assert not first.is_overdue(date(2026, 12, 10))
    assert first.is_overdue(date(2026, 12, 11)), "nobody confirmed it"
    tell(world, sequence, CONFIRMED)
    tell(world, sequence, EXTENDED)
    tell(world, webhook, ANSWERED)
    with world.ledger.read() as reader:
        (left,) = deadlines.open_requests(reader)
    assert (left.confirm_by, left.answer_by) == (None, date(2027, 2, 24))
    assert not replace(left).is_overdue(date(2027, 2, 24))


def test_an_opt_out_that_no_vendor_decided_has_a_term(world: World) -> None:
    with world.ledger.transaction() as connection:
        assert deadlines.open_opt_outs(connection) is None
        row = {
            "subject_type": "customer_id", "subject_value": "c", "channel": "ads",
            "purpose": "ads_sharing", "source_event": "e", "suppressed_at": THURSDAY,
        }  # fmt: skip
        facts.record_suppressions(connection, [row], THURSDAY)
        opt_out = OptOut("meta", "custom_audience/vip", "c", "remove", "{}")
        fast_lane.enqueue(connection, [opt_out], THURSDAY)
        waiting = deadlines.open_opt_outs(connection)
    assert waiting is not None
    assert (waiting.count, waiting.due_by) == (1, date(2026, 12, 17))
    assert waiting.is_overdue(date(2026, 12, 18))
