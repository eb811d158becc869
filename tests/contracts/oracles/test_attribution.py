"""Removal effects and Shapley values of our rules, held against a public attribution package.

What lives here: drawn paths given to both, the two answers side by side; where the package means
something else, how far apart that is.
What never does: a figure of the models themselves: tests/proof/marketing holds those against the
same recount.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.proof.marketing.recount import Path, Visit, removal_effects

ABSENT = "marketing-attribution-models is not installed: make oracles"
markov = pytest.importorskip("mam.models.markov", reason=ABSENT)
shapley = pytest.importorskip("mam.models.shapley", reason=ABSENT)
import polars  # noqa: E402

CHANNELS = ("direct", "email", "google_ads", "meta_ads", "organic_search", "tiktok_ads")
START = datetime(2026, 10, 1, tzinfo=UTC)
PATHS, LONGEST, SEED = 3_000, 8, 62


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    """Visits an hour apart, so that none is merged; direct ones only on paths of their own."""
    random = np.random.default_rng(SEED)
    return [_path(random, number) for number in range(PATHS)]


def _path(random: np.random.Generator, number: int) -> Path:
    length = 1 + int(random.integers(LONGEST))
    names = ["direct"] * length
    if random.random() > 0.1:
        shares = np.array([0.1, 0.35, 0.25, 0.2, 0.1])
        names = [str(name) for name in random.choice(CHANNELS[1:], size=length, p=shares)]
    visits = [
        Visit(f"{number}-{place}", name, None, START + timedelta(hours=place))
        for place, name in enumerate(names)
    ]
    chance = 0.05 + 0.1 * ("email" in names) + 0.05 * ("google_ads" in names)
    order = str(number) if random.random() < chance else None
    return Path(True, order, START + timedelta(hours=length), visits)


def _frame(paths: list[Path]) -> Any:
    return polars.DataFrame({
        "journey_id": [str(number) for number in range(len(paths))],
        "channels": [[visit.channel for visit in path.kept] for path in paths],
        "has_conversion": [path.order_id is not None for path in paths],
        "weight": [1] * len(paths),
        "conversion_value": [float(path.order_id is not None) for path in paths],
    })  # fmt: skip


@pytest.mark.parametrize("to_same_state", [False, True])
def test_removal_effects_are_the_packages(paths: list[Path], to_same_state: bool) -> None:
    """Steps from a channel to itself change no chance to order, whether they are kept or not."""
    model = markov.MarkovModel(transition_to_same_state=to_same_state)
    model.calculate(_frame(paths))
    theirs = model.removal_effect_df["removal_effect"].to_dict()

    ours = removal_effects(paths)

    assert set(theirs) == set(ours) == set(CHANNELS)
    assert max(abs(theirs[channel] - ours[channel]) for channel in ours) < 1e-12
    assert min(abs(a - b) for a, b in itertools.combinations(ours.values(), 2)) > 1e-3


def test_shapley_values_of_our_game_are_the_packages(paths: list[Path]) -> None:
    """The value of a set of channels is the orders whose path lies within it: the package's own sum
    over all sets gives what we share out evenly among the channels of each path."""
    visited = [frozenset(visit.channel for visit in path.kept) for path in paths if path.order_id]
    sets = [
        frozenset(chosen)
        for size in range(1, len(CHANNELS) + 1)
        for chosen in itertools.combinations(CHANNELS, size)
    ]
    worth = {
        " > ".join(sorted(chosen)): float(sum(one <= chosen for one in visited)) for chosen in sets
    }
    theirs = shapley.ShapleyModel()._calculate_shapley_for_journey(
        list(CHANNELS), worth, order=False
    )

    ours = [sum(1 / len(one) for one in visited if channel in one) for channel in CHANNELS]

    assert theirs == pytest.approx(ours, abs=1e-9)


def test_the_packages_own_game_is_another(paths: list[Path]) -> None:
    """By default it values a set by how often paths of exactly these channels ordered, so that
    channels of longer paths may lose what shorter ones gain; the orders shared out are as many."""
    frame = _frame(paths)
    shares = shapley.ShapleyModel(max_size=None).get_aggregated_results(frame)
    theirs = dict(shares.iter_rows())
    visited = [{visit.channel for visit in path.kept} for path in paths if path.order_id]
    ours = {channel: sum(1 / len(one) for one in visited if channel in one) for channel in CHANNELS}

    assert sum(theirs.values()) == pytest.approx(sum(ours.values())) == len(visited)
    apart = sum(abs(theirs[channel] - ours[channel]) for channel in CHANNELS) / 2 / len(visited)
    assert apart > 0.01, "the package's game has become ours: compare credits themselves"
