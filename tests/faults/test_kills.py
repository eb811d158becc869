"""Real SIGKILLs at named and random points: a promise is kept, and the next run ends the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killing import PAIRS, POINTS, Evening, evening, kill_and_run_again

QUICK_SEEDS = 4


@pytest.fixture(scope="module", params=range(len(PAIRS)))
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return evening(tmp_path_factory.mktemp("evening"), PAIRS[request.param])


def test_the_undisturbed_day_is_delivered(prepared: Evening) -> None:
    receipts = prepared.undisturbed["ledger"]["receipt"]
    assert {row[5] for row in receipts} >= {"accepted", "rejected"}
    assert {row[2] for row in prepared.undisturbed["ledger"]["plan"]} == {"done"}


def test_killed_and_run_again(prepared: Evening, tmp_path: Path) -> None:
    kills = [kill_and_run_again(prepared, tmp_path, seed) for seed in range(QUICK_SEEDS)]
    assert [kill for kill in kills if kill.failure is not None] == []
    assert any(kill.was_killed for kill in kills)
    assert any(kill.where.partition(":")[0] in POINTS for kill in kills)
