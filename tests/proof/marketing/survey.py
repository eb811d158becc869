"""Claim that two captures tell how many orders a channel touched, on surveys nobody tuned on.

What lives here: a generator of orders, clicks and answers of its own, and how often the interval
holds the number that it knows.
What never does: the brand, or a figure worked out by the models.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from tests.proof.harness import Claim, Result, passed
from tests.rendering_models import run_models

# Seeds that nothing was looked at with while the models were written.
QUICK_SEEDS, FULL_SEEDS = range(91_001, 91_003), range(92_101, 92_121)
ORDERS, CHANNELS = 3_000, 60
COVERAGE, BIAS = 0.85, 0.10
_MODELS = ("int_survey_orders", "int_survey_captures")
_GIVEN = """
create schema given;
create table given.int_as_of as select timestamp '2026-10-31 12:00:00' as as_of_at;
create table given.fct_orders as
select 'us:' || number as order_id, 'dtc' as order_scope, false as is_cancelled, is_first_order,
    date '2026-10-01' as order_date from orders;
create table given.stg_web__events as
select 'us' as source_relation, number as shopify_order_id, 'order_completed' as event_name,
    device_type from orders;
create table given.fct_order_credits as
select 'us:' || number as order_id, channel, 'linear' as attribution_model, 1 as credit_ratio
from clicks
union all
select 'us:' || number, last_channel, 'last_non_direct', 1 from orders;
create table given.int_survey_mentions as
select 'us:' || number as order_id, channel, cast(1 as decimal(9, 6)) as mention_ratio
from mentions;
"""


def touched(quick: bool) -> Result:
    """Channels whose true number of touched orders lies between the bounds, and the mean error."""
    held, narrow, errors = [], [], []
    for seed in QUICK_SEEDS if quick else FULL_SEEDS:
        for truth, middle, low, high, inner_low, inner_high in _shop(np.random.default_rng(seed)):
            held.append(low <= truth <= high)
            narrow.append(inner_low <= truth <= inner_high)
            errors.append(middle / truth - 1)
    coverage, bias = float(np.mean(held)), float(np.mean(errors))
    return passed(
        coverage >= COVERAGE and abs(bias) <= BIAS and len(held) >= CHANNELS // 2,
        f"{coverage:.1%} of {len(held)} intervals hold the truth"
        f" ({np.mean(narrow):.1%} of those of the captures alone), bias {bias:+.1%}",
        f"at least {COVERAGE:.0%}, bias within {BIAS:.0%}",
    )


def _shop(rng: np.random.Generator) -> list[tuple[float, ...]]:
    """A shop whose strata answer unequally: truth, estimate and bounds of each channel."""
    number = np.arange(1, ORDERS + 1)
    is_first = rng.random(ORDERS) < 0.5
    is_mobile = rng.random(ORDERS) < 0.6
    last = rng.integers(4, size=ORDERS)
    answered = rng.random(ORDERS) < 0.25 + 0.2 * is_first + 0.15 * is_mobile
    reach = rng.uniform(0.06, 0.3, CHANNELS) * np.where(is_first, 1.3, 0.8)[:, None]
    is_touched = rng.random((ORDERS, CHANNELS)) < reach
    clicked = is_touched & (rng.random(is_touched.shape) < rng.uniform(0.3, 0.8, CHANNELS))
    said = is_touched & (rng.random(is_touched.shape) < rng.uniform(0.35, 0.8, CHANNELS))
    said &= answered[:, None]
    # Who answers names at least something: a word that is no channel of the test.
    rows, names = np.nonzero(said)
    rows = np.concatenate([rows, np.flatnonzero(answered)])
    names = np.concatenate([names, np.full(int(answered.sum()), -1)])
    with duckdb.connect() as connection:
        tables = {
            "orders": {"number": number, "is_first_order": is_first,
                       "device_type": np.where(is_mobile, "mobile", "desktop"),
                       "last_channel": np.char.add("last", last.astype(str))},
            "clicks": {"number": number[np.nonzero(clicked)[0]],
                       "channel": _names(np.nonzero(clicked)[1])},
            "mentions": {"number": number[rows], "channel": _names(names)},
        }  # fmt: skip
        for name, columns in tables.items():
            connection.register(name, pa.table({key: pa.array(v) for key, v in columns.items()}))
        connection.execute(_GIVEN)
        run_models(connection, _MODELS, {"shop_timezone": "UTC"})
        found = connection.execute(
            "select channel, touched_order_count, touched_order_sample_low_count,"
            " touched_order_sample_high_count, touched_order_low_count, touched_order_high_count"
            " from given.int_survey_captures"
            " where lack is null and channel like 'channel%'"
        ).fetchall()
    truth = is_touched.sum(axis=0)
    return [
        (float(truth[int(name.removeprefix("channel"))]), *map(float, bounds))
        for name, *bounds in found
    ]


def _names(places: np.ndarray) -> list[str]:
    return [f"channel{place}" if place >= 0 else "other" for place in places.tolist()]


CLAIMS = [
    Claim("survey_touched", "Clicks and a survey tell how many orders a channel touched", touched),
]  # fmt: skip
