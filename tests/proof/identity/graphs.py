"""Claims about the component rounds on graphs of every shape.

What lives here: the integration test of the materialization, run and counted.
What never does: a second copy of its graphs.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.proof.harness import ROOT, Result, passed

TEST = "tests/integration/test_connected_components.py"


def components(quick: bool) -> Result:
    """200 random graphs, chains of 100,000, a star, changes in random order, kills."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", TEST, "-v", "--no-header"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = re.findall(rf"{TEST}::test_(\w+).*PASSED", done.stdout)
    last = done.stdout.strip().splitlines()[-1]
    return passed(
        done.returncode == 0 and len(names) > 0,
        f"{last.strip('= ')}: " + "; ".join(name.replace("_", " ") for name in names),
        "all pass",
    )
