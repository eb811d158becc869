"""The worked example of attribution: 140 orders and 760 lost paths, every number of it compared.

What lives here: the paths, the numbers worked out on paper, and the linear solve and full sum over
coalitions that they are held against.
What never does: a number taken from what the models said.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tests.proof.harness import Result, passed
from tests.proof.marketing.world import CREDITS, World, world

# Path → how many of it ended in an order, and how many did not.
PATHS: Mapping[tuple[str, ...], tuple[int, int]] = {
    ("meta", "google", "email"): (30, 70),
    ("meta", "email"): (20, 80),
    ("google",): (40, 160),
    ("tiktok", "meta", "google"): (10, 90),
    ("email",): (25, 75),
    ("meta",): (15, 285),
}
CHANNELS = ("meta", "google", "email", "tiktok")
ORDERS = 140
REPLICATES = 200
# Model → meta, google, email, tiktok, as printed; half a unit of the last digit is allowed.
PRINTED: Mapping[str, tuple[str, ...]] = {
    "first_touch": ("65", "40", "25", "10"),
    "last_touch": ("15", "50", "75", "0"),
    "last_non_direct": ("15", "50", "75", "0"),
    "linear": ("38.3333", "53.3333", "45.0000", "3.3333"),
    "shapley": ("38.3333", "53.3333", "45.0000", "3.3333"),
    "position_based": ("39.0", "50.0", "47.0", "4.0"),
    "markov_aggregate": ("45.1300", "43.6742", "43.6742", "7.5217"),
    "markov_order": ("40.0689", "54.4241", "44.7262", "0.7809"),
}
REMOVAL = ("0.553571", "0.535714", "0.535714", "0.092262")
# Touches 14, 7 and 0 days before the order.
DECAY = {"meta": 0.142857, "google": 0.285714, "email": 0.571429}
# What rounding each order to a millionth may add up to.
ROUNDING = ORDERS * 1e-6

_TABLES = (
    "create schema if not exists commerce",
    "create schema if not exists attribution",
    "create schema if not exists intermediate",
    "create or replace table intermediate.int_as_of as select timestamp '2026-12-01' as as_of_at",
    """create or replace table mta_paths as
    select * from (values {paths}) as paths (path, ordered_count, lost_count)""",
    """create or replace table mta_visitors as
    select path, string_split(path, '>') as channels,
        'cus_' || path || '_' || number as customer_id, number <= ordered_count as is_ordered
    from mta_paths, unnest(range(1, ordered_count + lost_count + 1)) as numbers (number)""",
    """create or replace table commerce.fct_orders as
    select 'shop:' || customer_id as order_id, customer_id, 'dtc' as order_scope,
        false as is_cancelled, date '2026-06-15' as order_date,
        timestamp '2026-06-15 12:00:00' as ordered_at
    from mta_visitors where is_ordered""",
    # The last touch lies at the order, each one before it a week earlier.
    """create or replace table attribution.fct_touches as
    select md5(customer_id || place) as touch_id, customer_id, channels[place] as channel,
        null::varchar as campaign_id, null::varchar as ad_id, null::varchar as utm_campaign,
        timestamp '2026-06-15 12:00:00' - to_days(7 * (len(channels) - place)::integer)
            as touched_at
    from mta_visitors, unnest(range(1, len(channels) + 1)) as places (place)""",
    """create or replace table attribution.fct_sessions as
    select touch_id as session_id, 'shop' as source_relation, customer_id as anonymous_id,
        customer_id, channel, campaign_id, utm_campaign, touched_at as started_at
    from attribution.fct_touches""",
)
_CHANNELS = """
select attribution_model, channel, credited_order_count::double, removal_effect_ratio::double,
    credited_order_low_count::double, credited_order_high_count::double
from attribution.fct_channel_credits
"""
_WEIGHTS = """
select attribution_model, channel, sum(weight)
from (
    select attribution_model, touch_id,
        credit_weight::double / sum(credit_weight) over (partition by attribution_model, order_id)
            as weight
    from attribution.int_credit_weights
)
inner join attribution.fct_touches using (touch_id)
group by all
"""
_DECAY = """
select distinct channel, credit_ratio::double
from attribution.fct_order_credits
where attribution_model = 'time_decay' and order_id like 'shop:cus_meta>google>email%'
"""


def worked_example(quick: bool) -> Result:
    """Published credits as printed; what they are rounded from beside exact sums, to 1e-9."""
    del quick
    home = built()
    published = {(model, channel): row for model, channel, *row in home.rows(_CHANNELS)}
    wrong = [
        f"{model} {channel}: {found}"
        for model, channel, printed, found in _compared(published)
        if abs(found - float(printed)) > _last_digit(printed) + ROUNDING
    ]
    weights = {(model, channel): share for model, channel, share in home.rows(_WEIGHTS)}
    exact = {**_exact(), **_exact_by_channel()}
    gaps = [abs(weights.get(key, 0.0) - value) for key, value in exact.items()]
    effects = removal_effects()
    gaps += [abs(published["markov_order", channel][1] - effects[channel]) - 5e-7
             for channel in CHANNELS]  # fmt: skip
    decay = dict(home.rows(_DECAY))
    wrong += [f"decay {channel}" for channel, share in DECAY.items() if decay[channel] != share]
    count = sum(map(len, PRINTED.values())) + len(REMOVAL) + len(DECAY)
    return passed(
        not wrong and max(gaps) < 1e-9,
        f"{count - len(wrong)} of {count} printed numbers, {len(exact)} exact sums within "
        f"{max(max(gaps), 0):.0e}" + (f"; {', '.join(wrong)[:80]}" if wrong else ""),
        "all as printed, exact sums within 1e-9",
    )


def intervals(quick: bool) -> Result:
    """The 5th and 95th percentile of last_touch, drawn and ranked in Python."""
    del quick
    home = built()
    last = {channel: row for model, channel, *row in home.rows(_CHANNELS) if model == "last_touch"}
    visitors = home.rows("select customer_id, channels[-1] from mta_visitors where is_ordered")
    drawn = {channel: [0] * REPLICATES for channel in CHANNELS}
    for customer, channel in visitors:
        for replicate in range(1, REPLICATES + 1):
            drawn[channel][replicate - 1] += poisson_weight(f"{customer}|{replicate}")
    wrong = [
        channel
        for channel, row in last.items()
        if (row[2], row[3]) != tuple(_percentile(drawn[channel], share) for share in (0.05, 0.95))
    ]
    google = last["google"]
    return passed(
        not wrong and len(last) == 3,
        f"{len(last) - len(wrong)} of {len(last)} channels; google 50 ({google[2]:.0f}–"
        f"{google[3]:.0f}), {REPLICATES} replicates of {len(visitors)} customers",
        "equal",
    )


def poisson_weight(text: str) -> int:
    """Poisson(1) by inverse of its distribution, of the first 52 bits of an MD5 as a share of 1."""
    uniform = int(hashlib.md5(text.encode()).hexdigest()[:13], 16) / 2**52
    cumulated, weight = 0.0, -1
    while cumulated <= uniform and weight < 10:
        weight += 1
        cumulated = math.fsum(math.exp(-1) / math.factorial(k) for k in range(weight + 1))
    return weight


@functools.lru_cache(maxsize=1)
def built() -> World:
    """The shared home with the paths put in as touches and orders, and every credit built."""
    paths = ", ".join(
        f"('{'>'.join(path)}', {ordered}, {lost})" for path, (ordered, lost) in PATHS.items()
    )
    home = world()
    home.put(statement.replace("{paths}", paths) for statement in _TABLES)
    home.build(*CREDITS)
    return home


def removal_effects() -> dict[str, float]:
    """1 − P(order without the channel) / P(order), each from a linear system solved whole."""
    whole = _order_probability(None)
    return {channel: 1 - _order_probability(channel) / whole for channel in CHANNELS}


def _compared(
    published: Mapping[tuple[str, str], Sequence[float]],
) -> Iterator[tuple[str, str, str, float]]:
    nothing = (0.0, 0.0)
    for model, row in PRINTED.items():
        for channel, printed in zip(CHANNELS, row, strict=True):
            yield model, channel, printed, published.get((model, channel), nothing)[0]
    for channel, printed in zip(CHANNELS, REMOVAL, strict=True):
        yield "removal effect", channel, printed, published["markov_order", channel][1]


def _last_digit(printed: str) -> float:
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def _order_probability(removed: str | None) -> float:
    counts: dict[tuple[str, str], int] = {}
    for path, (ordered, lost) in PATHS.items():
        steps = itertools.pairwise(("start", *path))
        for step in steps:
            counts[step] = counts.get(step, 0) + ordered + lost
        counts[path[-1], "ordered"] = counts.get((path[-1], "ordered"), 0) + ordered
        counts[path[-1], "lost"] = counts.get((path[-1], "lost"), 0) + lost

    def share(from_state: str, to_state: str) -> float:
        leaving = sum(count for (state, _), count in counts.items() if state == from_state)
        return counts.get((from_state, to_state), 0) / leaving

    kept = [channel for channel in CHANNELS if channel != removed]
    steps_between = np.array([[share(one, other) for other in kept] for one in kept])
    to_order = np.array([share(channel, "ordered") for channel in kept])
    chances = np.linalg.solve(np.eye(len(kept)) - steps_between, to_order)
    return float(np.dot([share("start", channel) for channel in kept], chances))


def _summed(share: Callable[[tuple[str, ...]], Mapping[str, float]]) -> dict[str, float]:
    total = dict.fromkeys(CHANNELS, 0.0)
    for path, (ordered, _) in PATHS.items():
        for channel, part in share(path).items():
            total[channel] += ordered * part
    return total


def _exact() -> dict[tuple[str, str], float]:
    """Models of places in the path; no path visits a channel twice."""
    def position(path: tuple[str, ...]) -> Mapping[str, float]:
        if len(path) <= 2:
            return {channel: 1 / len(path) for channel in path}
        middle = 0.2 / (len(path) - 2)
        return {channel: 0.4 if place in (0, len(path) - 1) else middle
                for place, channel in enumerate(path)}  # fmt: skip

    def decay(path: tuple[str, ...]) -> Mapping[str, float]:
        weights = [2.0 ** (place + 1 - len(path)) for place in range(len(path))]
        return {one: weight / sum(weights) for one, weight in zip(path, weights, strict=True)}

    models: Mapping[str, Callable[[tuple[str, ...]], Mapping[str, float]]] = {
        "first_touch": lambda path: {path[0]: 1.0},
        "last_touch": lambda path: {path[-1]: 1.0},
        "linear": lambda path: {channel: 1 / len(path) for channel in path},
        "position_based": position,
        "time_decay": decay,
    }
    return {(model, channel): credit for model, share in models.items()
            for channel, credit in _summed(share).items()}  # fmt: skip


def _exact_by_channel() -> dict[tuple[str, str], float]:
    """Shapley by the sum over all coalitions; Markov by the effects of the linear systems."""
    effects = removal_effects()
    markov = _summed(
        lambda path: {one: effects[one] / sum(effects[other] for other in path) for one in path}
    )
    exact = {("markov_order", channel): credit for channel, credit in markov.items()}
    whole = math.factorial(len(CHANNELS))
    for channel in CHANNELS:
        others = [other for other in CHANNELS if other != channel]
        exact["shapley", channel] = sum(
            math.factorial(size) * math.factorial(len(others) - size) / whole
            * (_value({*coalition, channel}) - _value(set(coalition)))
            for size in range(len(CHANNELS))
            for coalition in itertools.combinations(others, size)
        )  # fmt: skip
    return exact


def _value(coalition: set[str]) -> int:
    return sum(ordered for path, (ordered, _) in PATHS.items() if set(path) <= coalition)


def _percentile(values: Sequence[int], share: float) -> float:
    """Nearest rank."""
    return float(sorted(values)[math.ceil(share * len(values)) - 1])
