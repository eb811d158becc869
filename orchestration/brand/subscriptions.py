"""Subscriptions: which repeat orders a subscription made, and the charges that made none.

What lives here: who subscribed to what, at which interval, and how each subscription ended.
What never does: new orders (a paid cycle is an order that ``orders.py`` drew), files.

A run is the orders of one account that hold one kind of consumable, online and for the customer
herself, none more than ``LONGEST_PAUSE`` of the interval after the one before. A subscribed run is
one subscription; each of its orders is a paid cycle, and where its product is another one than
before, she swapped it. Where a pause is longer than the interval, the cycles between were skipped.
After the last cycle one of four things happened: the customer cancelled, her card failed until the
tool gave up, the agreed number of charges was reached, or the subscription is still there, with
what was due since then skipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.brand.arrays import Bools, Ints, repeats
from orchestration.brand.catalogue import Catalogue
from orchestration.brand.fulfilment import NEVER
from orchestration.brand.order_lines import Lines
from orchestration.brand.orders import ABROAD_ACCOUNT, ACCOUNTS, DTC, ONLINE, Heads
from orchestration.brand.window import DAY, Window

CONSUMABLES = ("Serum", "Cleanser", "Moisturiser", "Candle")
INTERVAL_DAYS = (30, 60, 90)
INTERVAL_SHARES = (0.2, 0.4, 0.4)
SUBSCRIBED_RUN, SUBSCRIBED_ORDER = 0.6, 0.04
# Tenths of the interval, so that whole numbers decide.
LONGEST_PAUSE = 44
MOST_SKIPPED = 3
# Two cycles never share a day, whatever the card needed.
SHORTEST_PAUSE_DAYS, RETRY_DAYS, MOST_ATTEMPTS = 7, 3, 8
ACTIVE, CANCELLED, EXPIRED = range(3)
SKIPPED, FAILED, QUEUED = range(3)
REASONS = (
    "I have more than I need", "This is too expensive", "I want another product",
    "I no longer use this product", "Max number of charge attempts reached",
)
_GAVE_UP = len(REASONS) - 1
_CANCEL, _FAIL, _EXPIRE, _KEEP = range(4)


@dataclass(frozen=True)
class Cycles:
    """One row per subscription and order that it made, by subscription and time."""

    subscription: Ints
    line: Ints
    order: Ints
    number: Ints  # from 1


@dataclass(frozen=True)
class Unpaid:
    """One row per charge without an order: SKIPPED, FAILED or QUEUED."""

    subscription: Ints
    kind: Ints
    due: Ints  # midnight
    created_at: Ints
    attempts: Ints
    tried_at: Ints  # NEVER where nobody tried
    retry_at: Ints  # NEVER where nobody will


@dataclass(frozen=True)
class Subscriptions:
    """One row per subscription of a chunk; times in UTC seconds, NEVER for none.

    Product, price and quantity are those of the newest paid cycle.
    """

    person: Ints
    account: Ints
    shop: Ints
    sku: Ints
    price: Ints  # minor units as the shop shows it
    quantity: Ints
    interval_days: Ints
    state: Ints
    reason: Ints  # row of REASONS, -1 none
    charge_limit: Ints  # 0 none
    started_at: Ints
    cancelled_at: Ints
    next_at: Ints
    changed_at: Ints
    cycles: Cycles
    unpaid: Unpaid

    @property
    def count(self) -> int:
        return len(self.person)


def make_subscriptions(
    heads: Heads, lines: Lines, catalogue: Catalogue, window: Window, rng: np.random.Generator
) -> Subscriptions:
    """Who subscribed to what, and what became of it."""
    line, group = _candidates(heads, lines, catalogue)
    at = heads.at[lines.order[line]]
    interval = rng.choice(INTERVAL_DAYS, len(line), p=INTERVAL_SHARES)
    # All rows of a group have the draw of its first.
    interval = interval[np.searchsorted(group, group)] if len(group) else interval
    pause = np.diff(at, prepend=0)
    begins = ~repeats(group) | (pause * 10 > interval * DAY * LONGEST_PAUSE)
    run = np.cumsum(begins) - 1
    length = np.bincount(run)
    chance = np.where(length > 1, SUBSCRIBED_RUN, SUBSCRIBED_ORDER)
    chosen = (rng.random(len(length)) < chance)[run]
    line, at, interval, pause, begins = (
        each[chosen] for each in (line, at, interval, pause, begins)
    )
    first = np.flatnonzero(begins)
    ends = np.append(first, len(line))[1:] - 1
    subscription = np.cumsum(begins) - 1
    cycles = Cycles(
        subscription=subscription, line=line, order=lines.order[line],
        number=np.arange(len(line)) - first[subscription] + 1,
    )
    between = _skipped_between(subscription, at, pause, interval, begins)
    return _ended(heads, lines, cycles, interval[first], ends, between, window, rng)


def _candidates(heads: Heads, lines: Lines, catalogue: Catalogue) -> tuple[Ints, Ints]:
    """Lines that a subscription may have made, by account, kind and time, and their group."""
    kinds = np.array(catalogue.product_type)
    kind = np.select([kinds == word for word in CONSUMABLES], range(len(CONSUMABLES)), -1)
    order = lines.order
    able = (heads.scope == DTC) & (heads.channel == ONLINE) & ~heads.is_gift
    able &= (heads.account >= 0) & (heads.account <= ABROAD_ACCOUNT)
    line = np.flatnonzero(able[order] & (kind[lines.sku] >= 0) & (lines.price > 0))
    owner = heads.person[order[line]] * ACCOUNTS + heads.account[order[line]]
    group = owner * len(CONSUMABLES) + kind[lines.sku[line]]
    at = heads.at[order[line]]
    place = np.lexsort((line, at, group))
    line, group, at = line[place], group[place], at[place]
    apart = ~repeats(group) | (np.diff(at, prepend=0) >= SHORTEST_PAUSE_DAYS * DAY)
    return line[apart], group[apart]


def _skipped_between(
    subscription: Ints, at: Ints, pause: Ints, interval: Ints, begins: Bools
) -> Unpaid:
    """The cycles that were due in a pause longer than the interval."""
    step = interval * DAY
    missed = np.where(begins, 0, np.maximum((pause + step // 2) // step - 1, 0))
    return _skipped(subscription, at - np.where(begins, 0, pause), interval, missed)


def _skipped(subscription: Ints, since: Ints, interval: Ints, missed: Ints) -> Unpaid:
    row = np.repeat(np.arange(len(missed)), missed)
    place = np.arange(len(row)) - np.repeat(np.cumsum(missed) - missed, missed)
    due = _midnight(since[row] + (place + 1) * interval[row] * DAY)
    return _unpaid(subscription[row], SKIPPED, due, since[row] + place * interval[row] * DAY)


def _ended(
    heads: Heads, lines: Lines, cycles: Cycles, interval: Ints, ends: Ints, between: Unpaid,
    window: Window, rng: np.random.Generator,
) -> Subscriptions:
    """What happened after the last cycle."""
    count = len(ends)
    last_line, last = cycles.line[ends], heads.at[cycles.order[ends]]
    step = interval * DAY
    missed = np.maximum((window.end - last) // step, 0)
    draw = rng.random(count)
    fate = np.select([draw < 0.5, draw < 0.64, draw < 0.7], [_CANCEL, _FAIL, _EXPIRE], _KEEP)
    # Before a later run of the same product more than MOST_SKIPPED are missed: it ended.
    fate = np.where((fate == _KEEP) & (missed > MOST_SKIPPED), _CANCEL, fate)
    stops = last + (step * rng.uniform(0.05, 0.9, count)).astype(np.int64)
    why = rng.integers(0, _GAVE_UP, count)
    due = _midnight(last + step)
    patience = MOST_ATTEMPTS * RETRY_DAYS * DAY
    # What would lie after the brand's last day has not happened.
    fate = np.where((fate == _CANCEL) & (stops > window.end), _KEEP, fate)
    fate = np.where((fate == _FAIL) & (due > window.end), _KEEP, fate)
    gives_up = (fate == _FAIL) & (due + patience <= window.end)
    kept = np.flatnonzero(fate == _KEEP)
    later = _skipped(kept, last[kept], interval[kept], missed[kept])
    next_at = np.where(fate == _KEEP, _midnight(last + (missed + 1) * step), NEVER)
    queued = _unpaid(kept, QUEUED, next_at[kept], last[kept] + missed[kept] * step[kept])
    failed = _failed(np.flatnonzero(fate == _FAIL), due, gives_up, last, window)
    next_at[failed.subscription] = failed.retry_at
    cancelled_at = np.select([fate == _CANCEL, gives_up], [stops, due + patience], NEVER)
    started = np.flatnonzero(cycles.number == 1)
    order = cycles.order[started]
    unpaid = _together(between, later, queued, failed)
    changed_at = last.copy()
    tried = np.where(unpaid.tried_at < NEVER, unpaid.tried_at, unpaid.created_at)
    np.maximum.at(changed_at, unpaid.subscription, tried)
    return Subscriptions(
        person=heads.person[order], account=heads.account[order], shop=heads.shop[order],
        sku=lines.sku[last_line], price=lines.price[last_line],
        quantity=lines.quantity[last_line], interval_days=interval,
        state=np.select([cancelled_at < NEVER, fate == _EXPIRE], [CANCELLED, EXPIRED], ACTIVE),
        reason=np.select([fate == _CANCEL, gives_up], [why, _GAVE_UP], -1),
        charge_limit=np.where(fate == _EXPIRE, cycles.number[ends], 0),
        started_at=heads.at[order], cancelled_at=cancelled_at, next_at=next_at,
        changed_at=np.where(cancelled_at < NEVER, cancelled_at, changed_at),
        cycles=cycles, unpaid=unpaid,
    )


def _failed(row: Ints, due: Ints, gives_up: Bools, last: Ints, window: Window) -> Unpaid:
    """Cards that were refused; the tool tries again every few days until it gives up."""
    tried = np.minimum((window.end - due[row]) // (RETRY_DAYS * DAY) + 1, MOST_ATTEMPTS)
    tried_at = due[row] + (tried - 1) * RETRY_DAYS * DAY
    unpaid = _unpaid(row, FAILED, due[row], last[row])
    return Unpaid(
        subscription=unpaid.subscription, kind=unpaid.kind, due=unpaid.due,
        created_at=unpaid.created_at, attempts=tried, tried_at=tried_at,
        retry_at=np.where(gives_up[row], NEVER, tried_at + RETRY_DAYS * DAY),
    )


def _unpaid(subscription: Ints, kind: int, due: Ints, created_at: Ints) -> Unpaid:
    count = len(subscription)
    never = np.full(count, NEVER)
    return Unpaid(subscription, np.full(count, kind), due, created_at, np.zeros(count, np.int64),
                  never, never)


def _together(*parts: Unpaid) -> Unpaid:
    names = ("subscription", "kind", "due", "created_at", "attempts", "tried_at", "retry_at")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    place = np.lexsort((whole["due"], whole["subscription"]))
    return Unpaid(**{name: values[place] for name, values in whole.items()})


def _midnight(seconds: Ints) -> Ints:
    return np.asarray(seconds // DAY * DAY)
