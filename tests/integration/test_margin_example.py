"""The worked example of margin from raw files to every number of it."""

from __future__ import annotations

import pytest

from tests.proof.margin.fixtures import fixtures


@pytest.mark.slow
def test_every_number_of_the_worked_example_is_as_on_paper() -> None:
    result = fixtures(quick=True)
    assert result.verdict == "PASS", result.figure
