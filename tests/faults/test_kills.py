"""Real SIGKILLs at named and random points: a promise is kept, and the next run ends the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killing import PAIRS, Death, Evening, drawn_death, evening, kill_and_run_again

NAMED = (
    "after_plan:1", "after_approve:2", "before_send:2", "mid_batch:2", "after_send_before_ack:1",
    "after_send_before_ack:3", "after_ack_before_commit:3", "after_commit:2",
)  # fmt: skip


@pytest.fixture(scope="module", params=range(len(PAIRS)))
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return evening(tmp_path_factory.mktemp("evening"), PAIRS[request.param])


def test_the_undisturbed_day_is_delivered(prepared: Evening) -> None:
    receipts = prepared.undisturbed["ledger"]["receipt"]
    assert {row[5] for row in receipts} >= {"accepted", "rejected"}
    assert {row[2] for row in prepared.undisturbed["ledger"]["plan"]} == {"done"}


@pytest.mark.parametrize("point", NAMED)
def test_killed_at_a_point_and_run_again(prepared: Evening, tmp_path: Path, point: str) -> None:
    kill = kill_and_run_again(prepared, tmp_path, Death(kill_at=point))
    assert kill.was_killed
    assert kill.failure is None


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_and_run_again(prepared: Evening, tmp_path: Path, seed: int) -> None:
    moment = drawn_death(seed, prepared.seconds).kill_after or prepared.seconds / 2
    kill = kill_and_run_again(prepared, tmp_path, Death(kill_after=moment))
    assert kill.failure is None
