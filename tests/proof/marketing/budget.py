"""Claims on next week's money: worked numbers, the best move within the bounds, and what it risks.

What lives here: accounts whose curves are known, run through the models, and their best move found
by another way; a recording whose sums are told by SQL.
What never does: an optimum, an interval or a return that the models worked out.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.proof.harness import Claim, Result, passed
from tests.rendering_models import model_sql
from tests.support import SHARED_DATA

Floats = NDArray[np.float64]

# Seeds that nothing was looked at with while the models were written.
KNOWN_QUICK, KNOWN_FULL = range(61_000, 61_020), range(62_000, 62_500)
READ_QUICK, READ_FULL = range(63_000, 63_020), range(64_000, 64_500)
DRAWN_QUICK, DRAWN_FULL = range(65_000, 65_005), range(66_000, 66_060)
REGRET, NEGATIVE, WIDTH = 0.03, 0.10, 0.10
WEEKS, LOW, HIGH = 26, 0.3, 0.95
BOUNDS = {"E2": 0.1, "E3": 0.2, "E4": 0.2}
CURVES = ("int_response_curves", "fct_response_curves")
BUDGET = ("int_budget_optima", "int_budget_changes", "fct_budget_recommendations")
ROBYN = SHARED_DATA / "robyn" / "dt_simulated_weekly.csv"
_TYPES = {
    "weekly_spend_amount": "decimal(18, 4)", "weekly_sales_amount": "decimal(18, 4)",
    "elasticity": "decimal(18, 6)", "elasticity_error": "decimal(18, 6)",
    "return_log_error": "decimal(18, 6)", "cm2_ratio": "decimal(18, 6)",
}  # fmt: skip


@dataclass(frozen=True)
class Account:
    """Channels of a brand: what a week costs and sells, how it answers, how well that is known."""

    spend: Floats
    sales: Floats
    elasticity: Floats
    margin: Floats
    levels: tuple[str, ...]

    def sales_at(self, spend: Floats) -> Floats:
        return self.sales * (spend / self.spend) ** self.elasticity

    def cm2(self, spend: Floats) -> float:
        return float((self.margin * self.sales_at(spend)).sum())

    @property
    def names(self) -> list[str]:
        return [f"channel{place}" for place in range(len(self.spend))]

    @property
    def bound(self) -> Floats:
        return np.array([BOUNDS[level] for level in self.levels])


REALLOC_01 = Account(
    np.array([10_000.0, 4_000.0]), np.array([30_000.0, 16_000.0]), np.array([0.6, 0.7]),
    np.array([0.45, 0.45]), ("E4", "E4"),
)  # fmt: skip


def make_account(rng: np.random.Generator) -> Account:
    count = int(rng.integers(2, 8))
    spend = np.round(rng.lognormal(np.log(8_000), 1.0, count), 4)
    return Account(
        spend, np.round(spend * rng.uniform(1.0, 6.0, count), 4),
        np.round(rng.uniform(0.4, 0.9, count), 6), np.round(rng.uniform(0.25, 0.6, count), 6),
        tuple(rng.choice(list(BOUNDS), count).tolist()),
    )  # fmt: skip


def best_within_bounds(account: Account, least: Floats, most: Floats) -> Floats:
    """Spend of each channel by halving the price of the next unit until the budget is spent."""
    first = account.margin * account.elasticity * account.sales / account.spend

    def spend_at(price: float) -> Floats:
        wanted = account.spend * (first / price) ** (1 / (1 - account.elasticity))
        return np.clip(wanted, least, most)

    low, high = 1e-9, 1e9
    for _ in range(300):
        middle = float(np.sqrt(low * high))
        if spend_at(middle).sum() > account.spend.sum():
            low = middle
        else:
            high = middle
    return spend_at(high)


def worked_example(quick: bool) -> Result:
    """realloc_01, every number that it prints."""
    del quick
    with world() as connection:
        put_curves(connection, REALLOC_01, np.zeros(2), np.zeros(2))
        run(connection, BUDGET)
        found = connection.execute("""
            select list(optimum_spend_amount order by channel)::double[],
                list(recommended_spend_amount order by channel)::double[],
                max(optimum_marginal_return_on_spend), min(optimum_marginal_return_on_spend),
                sum(optimum_sales_amount), sum(candidate_sales_amount),
                sum(cm2_ratio * (optimum_sales_amount - weekly_sales_amount))
            from given.fct_budget_recommendations where budget_kind = 'fixed'
        """).fetchone()
        assert found is not None
        best, told, *others = found
        free = connection.execute(
            "select optimum_spend_amount from given.fct_budget_recommendations"
            " where budget_kind = 'free' and channel = 'channel0'"
        ).fetchone()
    assert free is not None
    wanted = [5_718.85, 8_281.15, 9_200, 4_800, 2.2509, 2.2509, 48_082.09, 46_714.09, 936.94, 5_904.9]
    figures = [*best, *told, *map(float, others), float(free[0])]
    off = [one for one, two in zip(figures, wanted, strict=True) if abs(one - two) > 0.0051]
    return passed(
        not off and others[0] == others[1],
        f"{best[0]:,.2f} and {best[1]:,.2f} at {others[0]:.4f}, sales {others[2]:,.2f}, CM3"
        f" +{others[4]:.2f}; within 20 % {told[0]:,.0f} and {told[1]:,.0f}, sales"
        f" +{float(others[3]) - 46_000:.2f}",
        "5,718.85, 8,281.15, 2.2509, 48,082.09, 936.94; 714.09",
    )


def known(quick: bool) -> Result:
    """Accounts whose curves are told exactly: the move beside the best within the bounds."""
    worst, worst_gain, spent, held, seeds = 0.0, 0.0, 0.0, 0, KNOWN_QUICK if quick else KNOWN_FULL
    with world() as connection:
        for seed in seeds:
            account = make_account(np.random.default_rng(seed))
            nothing = np.zeros(len(account.spend))
            put_curves(connection, account, nothing, nothing)
            run(connection, BUDGET)
            told, _ = recommended(connection)
            best = _best(account)
            now, then = account.cm2(account.spend), account.cm2(best)
            held += told is None
            spend = account.spend if told is None else told
            worst = max(worst, 1 - account.cm2(spend) / then)
            # A move of less than a cent of CM2 may as well be none.
            if then - now > 0.01:
                worst_gain = max(worst_gain, 1 - (account.cm2(spend) - now) / (then - now))
            spent = max(spent, abs(spend.sum() - account.spend.sum()))
    return passed(
        worst <= REGRET and worst_gain <= REGRET and spent < 0.01,
        f"{len(seeds)} accounts, regret at most {worst:.2e} of CM2, {worst_gain:.2e} of what a move can"
        f" win; {held} held; budget off by {spent:.4f}",
        f"at most {REGRET:.0%}; the budget is spent",
    )


def read_from_weeks(quick: bool) -> Result:
    """Accounts whose curves the models read from 26 noisy weeks and a return known with error."""
    seeds = READ_QUICK if quick else READ_FULL
    fair, follows = Tally(), Tally()
    with world() as connection:
        for seed in seeds:
            for tally, demand in ((fair, 0.0), (follows, 0.15)):
                rng = np.random.default_rng([seed, int(demand > 0)])
                account = make_account(rng)
                put_weeks(connection, account, demand, rng)
                run(connection, (*CURVES, *BUDGET))
                tally.add(account, *recommended(connection))
    worst = float(np.mean(fair.regrets))
    return passed(
        worst <= REGRET and fair.unsure == follows.unsure == 0 and fair.negative <= NEGATIVE
        and fair.moved > 0,
        f"{len(seeds)} accounts: regret {worst:.2%} of CM2 (worst {max(fair.regrets):.2%}),"
        f" {fair.moved} moved, {fair.unsure} of them with p5 <= 0; {fair.negative:.1%} lost in truth;"
        f" {fair.won:.0%} of what could be won. Where spend follows demand {follows.moved} moved,"
        f" {follows.negative:.1%} lost",
        f"regret {REGRET:.0%}, 0 with p5 <= 0, at most {NEGATIVE:.0%} lost",
    )  # fmt: skip


class Tally:
    """What came of the moves of many accounts."""

    def __init__(self) -> None:
        self.regrets: list[float] = []
        self.gains: list[float] = []
        self.possible = 0.0
        self.unsure = 0

    def add(self, account: Account, told: Floats | None, low: float) -> None:
        now, best = account.cm2(account.spend), account.cm2(_best(account))
        spend = account.spend if told is None else told
        self.regrets.append(1 - account.cm2(spend) / best)
        self.possible += best - now
        if told is not None:
            self.unsure += low <= 0
            self.gains.append(account.cm2(spend) - now - float((spend - account.spend).sum()))

    @property
    def moved(self) -> int:
        return len(self.gains)

    @property
    def negative(self) -> float:
        return float(np.mean(np.array(self.gains) < 0)) if self.gains else 0.0

    @property
    def won(self) -> float:
        return sum(self.gains) / self.possible


def intervals(quick: bool) -> Result:
    """Percentiles of what a plan changes beside those of 400,000 draws of another generator."""
    worst, seeds = 0.0, DRAWN_QUICK if quick else DRAWN_FULL
    with world() as connection:
        for seed in seeds:
            rng = np.random.default_rng(seed)
            account = make_account(rng)
            count = len(account.spend)
            level, shape = rng.uniform(0.05, 0.4, count), rng.uniform(0.02, 0.15, count)
            put_curves(connection, account, level, shape)
            run(connection, BUDGET[:2])
            spend = np.array([row[0] for row in connection.execute(
                "select capped_spend_amount::double from given.int_budget_optima"
                " where budget_kind = 'fixed' order by channel"
            ).fetchall()])  # fmt: skip
            bounds = connection.execute(
                "select cm3_change_low_amount::double, cm3_change_amount::double,"
                " cm3_change_high_amount::double from given.int_budget_changes"
                " where budget_kind = 'fixed' and channel = 'all' and quarter_count = 4"
            ).fetchone()
            assert bounds is not None
            draws = rng.normal(size=(2, 400_000, count))
            drawn = np.clip(account.elasticity + shape * draws[1], LOW, HIGH)
            change = account.margin * account.sales * np.exp(level * draws[0]) * (
                (spend / account.spend) ** drawn - 1
            )
            low, middle, high = np.percentile(change.sum(axis=1), (5, 50, 95))
            off = np.abs(np.array(bounds) - (low, middle, high)) / (high - low)
            worst = max(worst, float(off.max()))
    return passed(
        worst <= WIDTH, f"{len(seeds)} plans, at most {worst:.1%} of the interval apart",
        f"at most {WIDTH:.0%}",
    )  # fmt: skip


def robyn(quick: bool) -> Result:
    """MER of every week, and the response to one channel, of a recording by models and by SQL."""
    del quick
    bar = "0 differ; the slope to six decimals"
    if not ROBYN.exists():
        return Result(f"no third-party data in {SHARED_DATA.name}/", bar, "OPEN")
    with duckdb.connect() as connection:
        connection.execute(_ROBYN.replace("{file}", str(ROBYN)))
        run(connection, ("fct_media_efficiency_weekly", "int_response_curves"))
        row = connection.execute(_ROBYN_APART).fetchone()
    assert row is not None
    weeks, apart, returned, slope, direct = row
    return passed(
        weeks == 208 and apart == 0 and abs(float(slope) - direct) <= 0.000002,
        f"{apart} of {weeks} weeks differ, revenue per spend {float(returned):.4f}; facebook"
        f" {float(slope):.6f}",
        bar,
    )


_ROBYN = """
create schema given;
create table given.int_as_of as select timestamp '2020-01-01' as as_of_at;
create table weeks as
select date as week_date, cast(revenue as decimal(18, 4)) as revenue,
    cast(facebook_S as decimal(18, 4)) as facebook, cast(tv_S as decimal(18, 4)) as tv,
    cast(ooh_S as decimal(18, 4)) as ooh, cast(print_S as decimal(18, 4)) as print,
    cast(search_S as decimal(18, 4)) as search
from read_csv('{file}');
create table given.fct_channel_margin_daily as
select spend_amount, week_date as margin_date
from (unpivot weeks on facebook, tv, ooh, print, search into name channel value spend_amount);
create table given.int_platform_claims_daily as
select cast(0 as decimal(18, 6)) as claimed_order_count, true as is_reported,
    date '2000-01-01' as report_date where false;
create table given.fct_orders as
select cast(week_date as varchar) as order_id, 'dtc' as order_scope, false as is_cancelled,
    false as is_first_order from weeks;
create table given.fct_order_margin as
select cast(week_date as varchar) as order_id, revenue as net_merchandise_sales_amount,
    revenue as cm2_amount, revenue as cm2_expected_amount, week_date as order_date from weeks;
create table given.int_spend_weeks as
select 'channel' as media_level, 'facebook' as channel, cast(null as varchar) as campaign_id,
    facebook as spend_amount, revenue as sales_amount
from weeks where facebook > 0;
"""
_ROBYN_APART = """
select count(*), count(*) filter (
    cast(revenue / nullif(cast(facebook + tv + ooh + print + search as double), 0)
        as decimal(18, 4))
    is distinct from media_efficiency
), sum(net_merchandise_sales_amount) / sum(given.fct_media_efficiency_weekly.spend_amount),
(select elasticity from given.int_response_curves),
(select regr_slope(ln(sales_amount::double), ln(spend_amount::double)) from given.int_spend_weeks)
from weeks left join given.fct_media_efficiency_weekly using (week_date)
"""


@contextlib.contextmanager
def world() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema given;"
            "create table given.int_as_of as select timestamp '2026-10-31 12:00' as as_of_at"
        )
        yield connection


@functools.cache
def _sql(name: str) -> str:
    return model_sql(name, {"shop_timezone": "UTC"})


def run(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    for name in names:
        connection.execute(f"create or replace table given.{name} as {_sql(name)}")


def put(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Any],
    types: Mapping[str, str],
) -> None:
    """A table of schema ``given`` from arrays, some of them as decimals."""
    connection.register("arrays", pa.table(dict(columns)))
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in types.items())
    connection.execute(
        f"create or replace table given.{name} as select * replace ({typed}) from arrays"
    )


def put_curves(
    connection: duckdb.DuckDBPyConnection, account: Account, level: Floats,
    shape: Floats,
) -> None:
    """What the models are told of the curves, with standard errors."""
    put(connection, "fct_response_curves", {
        "channel": account.names, "decision": ["ESTIMATED"] * len(account.spend),
        "decision_reason": pa.nulls(len(account.spend), pa.string()),
        "evidence_level": list(account.levels), "weekly_spend_amount": account.spend,
        "weekly_sales_amount": account.sales, "elasticity": account.elasticity,
        "elasticity_error": shape, "return_log_error": level, "cm2_ratio": account.margin,
        "marginal_return_on_spend": account.elasticity * account.sales / account.spend,
        "is_shape_prior": [False] * len(account.spend),
    }, _TYPES)  # fmt: skip


def put_weeks(
    connection: duckdb.DuckDBPyConnection, account: Account, demand: float,
    rng: np.random.Generator,
) -> None:
    """Weeks as the models read them; ``demand`` moves sales, and spend where somebody follows it."""
    count = len(account.spend)
    swing, noise = rng.uniform(0.05, 0.4, count), rng.uniform(0.03, 0.12, count)
    wave = demand * rng.normal(size=(WEEKS, 1))
    spend = account.spend * np.exp(swing * rng.normal(size=(WEEKS, count)) + wave)
    sales = account.sales_at(spend) * np.exp(noise * rng.normal(size=spend.shape) + wave)
    week, channel = (axis.ravel() for axis in np.indices(spend.shape))
    put(connection, "int_spend_weeks", {
        "media_level": ["channel"] * week.size, "campaign_id": pa.nulls(week.size, pa.string()),
        "channel": [account.names[place] for place in channel], "week_age": week,
        "spend_amount": spend.ravel(), "sales_amount": sales.ravel(),
    }, {"spend_amount": "decimal(18, 4)", "sales_amount": "decimal(18, 4)"})  # fmt: skip
    # E4 knows the return by an experiment, the others no better than before any.
    error = np.where(np.array(account.levels) == "E4", rng.uniform(0.05, 0.25, count), 0.36)
    put(connection, "int_channel_evidence", {
        "channel": account.names, "evidence_level": list(account.levels),
        "reference_type": ["incremental"] * count, "spend_amount": 4 * account.spend,
        "sales_amount": 4 * account.sales * np.exp(error * rng.normal(size=count)),
        "sales_log_error": error,
        **{f"{name}_per_spend{bound}": np.zeros(count) for name in ("orders", "touched_orders")
           for bound in ("", "_low", "_high")},
        "window_from_date": np.zeros(count), "window_to_date": np.zeros(count),
    }, {"spend_amount": "decimal(18, 4)", "sales_amount": "decimal(18, 4)",
        "sales_log_error": "decimal(18, 6)"})  # fmt: skip
    put(connection, "fct_marginal_returns", {
        "media_level": ["channel"] * count, "channel": account.names,
        "credited_net_merchandise_sales_amount": np.full(count, 1_000_000),
        "credited_cm2_expected_amount": np.rint(account.margin * 1_000_000),
        "cost_coverage_ratio": np.ones(count),
    }, {"credited_cm2_expected_amount": "decimal(18, 4)",
        "credited_net_merchandise_sales_amount": "decimal(18, 4)"})  # fmt: skip


def recommended(connection: duckdb.DuckDBPyConnection) -> tuple[Floats | None, float]:
    """Spend that is recommended for a fixed budget, or None, and the plan's 5th percentile."""
    rows = connection.execute(
        "select recommended_spend_amount::double, plan_cm3_change_low_amount::double,"
        " decision <> 'HOLD' from given.fct_budget_recommendations"
        " where budget_kind = 'fixed' order by channel"
    ).fetchall()
    if not any(row[2] for row in rows):
        return None, 0.0
    return np.array([row[0] for row in rows]), float(rows[0][1])


def _best(account: Account) -> Floats:
    return best_within_bounds(
        account, account.spend * (1 - account.bound), account.spend * (1 + account.bound)
    )


CLAIMS = [
    Claim("realloc_01", "realloc_01: where the next unit of spend is worth the same", worked_example),
    Claim("budget_known", "Of known curves the move is the best within the bounds", known),
    Claim(
        "budget_read", "Of curves read from weeks few moves lose, and little is missed",
        read_from_weeks,
    ),
    Claim("budget_draws", "What a plan may change lies where other draws say", intervals),
    Claim("robyn", "MER and response of Robyn's recording equal direct SQL", robyn),
]  # fmt: skip
