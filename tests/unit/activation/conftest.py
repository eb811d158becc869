"""A world per test, in every store there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.activation.ledgers import STORES, new_ledger
from tests.unit.activation.world import Vendor, World, world_in


@pytest.fixture(params=STORES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with (
        new_ledger(request.param, tmp_path) as url,
        world_in(tmp_path, ledger_url=url) as made,
    ):
        yield made


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()
