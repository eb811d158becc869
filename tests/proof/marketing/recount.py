"""A second way to every credit: paths walked visit by visit, the chain solved as a linear system.

What lives here: the rules of paths and models, written once more in Python.
What never does: an import from the models or a figure of theirs but visits, orders and credits.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.proof.marketing.world import World

LOOKBACK, MERGED, MOST = timedelta(days=30), timedelta(minutes=30), 20
HALF_LIFE = timedelta(days=7)
# Shares are rounded to millionths, and the largest remainders get one more.
ROUNDING = 1.000001e-6

_VISITS = """
select coalesce(sessions.customer_id, sessions.source_relation || '|' || sessions.anonymous_id),
    coalesce(touches.touch_id, sessions.session_id), sessions.channel,
    coalesce(sessions.campaign_id, sessions.utm_campaign), sessions.started_at
from attribution.fct_sessions as sessions
left join attribution.fct_touches as touches using (session_id)
"""
_ORDERS = """
select customer_id, order_id, ordered_at, order_scope = 'dtc' and not is_cancelled
from commerce.fct_orders where customer_id is not null
"""
_CREDITS = """
select attribution_model, order_id, touch_id, credit_ratio::double
from attribution.fct_order_credits where order_id like '{shop}%'
"""


@dataclass(frozen=True)
class Visit:
    touch_id: str
    channel: str
    campaign: str | None
    at: datetime


@dataclass
class Path:
    """Visits that led to ``order_id``, or to none before the lookback was over."""

    is_new: bool
    order_id: str | None
    ended_at: datetime
    visits: list[Visit]

    @property
    def kept(self) -> list[Visit]:
        merged = self.merged
        others = [visit for visit in merged if visit.channel != "direct"]
        return (others or merged)[-MOST:]

    @property
    def merged(self) -> list[Visit]:
        by_name = sorted(self.visits, key=lambda visit: visit.touch_id, reverse=True)
        ordered = sorted(by_name, key=lambda visit: visit.at)
        return [
            visit for place, visit in enumerate(ordered)
            if not any(
                later.at - visit.at < MERGED
                and (later.channel, later.campaign) == (visit.channel, visit.campaign)
                for later in ordered[place + 1:]
            )
        ]  # fmt: skip


def differences(home: World, shop: str = "") -> tuple[int, list[str]]:
    """How many credits were compared, and those that are not what a recount gives."""
    as_of = home.rows("select as_of_at from intermediate.int_as_of")[0][0]
    paths = list(_paths(home.rows(_VISITS), home.rows(_ORDERS), as_of))
    effects = {is_new: removal_effects([one for one in paths if one.is_new == is_new])
               for is_new in (True, False)}  # fmt: skip
    expected: dict[tuple[str, str, str | None], float] = {}
    for path in paths:
        if path.order_id is not None and path.order_id.startswith(shop):
            for model, touch_id, share in _shares(path, effects[path.is_new]):
                expected[model, path.order_id, touch_id] = share
    found = {(model, order, touch): ratio
             for model, order, touch, ratio in home.rows(_CREDITS.replace("{shop}", shop))
             if touch is not None}  # fmt: skip
    wrong = [
        f"{key}: {found.get(key)} is not {share}"
        for key, share in expected.items()
        if abs(found.get(key, 0.0) - share) > ROUNDING
    ]
    return len(expected), wrong + [f"{key} is credited" for key in found.keys() - expected.keys()]


def _paths(
    visits: Iterable[Sequence[Any]], orders: Iterable[Sequence[Any]], as_of: datetime
) -> Iterator[Path]:
    visits_of: dict[str, list[Visit]] = defaultdict(list)
    orders_of: dict[str, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for visitor, *visit in visits:
        visits_of[visitor].append(Visit(*visit))
    for customer, order_id, ordered_at, is_counted in orders:
        orders_of[customer].append((ordered_at, order_id, is_counted))
    for visitor, made in visits_of.items():
        left = sorted(made, key=lambda visit: (visit.at, visit.touch_id))
        is_new = True
        for ordered_at, order_id, is_counted in sorted(orders_of.get(visitor, ())):
            before = [visit for visit in left if visit.at <= ordered_at]
            left = left[len(before):]
            used = [visit for visit in before if visit.at >= ordered_at - LOOKBACK]
            yield from _lost(before[: len(before) - len(used)], is_new, as_of)
            if used:
                yield Path(is_new, order_id, ordered_at, used)
            is_new = is_new and not is_counted
        yield from _lost(left, is_new, as_of)


def _lost(visits: Sequence[Visit], is_new: bool, as_of: datetime) -> Iterator[Path]:
    """Paths without an order; those that may still have one tell nothing."""
    held: list[Visit] = []
    for visit, following in itertools.zip_longest(visits, visits[1:]):
        held.append(visit)
        if following is None or following.at - visit.at > LOOKBACK:
            if visit.at + LOOKBACK <= as_of:
                yield Path(is_new, None, visit.at, held)
            held = []


def removal_effects(paths: Sequence[Path]) -> Mapping[str, float]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for path in paths:
        states = ["(start)", *(visit.channel for visit in path.kept)]
        for step in itertools.pairwise([*states, "(ordered)" if path.order_id else "(lost)"]):
            counts[step] += 1
    channels = sorted({state for state, _ in counts} - {"(start)"})
    leaving: dict[str, int] = defaultdict(int)
    for (state, _), count in counts.items():
        leaving[state] += count

    def chance(removed: str | None) -> float:
        kept = [channel for channel in channels if channel != removed]
        steps = np.array([[counts[a, b] / leaving[a] for b in kept] for a in kept])
        ordered = np.array([counts[channel, "(ordered)"] / leaving[channel] for channel in kept])
        solved = np.linalg.solve(np.eye(len(kept)) - steps, ordered)
        starts = [counts["(start)", channel] / leaving["(start)"] for channel in kept]
        return float(np.dot(starts, solved))

    whole = chance(None)
    return {channel: 1 - chance(channel) / whole for channel in channels}


def _shares(path: Path, effects: Mapping[str, float]) -> Iterator[tuple[str, str, float]]:
    kept, count = path.kept, len(path.kept)
    times = defaultdict(int)
    for visit in kept:
        times[visit.channel] += 1
    yield "last_touch", path.merged[-1].touch_id, 1.0
    yield "last_non_direct", kept[-1].touch_id, 1.0
    yield "first_touch", kept[0].touch_id, 1.0
    decay = [2.0 ** (-((path.ended_at - visit.at) / HALF_LIFE)) for visit in kept]
    total = sum(effects[channel] for channel in times)
    for place, visit in enumerate(kept):
        yield "linear", visit.touch_id, 1 / count
        yield "time_decay", visit.touch_id, decay[place] / sum(decay)
        yield "shapley", visit.touch_id, 1 / len(times) / times[visit.channel]
        yield "markov_order", visit.touch_id, effects[visit.channel] / total / times[visit.channel]
        if count <= 2:
            yield "position_based", visit.touch_id, 1 / count
        else:
            at_end = place in (0, count - 1)
            yield "position_based", visit.touch_id, 0.4 if at_end else 0.2 / (count - 2)
