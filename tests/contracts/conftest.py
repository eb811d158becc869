"""One sandbox for all contract tests; each test begins without faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.cases import OBJECTS, World
from orchestration.sandbox.server import start_in_background


@pytest.fixture(scope="session")
def sandbox_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state: Path = tmp_path_factory.mktemp("sandbox")
    with start_in_background(state, OBJECTS) as base:
        yield base


@pytest.fixture
def world(sandbox_base: str) -> Iterator[World]:
    world = World(sandbox_base)
    world.behave()
    yield world
    world.behave()
