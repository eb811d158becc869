"""A landing killed at any of its points leaves each table as it was; the next run ends the work."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration.landing import land_directory, land_segments
from tests.support import ROOT, environment
from tests.unit.landing.world import MOMENT, digests, fetch, now, settings_at, write, write_parquet

CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from orchestration.landing import land_directory, land_segments
from orchestration.settings import Settings
moment = datetime.fromisoformat(sys.argv[2])
land_directory(Settings.from_env(), Path(sys.argv[1]), now=lambda: moment)
"""
POINTS = [
    "landing_after_open:1",
    "landing_after_table:1",
    "landing_after_table:2",
    "landing_before_commit:1",
    "landing_after_commit:1",
]


def land_in_child(home: Path, inbox: Path, kill_at: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(inbox), MOMENT.isoformat()],
        cwd=ROOT, env=environment(home, {"TRIBUTARY_KILL_AT": kill_at}), check=False,
        capture_output=True, timeout=60,
    ).returncode  # fmt: skip


def put(inbox: Path, *, day: int) -> None:
    synced = datetime(2026, 2, day)
    rows = range(day, day + 500)
    write_parquet(
        inbox / "shopify" / "customer.parquet",
        {
            "id": list(rows),
            "phone": ["(212) 555-0123" for _ in rows],
            "default_address_country_code": ["US" for _ in rows],
            "created_at": [synced for _ in rows],
            "_fivetran_synced": [synced + timedelta(seconds=row) for row in rows],
        },
    )
    write(
        inbox / "shopify" / "inventory_item.csv",
        f"id,sku,cost,unit_cost_currency_code,_fivetran_synced\n1,A,{day}.5,USD,{synced}\n"
        f"x,A,{day}.5,USD,{synced}\n",
    )


@pytest.mark.parametrize("kill_at", POINTS)
def test_a_killed_landing_is_finished_by_the_next_one(tmp_path: Path, kill_at: str) -> None:
    put(tmp_path / "first", day=1)
    put(tmp_path / "second", day=2)
    undisturbed, killed = settings_at(tmp_path / "undisturbed"), settings_at(tmp_path / "killed")
    for settings in (undisturbed, killed):
        land_directory(settings, tmp_path / "first", now=now)
    before = digests(killed)

    status = land_in_child(killed.home, tmp_path / "second", kill_at)
    assert status == -signal.SIGKILL
    land_directory(undisturbed, tmp_path / "second", now=now)
    after = digests(undisturbed)
    assert digests(killed) == (after if "after_commit" in kill_at else before)

    land_directory(killed, tmp_path / "second", now=now)
    assert digests(killed) == after != before


SEGMENTS_CHILD = """
import sys
from datetime import datetime
from orchestration.landing import land_segments
from orchestration.settings import Settings
moment = datetime.fromisoformat(sys.argv[1])
land_segments(Settings.from_env(), now=lambda: moment, most_bytes=1)
"""


def test_segments_go_on_where_a_killed_landing_ended(tmp_path: Path) -> None:
    killed = settings_at(tmp_path)
    lines = b"".join(
        b'{"source_relation":"shop","event_id":"v%d","received_at":"2026-02-01T10:00:00Z",'
        b'"event":{"browser_id":"b","type":"page_viewed","occurred_at":"2026-02-01T10:00:00Z"}}\n'
        % number
        for number in range(3)
    )
    write(killed.segments_dir / "events-000000001.jsonl", lines)
    status = subprocess.run(
        [sys.executable, "-c", SEGMENTS_CHILD, MOMENT.isoformat()],
        # The tables first, then one batch; the second dies with its rows written.
        cwd=ROOT, env=environment(killed.home, {"TRIBUTARY_KILL_AT": "landing_before_commit:3"}),
        check=False, capture_output=True, timeout=60,
    ).returncode  # fmt: skip
    assert status == -signal.SIGKILL
    ids = "select message_id from raw_web.event order by 1"
    assert fetch(killed, ids) == [("v0",)]
    assert land_segments(killed, now=now).landed == 2
    assert fetch(killed, ids) == [("v0",), ("v1",), ("v2",)]
    assert land_segments(killed, now=now).landed == 0
