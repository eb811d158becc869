"""Fits of repeat purchase and spend: published examples, recovery, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.fits import FitError, Histories, fit_lifetime, read_histories
from orchestration.fits import lifetime as fitting
from orchestration.fits.histories import COLUMNS, HISTORIES, PARAMETERS
from orchestration.fits.purchases import (
    bg_nbd_likelihood,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_sbg,
)
from orchestration.fitting import fit_lifetime_values
from tests.unit.landing.world import fetch, settings_at

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
TRUE_SPEND = {"p": 6.0, "q": 4.0, "gamma": 15.0}


def shoppers(size: int = 1500, seed: int = 3) -> dict[str, np.ndarray]:
    """Customers of a BG/NBD and Gamma-Gamma world with r .5, alpha 6, a .8, b 2.5."""
    chance = np.random.default_rng(seed)
    age = chance.integers(100, 365, size) / 7
    rate, dropout = chance.gamma(0.5, 1 / 6.0, size), chance.beta(0.8, 2.5, size)
    repeats, recency = np.zeros(size, dtype=np.int64), np.zeros(size)
    for one in range(size):
        at = 0.0
        while True:
            at += chance.exponential(1 / rate[one])
            if at > age[one]:
                break
            repeats[one] += 1
            recency[one] = at
            if chance.random() < dropout[one]:
                break
    scale = chance.gamma(TRUE_SPEND["q"], 1 / TRUE_SPEND["gamma"], size)
    spend = chance.gamma(TRUE_SPEND["p"] * np.maximum(repeats, 1), 1.0) / scale
    return {
        "repeats": repeats, "recency": recency, "age": age,
        "spend": spend / np.maximum(repeats, 1),
    }  # fmt: skip


@pytest.fixture(scope="module")
def crowd() -> dict[str, np.ndarray]:
    return shoppers()


def histories(crowd: dict[str, np.ndarray], in_force: fitting.Mapping = {}) -> Histories:  # noqa: B006
    size = len(crowd["repeats"])
    table = pa.table({
        "customer_id": [f"c{one:05}" for one in range(size)],
        "history_window": ["whole"] * size,
        "repeat_day_count": crowd["repeats"],
        "recency_weeks": crowd["recency"],
        "age_weeks": crowd["age"],
        "average_repeat_amount": [
            amount if repeats else None
            for amount, repeats in zip(crowd["spend"], crowd["repeats"], strict=True)
        ],
    })
    return Histories(table, AS_OF, in_force)


def test_contracts_of_the_published_example() -> None:
    """sbg_01: 1,000 contracts, 491 of them after seven cycles."""
    fit = fit_sbg(np.array([1000, 869, 743, 653, 593, 551, 517, 491]))
    assert fit.parameters == pytest.approx({"alpha": 0.668, "beta": 3.806}, abs=5e-4)
    assert fit.log_likelihood == pytest.approx(-1611.158, abs=5e-4)
    alpha, beta = fit.parameters["alpha"], fit.parameters["beta"]
    retained = [(beta + cycle - 1) / (alpha + beta + cycle - 1) for cycle in (1, 2, 3)]
    assert retained == pytest.approx([0.8507, 0.8780, 0.8968], abs=5e-5)


def test_the_parameters_of_a_known_world_lie_within_the_bounds(
    crowd: dict[str, np.ndarray],
) -> None:
    fit = fit_bg_nbd(crowd["repeats"], crowd["recency"], crowd["age"])
    again = crowd["repeats"] > 0
    spend = fit_gamma_gamma(crowd["repeats"][again], crowd["spend"][again])
    assert fit.is_converged
    assert spend.is_converged
    for found, true in ((fit, {"r": 0.5, "alpha": 6.0, "a": 0.8, "b": 2.5}), (spend, TRUE_SPEND)):
        for name, value in true.items():
            low, high = found.bounds[name]
            assert low < value < high, name
    peak = bg_nbd_likelihood(crowd["repeats"], crowd["recency"], crowd["age"])
    for off in (0.97, 1.03):
        beside = np.array(list(fit.parameters.values())) * np.array([off, 1, 1, 1])
        assert peak(beside) < fit.log_likelihood


def test_equal_histories_in_any_order_give_equal_rows(crowd: dict[str, np.ndarray]) -> None:
    given = histories(crowd)
    order = np.random.default_rng(1).permutation(given.table.num_rows)
    shuffled = replace(given, table=given.table.take(pa.array(order)))
    one, other = fit_lifetime(given, 100), fit_lifetime(shuffled, 100)
    assert one.table.equals(other.table)
    assert given.digest == shuffled.digest
    assert [fit.refusal for fit in one.fits] == [None, None]
    assert one.table.column("is_accepted").to_pylist() == [True] * 7


def test_few_repeaters_are_refused_with_the_reason(crowd: dict[str, np.ndarray]) -> None:
    fit = fit_lifetime(histories(crowd), 1_000_000)
    assert set(fit.table.column("refusal").to_pylist()) == {
        "fewer than 1000000 customers bought again"
    }
    assert fit.table.column("estimate").null_count == fit.table.num_rows == 7
    assert not any(fit.table.column("is_accepted").to_pylist())


def test_a_fit_that_explains_less_than_what_is_in_force_is_refused(
    crowd: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    best = fit_lifetime(histories(crowd), 100).fits[0].estimate
    assert best is not None
    in_force = {("whole", "bg_nbd"): best.parameters}
    assert fit_lifetime(histories(crowd, in_force), 100).fits[0].refusal is None
    lower = replace(best, log_likelihood=best.log_likelihood - 1)
    monkeypatch.setitem(fitting._ESTIMATES, "bg_nbd", lambda _: lower)
    refused = fit_lifetime(histories(crowd, in_force), 100).fits[0]
    assert refused.refusal == "explains the histories worse than the parameters in force"
    lost = replace(best, is_converged=False)
    monkeypatch.setitem(fitting._ESTIMATES, "bg_nbd", lambda _: lost)
    assert fit_lifetime(histories(crowd), 100).fits[0].refusal == (
        "the search did not end on a peak"
    )
    narrow = replace(best, parameters={**best.parameters, "a": 0.2, "b": 0.3})
    monkeypatch.setitem(fitting._ESTIMATES, "bg_nbd", lambda _: narrow)
    assert "out of the range" in str(fit_lifetime(histories(crowd), 100).fits[0].refusal)


def test_a_snapshot_gives_histories_and_the_parameters_in_force(
    tmp_path: Path, crowd: dict[str, np.ndarray]
) -> None:
    with pytest.raises(FitError, match="no purchase histories"):
        read_histories(tmp_path)
    rows = histories(crowd).table
    moments = pa.array([datetime(2026, 1, 1)] * rows.num_rows, pa.timestamp("us"))
    pq.write_table(rows.append_column("as_of_at", moments), tmp_path / f"{HISTORIES}.parquet")
    pq.write_table(
        pa.table({
            "history_window": ["whole"], "model_name": ["bg_nbd"], "parameter_name": ["r"],
            "estimate": [0.25],
        }),
        tmp_path / f"{PARAMETERS}.parquet",
    )  # fmt: skip
    read = read_histories(tmp_path)
    assert read.as_of_at == AS_OF
    assert read.in_force == {("whole", "bg_nbd"): {"r": 0.25}}
    assert read.table.select(COLUMNS).equals(rows.select(COLUMNS))
    pq.write_table(
        rows.append_column("as_of_at", moments).slice(0, 0), tmp_path / f"{HISTORIES}.parquet"
    )
    with pytest.raises(FitError, match="Nobody has bought"):
        read_histories(tmp_path)


class Project:
    """As much of a dbt project as the fit asks for."""

    def variable(self, name: str) -> int:
        assert name == "lifetime_repeaters_minimum"
        return 10**6


def test_a_refused_fit_lands_with_its_reason(
    tmp_path: Path, crowd: dict[str, np.ndarray]
) -> None:
    settings = settings_at(tmp_path)
    folder = settings.snapshot
    folder.mkdir(parents=True)
    rows = histories(crowd).table
    moments = pa.array([datetime(2026, 1, 1)] * rows.num_rows, pa.timestamp("us"))
    pq.write_table(rows.append_column("as_of_at", moments), folder / f"{HISTORIES}.parquet")
    none = pa.schema([
        ("history_window", pa.string()), ("model_name", pa.string()),
        ("parameter_name", pa.string()), ("estimate", pa.float64()),
    ])  # fmt: skip
    pq.write_table(none.empty_table(), folder / f"{PARAMETERS}.parquet")
    fit, report = fit_lifetime_values(settings, Project(), now=lambda: AS_OF)  # type: ignore[arg-type]
    assert report.table("fits.lifetime_parameter").landed == 7
    assert fetch(
        settings,
        "select history_window, parameter_name, estimate, is_accepted, as_of_at, input_digest"
        " from raw_fits.lifetime_parameter where model_name = 'gamma_gamma' order by 2",
    ) == [
        ("whole", name, None, False, datetime(2026, 1, 1), fit.histories.digest)
        for name in ("gamma", "p", "q")
    ]
    assert fetch(settings, "select fit_name, output_row_count from raw_fits.fit") == [
        ("lifetime", 7)
    ]
