"""The profile API that most tests talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.profiles.world import Reading, reading_in


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    with reading_in(tmp_path) as made:
        made.publish()
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """For tests that change nothing."""
    with reading_in(tmp_path_factory.mktemp("profiles")) as made:
        made.publish()
        yield made
