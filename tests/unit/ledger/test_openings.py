"""Many openings of one ledger, by one process and by others: what was written stays written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.ledger import LedgerDamagedError, open_ledger
from orchestration.settings import Settings
from tests.support import ROOT
from tests.unit.activation.world import settings_in
from tests.unit.ledger.test_store import person

# As any command does it: open, look, end.
_LOOK = """
import sys
from pathlib import Path
from orchestration.ledger import open_ledger
from tests.unit.activation.world import settings_in
with open_ledger(settings_in(Path(sys.argv[1]))) as ledger, ledger.read() as connection:
    print(connection.exec_driver_sql("select count(*) from suppression").scalar())
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def seen_by_another_process(home: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(home)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_another_process_leaves_the_log_of_one_that_opened_twice(
    settings: Settings, tmp_path: Path
) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_suppressions([person(1)])
        with open_ledger(settings) as second:
            assert seen_by_another_process(tmp_path) == 1
            second.record_suppressions([person(2)])
        ledger.record_suppressions([person(3)])
        assert seen_by_another_process(tmp_path) == 3
        ledger.record_suppressions([person(4)])
    assert seen_by_another_process(tmp_path) == 4


def test_nothing_is_called_durable_in_a_log_that_was_removed(
    settings: Settings, tmp_path: Path
) -> None:
    with open_ledger(settings) as ledger:
        ledger.record_suppressions([person(1)])
        (log,) = tmp_path.rglob("*-wal")
        log.unlink()
        with pytest.raises(LedgerDamagedError, match="log"):
            ledger.record_suppressions([person(2)])
        log.touch()
        with pytest.raises(LedgerDamagedError, match="log"):
            ledger.record_suppressions([person(3)])
