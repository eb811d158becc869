"""The user's own way: after landing, plain ``dbt build`` with every test of data and of code."""

from __future__ import annotations

import subprocess
from pathlib import Path

from orchestration.brand import make_brand
from tests.support import BIN, ROOT, environment, succeed, tributary


def test_plain_dbt_builds_after_landing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_brand(tmp_path / "brand", customers=400, months=12, seed=3, progress=lambda *_: None)
    succeed(tributary(home, "land", str(tmp_path / "brand")))
    # Elsewhere than a person's own target folder; nothing else differs from a bare `dbt build`.
    outside = {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
    done = subprocess.run(
        [str(BIN / "dbt"), "build"], cwd=ROOT, env=environment(home, outside),
        capture_output=True, text=True, check=False, timeout=500,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "ERROR=0 SKIP=0" in done.stdout
