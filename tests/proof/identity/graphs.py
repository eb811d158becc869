"""Claims about the component rounds on graphs of every shape.

What lives here: the integration test of the materialization, run and counted.
What never does: a second copy of its graphs.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.proof.harness import ROOT, Result, passed

TESTS = [f"tests/integration/test_{kind}_components.py" for kind in ("connected", "changed")]


def components(quick: bool) -> Result:
    """200 random graphs, chains of 100,000, a star, changes in random order, kills."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *TESTS, "-vv", "--no-header"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = dict.fromkeys(re.findall(r"::test_(\w+)\S* PASSED", done.stdout))
    last = done.stdout.strip().splitlines()[-1]
    return passed(
        done.returncode == 0 and len(names) > 0,
        f"{last.strip('= ')}: " + "; ".join(name.replace("_", " ") for name in names),
        "all pass",
    )
