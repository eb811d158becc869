"""The rooms on which the long claims rest, so that a change elsewhere leaves their figures valid.

What lives here: folders and files by what they hold.
What never does: a claim, or what is done with the rooms (``harness.py``).
"""

from __future__ import annotations

# What sends, what keeps account of it, and the vendors that it is sent to.
ENGINE = (
    "orchestration/activation", "orchestration/destinations", "orchestration/ledger",
    "orchestration/sandbox", "orchestration/console.py", "orchestration/errors.py",
    "orchestration/faults.py", "orchestration/resources.py", "orchestration/settings.py",
    "tests/contracts/cases.py", "tests/unit/activation/world.py", "constraints.txt",
)  # fmt: skip
SIMULATION = (*ENGINE, "tests/faults")
# What hears a no, and answers.
COLLECTOR = (
    *ENGINE, "orchestration/collector", "orchestration/e164.py", "tests/faults/serving.py",
    "tests/support.py", "tests/unit/collector/world.py", "tests/proof/consent/processes.py",
)  # fmt: skip
