"""The pace: no window of a vendor is ever broken, by no process and no latency."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection

from orchestration.activation.pacing import LedgerPacer, NotYetError
from orchestration.destinations.base import RetriableError
from orchestration.destinations.pace import Rate
from orchestration.ledger import utc_now
from tests.unit.activation.world import START, World

RATE = Rate("imports", burst_per_second=10, steady_per_minute=150)


def pacer(world: World, account: str = "account-1") -> LedgerPacer:
    @contextmanager
    def transaction() -> Iterator[Connection]:
        with world.ledger.transaction() as connection:
            yield connection

    return LedgerPacer("klaviyo", account, transaction, world.clock, world.clock.sleep)


def ask(world: World, paced: LedgerPacer, latency: Callable[[], float], rate: Rate) -> datetime:
    """One request; when the vendor counted it."""
    paced.wait(rate)
    seconds = latency()
    world.clock.sleep(seconds / 2)
    counted_at = world.clock()
    world.clock.sleep(seconds / 2)
    paced.answered(rate)
    return counted_at


def most_within(moments: list[datetime], seconds: float) -> int:
    """The most requests in any window of a vendor that may begin at any moment."""
    window = timedelta(seconds=seconds)
    return max(sum(begin <= at < begin + window for at in moments) for begin in moments)


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.3])
def test_no_window_is_broken_whatever_the_latency(world: World, latency: float) -> None:
    paced, draw = pacer(world), random.Random(1)
    moments = [
        ask(world, paced, lambda: latency * 2 * draw.random(), RATE) for _ in range(400)
    ]
    assert most_within(moments, 1.0) <= 10
    assert most_within(moments, 60.0) <= 150
    # Two full minutes and a start: the pace is kept, not merely low.
    assert (moments[-1] - START).total_seconds() < 200


def test_half_a_minutes_requests_go_at_once_and_the_others_evenly(world: World) -> None:
    rate = Rate("ingestion", steady_per_minute=300)
    paced = pacer(world)
    moments = [ask(world, paced, lambda: 0.0, rate) for _ in range(600)]
    assert moments[149] == START
    pauses = [later - at for at, later in pairwise(moments)]
    assert max(pauses) <= timedelta(seconds=0.41), "and not half a minute at the end"
    assert most_within(moments, 60.0) <= 300
    assert moments[-1] - START <= timedelta(seconds=121)


def test_calls_side_by_side_break_no_window_either(world: World) -> None:
    paced = LedgerPacer("klaviyo", "account-1", world.ledger.transaction, utc_now, time.sleep)
    rate = Rate("compliance", burst_per_second=6)
    moments: list[datetime] = []

    def one(_: int) -> None:
        paced.wait(rate)
        moments.append(utc_now())
        time.sleep(0.05)
        paced.answered(rate)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(one, range(20)))
    assert len(moments) == 20
    assert most_within(moments, 1.0) <= 6


def test_the_next_process_knows_what_the_one_before_it_sent(world: World) -> None:
    moments = []
    for _ in range(30):
        paced = pacer(world)
        moments += [ask(world, paced, lambda: 0.01, RATE) for _ in range(7)]
    assert most_within(moments, 1.0) <= 10
    assert most_within(moments, 60.0) <= 150


def test_who_ends_gives_back_what_is_left_of_a_block(world: World) -> None:
    for _ in range(75):
        paced = pacer(world)
        ask(world, paced, lambda: 0.0, RATE)
        paced.give_back()
        world.clock.sleep(0.2)
    assert world.clock() - START <= timedelta(seconds=0.2 * 76), "one place a round, and not ten"


def test_accounts_and_buckets_do_not_wait_for_each_other(world: World) -> None:
    one, other = pacer(world), pacer(world, "account-2")
    for _ in range(10):
        ask(world, one, lambda: 0.0, RATE)
        ask(world, other, lambda: 0.0, RATE)
        ask(world, one, lambda: 0.0, Rate("lists", burst_per_second=10))
    assert world.clock() == START


def test_a_pause_that_the_vendor_asked_for_outlives_the_process(world: World) -> None:
    pacer(world).block(120)
    ask(world, pacer(world), lambda: 0.0, RATE)
    assert world.clock() == START + timedelta(seconds=120)


def test_a_pause_that_nobody_waits_for_stops_the_request(world: World) -> None:
    paced = pacer(world)
    paced.block(4_000)
    with pytest.raises(RetriableError) as raised:
        paced.wait(RATE)
    assert raised.value.retry_after_seconds == 4_000


def test_rows_that_passed_the_gate_do_not_wait_behind_it(world: World) -> None:
    """Whoever opts out in that time would go out all the same."""
    paced = pacer(world)
    paced.block(30)
    paced.begin_batch()
    with pytest.raises(NotYetError) as raised:
        paced.wait(RATE)
    assert raised.value.seconds == 30
    world.clock.sleep(30)
    paced.wait(RATE)
    paced.answered(RATE)
    paced.block(30)
    paced.wait(RATE)
    assert world.clock() == START + timedelta(seconds=60), "the rest of a batch waits"


@pytest.mark.parametrize("is_same_process", [True, False])
def test_a_clock_set_back_prolongs_no_pause(world: World, is_same_process: bool) -> None:
    paced = pacer(world)
    paced.block(120)
    world.clock.moment -= timedelta(hours=24)
    before = world.clock()
    (paced if is_same_process else pacer(world)).wait(RATE)
    assert world.clock() - before == timedelta(seconds=120)


def test_a_day_is_counted_without_keeping_every_request(world: World) -> None:
    rate = Rate("ingestion", steady_per_minute=300, requests_per_day=1_000)
    paced = pacer(world)
    for _ in range(1_000):
        ask(world, paced, lambda: 0.0, rate)
    with pytest.raises(RetriableError):
        paced.wait(rate)
    world.clock.sleep(86_400)
    paced.wait(rate)


@pytest.mark.parametrize("jump_hours", [-24, -1, 24])
def test_a_clock_that_jumps_makes_nobody_wait_for_it(world: World, jump_hours: int) -> None:
    paced = pacer(world)
    for _ in range(10):
        ask(world, paced, lambda: 0.0, RATE)
    world.clock.moment += timedelta(hours=jump_hours)
    before = world.clock()
    ask(world, paced, lambda: 0.0, RATE)
    assert world.clock() - before <= timedelta(seconds=61)
