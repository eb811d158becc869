"""Claims that start as a newcomer would: a fresh clone, a machine with Python, make and git."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import time
from pathlib import Path

from tests.proof.harness import ROOT, Result, passed
from tests.proof.house.world import brand, scratch

DEMO_SECONDS_MAX = 180.0
FACTS = ("rows landed", "rows in quarantine", "true persons", "customers", "precision", "recall",
         "orders", "net sales", "CM1", "CM2", "audience", "accepted", "rejected")


@functools.lru_cache(maxsize=2)
def _clone(name: str) -> Path:
    folder = scratch() / name
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def _run(folder: Path, *command: str, timeout: float) -> tuple[int, str]:
    """Exit code and output of a command in a bare environment: no virtual one, no variable."""
    bare = {key: os.environ[key] for key in os.environ
            if key in {"HOME", "LANG", "SSL_CERT_FILE"} or key.startswith("PIP_")}
    path = [part for part in os.environ["PATH"].split(":") if ".venv" not in part]
    done = subprocess.run(
        command, cwd=folder, env={**bare, "PATH": ":".join(path)}, capture_output=True, text=True,
        timeout=timeout, check=False, stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def demo(quick: bool) -> Result:
    """Exit 0, the whole summary, at most three minutes after installation at the default size."""
    folder = _clone("demo")
    code, output = _run(folder, "make", "demo", timeout=1800)
    ended = time.time()
    installed = (folder / ".venv" / ".installed").stat().st_mtime
    missing = [fact for fact in FACTS if fact not in output]
    found = re.search(r"precision of pairs\D*([\d.]+)", output)
    return passed(
        code == 0 and not missing and ended - installed <= DEMO_SECONDS_MAX,
        f"exit {code}, {ended - installed:.0f} s after installation, precision "
        f"{found[1] if found else '?'}, missing: {', '.join(missing) or 'nothing'}",
        f"exit 0, at most {DEMO_SECONDS_MAX:.0f} s, whole summary",
    )


def plain_dbt(quick: bool) -> Result:
    """After landing: dbt build, test, docs generate and sqlfluff lint, no variable and no flag."""
    folder = _clone("plain")
    commands: list[tuple[str, ...]] = [
        ("make", "install"),
        (".venv/bin/tributary", "land", str(brand(2000))),
        (".venv/bin/dbt", "build"),
        (".venv/bin/dbt", "test"),
        (".venv/bin/dbt", "docs", "generate"),
        (".venv/bin/sqlfluff", "lint"),
    ]
    codes = {}
    for command in commands:
        codes[" ".join(command[:2])], _ = _run(folder, *command, timeout=1800)
    failed = [name for name, code in codes.items() if code != 0]
    return passed(not failed, f"failed: {', '.join(failed) or 'none'}", "all exit 0")


def tests(quick: bool) -> Result:
    """The README's test command as the first command."""
    started = time.monotonic()
    code, output = _run(_clone("tests"), "make", "test", timeout=3600)
    counts = re.findall(r"(\d+) passed", output)
    seconds = time.monotonic() - started
    return passed(
        code == 0, f"exit {code}, {' + '.join(counts)} tests, {seconds:.0f} s", "exit 0"
    )


def clean(quick: bool) -> Result:
    """Ruff, import walls, mypy strict and architecture tests; no baseline anywhere."""
    commands = [
        (".venv/bin/ruff", "check", "."),
        (".venv/bin/lint-imports",),
        (".venv/bin/mypy",),
        (".venv/bin/python", "-m", "pytest", "tests/architecture"),
    ]
    failed = [command[0] for command in commands if _run(ROOT, *command, timeout=1800)[0] != 0]
    return passed(not failed, f"failed: {', '.join(failed) or 'none'}", "all exit 0")
