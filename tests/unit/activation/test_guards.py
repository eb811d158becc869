"""Guards: the table of what halts, and what the reasons say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.activation.guards import GUARDS, Circumstances, EqualKeys, PlanCounts, judge
from tests.unit.activation.guard_cases import CASES, GuardCase


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_judgement(case: GuardCase) -> None:
    assert (case.judgement.state, case.judgement.guards) == (case.state, case.guards)
    assert (case.judgement.reason is None) == (case.state == "open")


def test_the_table_has_44_cases_and_every_guard_halts_in_one() -> None:
    assert len({case.sentence for case in CASES}) == 44
    assert {guard for case in CASES for guard in case.guards} == set(GUARDS)


def test_reasons_hold_figures_names_and_hashes() -> None:
    counts = PlanCounts(400, 1_000, 0, 0, 600, 0, 0)
    circumstances = Circumstances(
        equal_keys=EqualKeys(2, ("0a1b", "2c3d")),
        ages={"shop": timedelta(hours=53), "web": timedelta(hours=1)},
    )
    reason = str(judge(counts, circumstances).reason)
    assert "600 of 1000 delivered rows would leave" in reason
    assert "2 keys stand more than once (hashed: 0a1b, 2c3d)" in reason
    assert "nothing new came from shop for 53 h (limit 48 h)" in reason
    assert "web" not in reason
