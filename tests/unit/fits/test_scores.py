"""What SQL makes of landed parameters, beside published examples and SciPy's own functions.

The models run rendered for DuckDB: the examples go through several of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import numpy as np
import pytest
from scipy.special import gammaln, hyp2f1

from tests.rendering_models import macro_text, run_models

CHAIN = ("int_repeat_expectations", "int_lifetime_scores")
PUBLISHED = {
    "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44,
}  # fmt: skip
# Repeat days, recency and age in weeks, mean revenue of a repeat day.
History = tuple[int, float, float, float]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema given")
        yield opened


def score(
    connection: duckdb.DuckDBPyConnection,
    histories: Sequence[History],
    parameters: Mapping[str, float],
    weeks: int,
) -> list[tuple[float, float, float]]:
    """Alive or not, days with a purchase in the weeks to come, revenue of one; in order."""
    connection.execute(
        "create or replace table given.fct_purchase_histories (customer_id varchar,"
        " history_window varchar, repeat_day_count bigint, recency_days bigint, age_days bigint,"
        " recency_weeks decimal(18, 6), age_weeks decimal(18, 6),"
        " repeat_sales_amount decimal(18, 4), holdout_day_count bigint)"
    )
    connection.executemany(
        "insert into given.fct_purchase_histories values (?, 'calibration', ?, 0, ?, ?, ?, ?, 0)",
        [
            [f"c{place:03}", repeats, round(age * 100), recency, age, repeats * mean]
            for place, (repeats, recency, age, mean) in enumerate(histories)
        ],
    )
    connection.execute(
        "create or replace table given.fct_lifetime_parameters (history_window varchar,"
        " model_name varchar, parameter_name varchar, parameter_origin varchar,"
        " has_correlated_spend boolean, estimate decimal(18, 6))"
    )
    connection.executemany(
        "insert into given.fct_lifetime_parameters values ('calibration', ?, ?, 'fit', false, ?)",
        [
            ["gamma_gamma" if name in ("p", "q", "gamma") else "bg_nbd", name, value]
            for name, value in parameters.items()
        ],
    )
    run_models(connection, CHAIN, {"lifetime_holdout_weeks": weeks})
    return [
        (float(alive), float(count), float(amount))
        for alive, count, amount in connection.execute(
            "select alive_ratio, expected_purchase_count, expected_purchase_amount"
            " from given.int_lifetime_scores order by customer_id"
        ).fetchall()
    ]


def test_the_published_examples(connection: duckdb.DuckDBPyConnection) -> None:
    """bgnbd_01: (2, 30.43, 38.86) over 39 weeks; gg_01: (1, 50), (2, 35), none."""
    histories = [(2, 30.43, 38.86, 35.0), (0, 0.0, 38.86, 0.0), (1, 10.0, 38.86, 50.0)]
    found = score(connection, histories, PUBLISHED, 39)
    assert found[0] == pytest.approx((0.726579, 1.226028, 35.0394), abs=6e-5)
    assert found[0][:2] == pytest.approx((0.726579, 1.226028), abs=1e-6)
    assert found[1] == pytest.approx((1.0, 0.195098, 35.2190), abs=6e-5)
    assert found[2][2] == pytest.approx(45.4950, abs=6e-5)
    assert score(connection, histories[1:2], PUBLISHED, 52)[0][1] == pytest.approx(
        0.252073, abs=1e-6
    )


@pytest.mark.parametrize(
    "changed",
    [{}, {"a": 1.4}, {"a": 0.3, "b": 0.9, "r": 0.9}, {"r": 2.2, "alpha": 11.0, "a": 0.05}],
)
def test_the_series_equals_the_hypergeometric_function(
    connection: duckdb.DuckDBPyConnection, changed: Mapping[str, float]
) -> None:
    """Young and old customers, with few purchases and very many, a on both sides of 1."""
    parameters = {**PUBLISHED, **changed}
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    histories = [
        (x, share * age, age, 20.0)
        for age in (1.0, 20.0, 150.0)
        for x in (0, 1, 3, 40)
        for share in ((0.0,) if x == 0 else (0.3, 1.0))
    ]
    weeks = 52
    for (x, recency, age, _), (alive, count, _) in zip(
        histories, score(connection, histories, parameters, weeks), strict=True
    ):
        odds = 0.0 if x == 0 else a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x)
        c = a + b + x - 1
        gauss = hyp2f1(r + x, b + x, c, weeks / (alpha + age + weeks))
        shrunk = ((alpha + age) / (alpha + age + weeks)) ** (r + x)
        expected = c / (a - 1) * (1 - shrunk * gauss) / (1 + odds)
        assert alive == pytest.approx(1 / (1 + odds), abs=1e-6)
        assert count == pytest.approx(expected, rel=1e-6, abs=1e-6), (x, recency, age)


def test_a_horizon_that_400_terms_do_not_reach_is_left_out(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    histories = [(0, 0.0, 0.0, 0.0), (0, 0.0, 30.0, 0.0)]
    with pytest.raises(TypeError):  # null where z is 0.98
        score(connection, histories, PUBLISHED, 250)
    rows = connection.execute(
        "select expected_purchase_count is null from given.int_lifetime_scores order by customer_id"
    ).fetchall()
    assert rows == [(True,), (False,)]


def test_engines_without_a_log_gamma_compute_the_same(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    expression = macro_text("default__log_gamma", "given")
    for value in (0.01, 0.5, 1.0, 2.0, 3.7, 40.0, 500.0):
        row = connection.execute(
            f"select {expression} from (select cast(? as double) as given)", [value]
        ).fetchone()
        assert row is not None
        assert row[0] == pytest.approx(float(gammaln(np.float64(value))), rel=1e-12, abs=1e-12)
