"""The list of claims: faults and deaths first, then volumes, then what people see."""

from __future__ import annotations

import sys

from tests.proof.delivery import diff, faults, privacy, volumes
from tests.proof.harness import Claim, prove

CLAIMS = [
    *(
        Claim(
            f"schedules_{part}",
            f"Fault schedules, part {part + 1} of {faults.PARTS}: nothing lost, state converges",
            faults.schedules(part),
            quick=part == 0,
        )
        for part in range(faults.PARTS)
    ),
    Claim("kills_0", "Real SIGKILLs: Meta's audience and Klaviyo's list", faults.kills(0)),
    Claim("kills_1", "Real SIGKILLs: Google's audience and Klaviyo's profiles", faults.kills(1)),
    Claim("failures", "Rows at 6.64 % injected failure", volumes.failures),
    Claim("rejects", "Rejects are found, and no row in doubt is accepted", volumes.rejects),
    Claim("profiles", "A million Klaviyo profiles under rate windows", volumes.million_profiles),
    Claim("diff", "The diff of a million rows", diff.diff),
    Claim("guards", "Guard cases", volumes.guard_cases),
    Claim("invariants", "The sixteen invariants are functions", faults.invariants),
    Claim("mutants", "Mutants of the engine are noticed", faults.mutants, quick=False),
    Claim("canaries", "No canary where people look", privacy.canaries),
]

if __name__ == "__main__":
    sys.exit(prove("delivery", CLAIMS))
