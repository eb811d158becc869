"""One sandbox for all contract tests; each test begins without faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from orchestration.sandbox.server import start_in_background
from tests.contracts.cases import OBJECTS, SUBSCRIBERS, World


@pytest.fixture(scope="session")
def sandbox_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    state: Path = tmp_path_factory.mktemp("sandbox")
    with start_in_background(state, OBJECTS) as base:
        yield base


@pytest.fixture(scope="session")
def whole_world(
    sandbox_base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    with httpx.Client() as client, httpx.HTTPTransport() as transport:
        client.post(f"{sandbox_base}/_subscribers", json=SUBSCRIBERS).raise_for_status()
        yield World(sandbox_base, client, transport, home)


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    whole_world.behave()
    yield whole_world
    whole_world.behave()
