"""Lifetime value on a real shop: published parameters met, a holdout foretold in SQL.

What lives here: the CDNOW sample (2,357 customers of a CD shop, 1997-01 to 1998-06, of which 39
weeks are kept back), what was published of it, and the baseline beside the model.
What never does: a figure that the models said; published ones stand as they were printed.

The data stand outside of the project (research use); without them claims are OPEN. Eight days cost
nothing (a free CD): they count as purchases of a cent, as in what was published.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.brand import make_brand
from orchestration.fits import Histories, LifetimeFit, fit_lifetime
from orchestration.fits.histories import COLUMNS
from tests.proof.harness import ROOT, Claim, Result, passed
from tests.rendering_models import run_models
from tests.support import SHARED_DATA

SAMPLE = SHARED_DATA / "cdnow" / "CDNOW_sample.txt"
HOLDOUT_WEEKS = 39
BRAND_HOLDOUT_WEEKS = 26
# As printed: BG/NBD by Fader, Hardie, Lee (2005), Gamma-Gamma in the tests of CLVTools.
PUBLISHED = {
    "r": ".243", "alpha": "4.414", "a": ".793", "b": "2.426", "p": "6.25", "q": "3.74",
    "gamma": "15.44",
}  # fmt: skip
PUBLISHED_LIKELIHOODS = {"bg_nbd": "-9582.4", "gamma_gamma": "-4055.92"}
# Worked out with SciPy's hypergeometric function on the same split.
HOLDOUT = {
    "actual_purchase_count": "1882", "expected_purchase_count": "1653.4", "bias_ratio": "-.121",
    "purchase_correlation": ".626", "mean_absolute_error": ".785",
    "top_decile_captured_ratio": ".470",
}  # fmt: skip
HISTORIES = ("int_purchases", "int_purchase_days", "fct_purchase_histories")
SCORES = (
    "fct_lifetime_parameters", "int_repeat_expectations", "int_lifetime_scores",
    "int_holdout_forecasts", "fct_lifetime_deciles", "fct_lifetime_calibration",
)  # fmt: skip
NO_DATA = Result("the CDNOW sample is not there", "shared/data/cdnow", "OPEN")
# As in dbt_project.yml.
REPEATERS_MINIMUM = 500


@dataclass(frozen=True)
class _World:
    connection: duckdb.DuckDBPyConnection
    fit: LifetimeFit


def parameters(quick: bool) -> Result:
    """Fit the 39 weeks of calibration, compare every parameter with the printed one."""
    if not SAMPLE.is_file():
        return NO_DATA
    fits = {
        fit.model_name: fit for fit in _cdnow().fit.fits if fit.history_window == "calibration"
    }
    found: dict[str, float] = {}
    off = []
    for fit in fits.values():
        if fit.estimate is None or fit.refusal is not None:
            return passed(False, f"{fit.model_name} refused: {fit.refusal}", "fitted")
        found |= dict(fit.estimate.parameters)
        printed = PUBLISHED_LIKELIHOODS[fit.model_name]
        if not _is_printed(fit.estimate.log_likelihood, printed):
            off.append(f"likelihood {fit.estimate.log_likelihood:.3f}, not {printed}")
    off += [
        f"{name} {found[name]:.5f}, not {printed}"
        for name, printed in PUBLISHED.items()
        if not _is_printed(found[name], printed)
    ]
    told = ", ".join(f"{name} {found[name]:.5f}" for name in PUBLISHED)
    return passed(not off, "; ".join(off) or told, "half a unit of the last printed digit")


def holdout(quick: bool) -> Result:
    """Score in SQL with the landed fit, compare what it foretold of the holdout."""
    if not SAMPLE.is_file():
        return NO_DATA
    model, naive = _calibration(_cdnow(), "bg_nbd"), _calibration(_cdnow(), "past_frequency")
    off = [
        f"{name} {model[name]:.4f}, not {printed}"
        for name, printed in HOLDOUT.items()
        if not _is_printed(model[name], printed)
    ]
    figure = (
        f"{model['expected_purchase_count']:,.1f} foretold, {model['actual_purchase_count']:,.0f}"
        f" made: bias {model['bias_ratio']:+.1%} (going on as before {naive['bias_ratio']:+.1%}),"
        f" r {model['purchase_correlation']:.3f} ({naive['purchase_correlation']:.3f}),"
        f" MAE {model['mean_absolute_error']:.3f} ({naive['mean_absolute_error']:.3f})"
    )
    return passed(not off, "; ".join([figure, *off]), "-12.1 %, r .626, MAE .785")


def ranking(quick: bool) -> Result:
    """The tenth that each way ranks first, and the share of purchases it made: shown, no bar."""
    if not SAMPLE.is_file():
        return NO_DATA
    model, naive = (
        _calibration(_cdnow(), method)["top_decile_captured_ratio"]
        for method in ("bg_nbd", "past_frequency")
    )
    return Result(
        f"{model:.1%} of the purchases by BG/NBD, {naive:.1%} by plain frequency: for ranking the"
        " model is worth next to nothing", "47.0 % beside 46.8 %", "NOTE",
    )  # fmt: skip


def simulated(quick: bool) -> Result:
    """A brand of 4,000 customers, whose buying follows no BG/NBD: shown, no bar."""
    world = _brand()
    refused = [fit.refusal for fit in world.fit.fits if fit.refusal is not None]
    model, naive = (_calibration(world, method) for method in ("bg_nbd", "past_frequency"))
    figure = (
        f"{4 - len(refused)} of 4 fits taken; bias {model['bias_ratio']:+.1%} (going on as before"
        f" {naive['bias_ratio']:+.1%}), r {model['purchase_correlation']:.3f}"
        f" ({naive['purchase_correlation']:.3f}),"
        f" first tenth {model['top_decile_captured_ratio']:.1%}"
        f" ({naive['top_decile_captured_ratio']:.1%})"
    )
    return Result(figure, "the naive forecast beside it", "NOTE")


def _is_printed(value: float, printed: str) -> bool:
    """Whether the value is within half a unit of the last digit."""
    digits = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-digits + 1e-9


def _calibration(world: _World, method: str) -> Mapping[str, float]:
    columns = tuple(HOLDOUT)
    row = world.connection.execute(
        f"select {', '.join(columns)} from given.fct_lifetime_calibration"
        " where forecast_method = ?",
        [method],
    ).fetchone()
    if row is None:
        raise AssertionError(f"{method} has no row")
    return dict(zip(columns, map(float, row), strict=True))


@functools.lru_cache(maxsize=1)
def _cdnow() -> _World:
    lines = [line.split() for line in SAMPLE.read_text(encoding="ascii").splitlines()]
    days = [datetime.strptime(line[2], "%Y%m%d").date() for line in lines]
    orders = {
        "customer": [line[1] for line in lines], "day": days,
        "amount": [max(Decimal(line[4]), Decimal("0.01")) for line in lines],
    }  # fmt: skip
    return _world(pa.table(orders), HOLDOUT_WEEKS)


@functools.lru_cache(maxsize=1)
def _brand() -> _World:
    """Orders as they were placed: what was cancelled is left out, returns are not looked at."""
    with tempfile.TemporaryDirectory(prefix="tributary-lifetime-") as folder:
        make_brand(Path(folder), customers=4_000, months=18, seed=3, progress=lambda *_: None)
        with duckdb.connect() as connection:
            orders = connection.execute(
                "select customer_id as customer,"
                " cast(cast(created_at as timestamp) as date) as day,"
                " cast(total_line_items_price as decimal(18, 4)) as amount from read_parquet(?)"
                " where customer_id is not null and cancelled_at is null"
                " and cast(total_line_items_price as decimal(18, 4)) > 0",
                [f"{folder}/shopify/order.parquet"],
            ).to_arrow_table()
    return _world(orders, BRAND_HOLDOUT_WEEKS)


def _world(orders: pa.Table, holdout_weeks: int) -> _World:
    """Orders through the models: histories, the fit, and scores with what was fitted."""
    variables = {"lifetime_holdout_weeks": holdout_weeks, "shop_timezone": "UTC"}
    connection = duckdb.connect()
    connection.register("orders", orders)
    connection.execute("create schema given")
    connection.execute(
        "create table given.int_as_of as"
        " select cast(max(day) as timestamp) + interval 12 hour as as_of_at from orders"
    )
    connection.execute("""
        create table given.fct_order_margin as
        select
            cast(row_number() over () as varchar) as order_id,
            cast(customer as varchar) as customer_id, 'dtc' as order_scope, false as is_cancelled,
            day as order_date, cast(day as timestamp) as ordered_at,
            cast(0 as decimal(18, 4)) as discount_amount,
            cast(amount as decimal(18, 4)) as net_sales_amount,
            cast(amount as decimal(18, 4)) as net_merchandise_sales_amount,
            cast(amount as decimal(18, 4)) as gross_merchandise_sales_amount
        from orders
    """)
    connection.execute(
        "create table given.identity_map (customer_id varchar, identifier_type varchar)"
    )
    connection.execute(
        "create table given.lifetime_priors as select * from read_csv(?)",
        [str(ROOT / "seeds" / "lifetime_priors.csv")],
    )
    run_models(connection, HISTORIES, variables)
    histories = connection.execute(
        f"select {', '.join(COLUMNS)}, as_of_at from given.fct_purchase_histories"
    ).to_arrow_table()
    as_of_at = histories.column("as_of_at")[0].as_py().replace(tzinfo=UTC)
    fit = fit_lifetime(Histories(histories.select(COLUMNS), as_of_at, {}), REPEATERS_MINIMUM)
    connection.register("landed", fit.table)
    connection.execute(
        "create table given.stg_fits__lifetime_parameters as"
        " select *, cast(? as timestamp) as as_of_at from landed",
        [as_of_at.replace(tzinfo=None)],
    )
    run_models(connection, SCORES, variables)
    return _World(connection, fit)


CLAIMS = [
    Claim(
        "cdnow_parameters", "Parameters of BG/NBD and Gamma-Gamma are the published ones",
        parameters,
    ),
    Claim("cdnow_holdout", "39 weeks kept back are foretold in SQL as by SciPy", holdout),
    Claim("cdnow_ranking", "Who buys most: the model beside plain frequency", ranking),
    Claim(
        "simulated_holdout", "26 weeks of a simulated brand: the model beside going on as before",
        simulated, False,
    ),
]  # fmt: skip
