"""Killed anywhere between plan and receipt, the next run ends where an undisturbed one ends."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.ledger import open_ledger
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.sandbox.truth import Truth
from orchestration.settings import Settings
from tests.faults.delivering import _CONTEXT, OBJECTS, SPECS, in_child, run_day
from tests.unit.activation.world import World, ledger_state

CONSENT = {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED"}
FIRST_DAY = {f"c{n:04}": f"person{n}@example.test" for n in range(250)}
# Forty leave, forty have another address, forty are new.
SECOND_DAY = {
    **{key: email for key, email in list(FIRST_DAY.items())[40:]},
    **{f"c{n:04}": f"moved{n}@example.test" for n in range(40, 80)},
    **{f"c{n:04}": f"person{n}@example.test" for n in range(1_000, 1_040)},
}
POINTS = [
    "after_plan:1",
    "after_approve:1",
    "before_send:2",
    "mid_batch:2",
    "after_send_before_ack:1",
    "after_send_before_ack:6",
    "after_ack_before_commit:6",
    "after_commit:2",
]


Outcome = tuple[dict[str, list[tuple[Any, ...]]], dict[str, list[str]]]


@dataclass
class Shop:
    """A home and a sandbox of its own, with the first day delivered."""

    home: Path
    state_dir: Path
    environment: dict[str, str]

    def desire(self, emails: dict[str, str]) -> None:
        with open_ledger(self.settings) as ledger:
            for spec in SPECS:
                World(self.settings, ledger).desire(emails, spec, **CONSENT)

    @property
    def settings(self) -> Settings:
        return Settings.from_env({**self.environment, "TRIBUTARY_HOME": str(self.home)})

    def outcome(self) -> Outcome:
        with open_ledger(self.settings) as ledger:
            assert ledger.verify() > 0
            state = ledger_state(ledger)
        truth = Truth(self.state_dir)
        members = {
            spec.destination: truth.members(spec.destination, "vip") for spec in SPECS
        }
        truth.close()
        return state, members

    def write_count(self) -> int:
        truth = Truth(self.state_dir)
        try:
            return len(truth.writes())
        finally:
            truth.close()


@contextmanager
def shop_in(folder: Path) -> Iterator[Shop]:
    home, state_dir = folder / "home", folder / "vendors"
    home.mkdir(parents=True, exist_ok=True)
    with start_in_background(state_dir, OBJECTS) as base:
        yield Shop(home, state_dir, sandbox_environment(base))


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the first day is delivered and the second is built."""
    folder = tmp_path_factory.mktemp("evening")
    with shop_in(folder) as shop:
        shop.desire(FIRST_DAY)
        assert in_child(run_day, shop.home, shop.environment) == 0
        shop.desire(SECOND_DAY)
    return folder


@contextmanager
def second_day(evening: Path, folder: Path) -> Iterator[Shop]:
    shutil.copytree(evening, folder, dirs_exist_ok=True)
    with shop_in(folder) as shop:
        yield shop


@pytest.fixture(scope="module")
def undisturbed(evening: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    with second_day(evening, tmp_path_factory.mktemp("undisturbed")) as shop:
        assert in_child(run_day, shop.home, shop.environment) == 0
        state, members = shop.outcome()
        assert len(members["meta"]) == len(members["google"]) == 250
        assert {row[2] for row in state["plan"]} == {"done"}
        writes = shop.write_count()
        assert in_child(run_day, shop.home, shop.environment) == 0
        assert shop.write_count() == writes, "a second run writes nothing"
        return state, members


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_and_run_again(
    tmp_path: Path, evening: Path, undisturbed: Outcome, point: str
) -> None:
    with second_day(evening, tmp_path) as shop:
        armed = {**shop.environment, "TRIBUTARY_KILL_AT": point}
        assert in_child(run_day, shop.home, armed) == -9
        assert in_child(run_day, shop.home, shop.environment) == 0
        assert shop.outcome() == undisturbed


@pytest.mark.parametrize("seed", range(1))
def test_killed_at_any_moment_and_run_again(
    tmp_path: Path, evening: Path, undisturbed: Outcome, seed: int
) -> None:
    moments = random.Random(seed)
    with second_day(evening, tmp_path) as shop:
        for _ in range(2):
            environment = {**shop.environment, "TRIBUTARY_HOME": str(shop.home)}
            child = _CONTEXT.Process(target=run_day, args=(environment,), daemon=True)
            child.start()
            time.sleep(moments.uniform(0.1, 0.9))
            child.kill()
            child.join(10)
        assert in_child(run_day, shop.home, shop.environment) == 0
        assert shop.outcome() == undisturbed
