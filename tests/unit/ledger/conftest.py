"""The same small world as the tests of activation have, in a file: these tests look into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.activation.conftest import vendor
from tests.unit.activation.world import World, world_in

__all__ = ["vendor", "world"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_in(tmp_path) as made:
        yield made
