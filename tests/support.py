"""What whole-story tests share: the command line as a user calls it, and digests of what it left.

What lives here: subprocess calls of ``tributary`` and comparisons of end states.
What never does: an assertion about one feature.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SHARED_DATA = ROOT.parent / "shared" / "data"


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a user whose TRIBUTARY_HOME is ``home``."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRIBUTARY_")}
    return {**kept, "TRIBUTARY_HOME": str(home), "NO_COLOR": "1", **(extra or {})}


def tributary(
    home: Path, *arguments: str, extra: Mapping[str, str] | None = None, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run the command line; output is captured, the exit code is the caller's to judge."""
    return subprocess.run(
        [str(BIN / "tributary"), *arguments],
        cwd=ROOT, env=environment(home, extra), capture_output=True, text=True, timeout=timeout,
        check=False, stdin=subprocess.DEVNULL,
    )


def succeed(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """The result, if it exited 0; else an error that shows what it said."""
    if result.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, result.args))} exited {result.returncode}\n"
            f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        )
    return result


def kill_after(
    home: Path, *arguments: str, seconds: float, extra: Mapping[str, str] | None = None
) -> bool:
    """Start the command line, SIGKILL its group after ``seconds``; True where it was alive."""
    process = subprocess.Popen(
        [str(BIN / "tributary"), *arguments],
        cwd=ROOT, env=environment(home, extra), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def random_moment(seed: int, longest: float) -> float:
    """A moment between process start and ``longest`` seconds, the same for the same seed."""
    return random.Random(seed).uniform(0.05 * longest, longest)


def digest(value: object) -> str:
    """SHA-256 of a JSON value with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
