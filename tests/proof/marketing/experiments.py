"""Claims on experiments by region: bounds that hold the truth, on markets that nobody tuned on.

What lives here: a generator of regions of its own, with seasons, drift and spend that follows
demand. The worked examples are unit tests of the models.
What never does: the brand, or a return worked out by the models.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from tests.proof.harness import Claim, Result, passed
from tests.rendering_models import run_models

# Seeds that nothing was looked at with while the models were written.
QUICK_SEEDS, FULL_SEEDS = range(71_000, 71_040), range(72_000, 72_400)
COVERAGE, BIAS, SECONDS = 0.85, 0.10, 10.0
_FIRST = date(2025, 1, 6)
_MODELS = ("int_experiment_geos", "int_experiment_placebos", "fct_experiment_effects")
_PERIODS = pa.schema([
    ("source_relation", pa.string()), ("experiment_id", pa.string()), ("geo", pa.string()),
    ("arm", pa.string()), ("outcome_cents", pa.int64()), ("spend_cents", pa.int64()),
    ("period_date", pa.date32()),
])  # fmt: skip


@dataclass(frozen=True)
class Market:
    """An experiment as it would land, and the return that is true of it."""

    rows: pa.Table
    start: date
    end: date
    incremental_return: float
    naive_return: float  # sales per spend by a line through the weeks before: what demand feigns


def make_market(name: str, rng: np.random.Generator) -> Market:
    """Regions of unequal size whose demand wanders; spend follows demand, and is paused in some."""
    geos, before, test = int(rng.integers(24, 61)), int(rng.integers(26, 53)), 4
    weeks = before + test
    size = rng.lognormal(0, 0.7, geos) * 40_000
    season = 1 + 0.15 * np.sin(2 * np.pi * (np.arange(weeks) + rng.integers(52)) / 52)
    season *= 1 + 0.002 * np.arange(weeks)
    drift = np.zeros((geos, weeks))
    shocks = rng.normal(0, rng.uniform(0.02, 0.05), (geos, weeks))
    for week in range(1, weeks):
        drift[:, week] = 0.6 * drift[:, week - 1] + shocks[:, week]
    demand = size[:, None] * season * np.exp(drift)
    share = rng.uniform(0.05, 0.12)
    spend = share * demand * rng.lognormal(0, 0.1, demand.shape)
    true_return = float(rng.uniform(1.0, 4.0))
    treated = np.zeros(geos, bool)
    treated[rng.permutation(geos)[: geos // 2]] = True
    paused = np.zeros((geos, weeks), bool)
    paused[treated, before:] = True
    spend = np.where(paused, 0.0, spend)
    sales = demand + true_return * spend
    slope = float(np.polyfit(spend[:, :before].sum(axis=0), sales[:, :before].sum(axis=0), 1)[0])
    start = _FIRST + timedelta(weeks=before)
    geo, week = (axis.ravel() for axis in np.indices(sales.shape))
    rows = pa.table([
        pa.array(["lab"] * sales.size), pa.array([name] * sales.size),
        pa.array([f"geo{place:02}" for place in geo]),
        pa.array(np.where(treated[geo], "treated", "control")),
        pa.array(np.rint(sales.ravel() * 100).astype(np.int64)),
        pa.array(np.rint(spend.ravel() * 100).astype(np.int64)),
        pa.array([_FIRST + timedelta(weeks=int(each)) for each in week], pa.date32()),
    ], schema=_PERIODS)  # fmt: skip
    return Market(rows, start, start + timedelta(weeks=test, days=-1), true_return, slope)


def read_markets(markets: list[Market]) -> list[tuple[float, float, float, float]]:
    """Truth, estimate and bounds of each market, by the models."""
    with duckdb.connect() as connection:
        connection.register("periods", pa.concat_tables([market.rows for market in markets]))
        heads = [
            (f"m{place}", market.start, market.end) for place, market in enumerate(markets)
        ]
        connection.execute("create schema given")
        connection.execute(
            "create table given.int_as_of as select timestamp '2026-10-31 12:00' as as_of_at;"
            "create table given.stg_experiments__experiments (source_relation varchar,"
            " experiment_id varchar, channel varchar, tactic varchar, start_date date,"
            " end_date date)"
        )
        connection.executemany(
            "insert into given.stg_experiments__experiments values ('lab', ?, 'm', 'all', ?, ?)",
            heads,
        )
        connection.execute(
            "create table given.stg_experiments__geo_periods as select source_relation,"
            " experiment_id, geo, arm, period_date,"
            " cast(cast(outcome_cents as decimal(18, 0)) * 0.01 as decimal(18, 4))"
            " as outcome_amount,"
            " cast(cast(spend_cents as decimal(18, 0)) * 0.01 as decimal(18, 4)) as spend_amount"
            " from periods"
        )
        run_models(connection, _MODELS, {"shop_timezone": "UTC"})
        found = dict(
            (name, tuple(map(float, bounds)))
            for name, *bounds in connection.execute(
                "select experiment_id, incremental_return_on_spend,"
                " incremental_return_on_spend_low, incremental_return_on_spend_high"
                " from given.fct_experiment_effects where decision = 'ESTIMATED'"
            ).fetchall()
        )
    return [
        (market.incremental_return, *found[f"lab:m{place}"])  # type: ignore[misc]
        for place, market in enumerate(markets)
    ]


def coverage(quick: bool) -> Result:
    """How often the bounds hold the true return, how far off the middle is, how long it takes."""
    seeds = QUICK_SEEDS if quick else FULL_SEEDS
    held, errors, naive, seconds = [], [], [], 0.0
    for first in range(seeds.start, seeds.stop, 40):
        batch = [
            make_market(f"m{place}", np.random.default_rng(seed))
            for place, seed in enumerate(range(first, min(first + 40, seeds.stop)))
        ]
        started = time.monotonic()
        for truth, middle, low, high in read_markets(batch):
            held.append(low <= truth <= high)
            errors.append(middle / truth - 1)
        seconds += time.monotonic() - started
        naive += [market.naive_return / market.incremental_return - 1 for market in batch]
    share, bias, each = float(np.mean(held)), float(np.mean(errors)), seconds / len(held)
    return passed(
        share >= COVERAGE and abs(bias) <= BIAS and each <= SECONDS and len(held) == len(seeds),
        f"{share:.1%} of {len(held)} intervals hold the truth, bias {bias:+.1%} (a line through the"
        f" weeks before: {np.mean(naive):+.0%}), {each:.2f} s each",
        f"at least {COVERAGE:.0%}, bias within {BIAS:.0%}, {SECONDS:.0f} s",
    )


CLAIMS = [
    Claim("geo_coverage", "Bounds of an experiment by region hold the true return", coverage),
]  # fmt: skip
