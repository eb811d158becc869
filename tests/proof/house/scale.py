"""Claims about size and about work that nobody attends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.settings import Settings
from orchestration.ui import prepare_dagster_home
from tests.proof.harness import ROOT, Result, passed
from tests.proof.house.world import brand, scratch
from tests.support import BIN, environment

BRAND_SECONDS_MAX, BRAND_GIB_MAX = 600.0, 6.0
DAEMON_SECONDS_MAX = 900.0
MEASURED = (
    "import resource, subprocess, sys;"
    "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode;"
    "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def brand_at_scale(quick: bool) -> Result:
    """``tributary brand --customers 1000000 --months 12``: wall seconds and peak memory."""
    target = scratch() / "brand-million"
    command = [str(BIN / "tributary"), "brand", "--customers", "1000000", "--months", "12",
               "--seed", "1", str(target)]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command],
        cwd=ROOT, env=environment(scratch()), capture_output=True, text=True, check=True,
    )
    seconds = time.monotonic() - started
    code, peak_kib = map(int, done.stdout.split()[-2:])
    shutil.rmtree(target, ignore_errors=True)
    gib = peak_kib / 1024**2
    return passed(
        code == 0 and seconds <= BRAND_SECONDS_MAX and gib <= BRAND_GIB_MAX,
        f"exit {code}, {seconds:.0f} s, {gib:.2f} GiB at the peak",
        f"at most {BRAND_SECONDS_MAX:.0f} s and {BRAND_GIB_MAX:.0f} GiB",
    )


def daemon(quick: bool) -> Result:
    """Start the daemon, touch nothing, wait until its own schedule's run has succeeded."""
    home = scratch() / "daemon"
    settings = Settings.from_env(
        environment(home, {"TRIBUTARY_BUILD_SCHEDULE": "* * * * *"})
    )
    prepare_dagster_home(settings)
    shutil.copytree(brand(2000), settings.inbox_dir)
    extra = {
        "TRIBUTARY_BUILD_SCHEDULE": "* * * * *",
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    started = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / "dagster-daemon"), "run", "--module-name", "orchestration.definitions"],
        cwd=ROOT, env=environment(home, extra), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )
    try:
        status = _wait(settings, started + DAEMON_SECONDS_MAX)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    published = (settings.published_dir / "current").exists()
    return passed(
        status == "SUCCESS" and published,
        f"{status}, snapshot {'published' if published else 'missing'}, "
        f"{time.monotonic() - started:.0f} s from the daemon's start",
        "SUCCESS",
    )


def _wait(settings: Settings, deadline: float) -> str:
    """The end state of the first run that the schedule made."""
    ended = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
    with DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        wanted = RunsFilter(tags={"dagster/schedule_name": "hourly_build"})
        while time.monotonic() < deadline:
            statuses = [run.status for run in instance.get_runs(wanted)]
            if statuses and statuses[-1] in ended:
                return statuses[-1].value
            time.sleep(2)
    return "not ended in time"
