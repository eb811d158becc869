"""Accounts whose curves are known, put before the models, and their best move found another way.

What lives here: channels drawn at random, weeks and returns as the models would read them.
What never does: a claim, a figure that the models worked out.
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

from tests.rendering_models import model_sql

Floats = NDArray[np.float64]

WEEKS = 26
BOUNDS = {"E2": 0.1, "E3": 0.2, "E4": 0.2}
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


def best_within_bounds(account: Account) -> Floats:
    """Spend of each channel by halving the price of the next unit until the budget is spent."""
    least, most = account.spend * (1 - account.bound), account.spend * (1 + account.bound)
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
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, Any],
    types: Mapping[str, str],
) -> None:
    """A table of schema ``given`` from arrays, some of them as decimals."""
    connection.register("arrays", pa.table(dict(columns)))
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in types.items())
    connection.execute(
        f"create or replace table given.{name} as select * replace ({typed}) from arrays"
    )


def put_curves(
    connection: duckdb.DuckDBPyConnection,
    account: Account,
    level: Floats,
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
    connection: duckdb.DuckDBPyConnection,
    account: Account,
    demand: float,
    rng: np.random.Generator,
) -> None:
    """Weeks as the models read them; ``demand`` moves sales, and spend that follows it."""
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
