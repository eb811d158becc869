"""The list of claims: what people sign and see first, then volumes, faults and deaths."""

from __future__ import annotations

import sys

from tests.proof.delivery import diff, fast_lane, faults, payloads, planning, privacy, volumes
from tests.proof.delivery.dagster_recovery import dagster_recovery, dagster_side_by_side
from tests.proof.harness import Claim, prove
from tests.proof.rooms import SIMULATION

FAULTS = (*SIMULATION, "tests/proof/delivery/faults.py")
VOLUMES = (*SIMULATION, "tests/proof/delivery/volumes.py")
# Mutants are judged by the units too.
JUDGED = (*FAULTS, "tests/unit/activation", "tests/unit/destinations", "tests/unit/ledger")

CLAIMS = [
    Claim("guards", "Guard cases", planning.guard_cases),
    Claim(
        "opt_outs",
        "Opt-outs leave although their plan is halted",
        planning.opt_outs_leave_a_halted_plan,
    ),
    Claim(
        "dead_vendor",
        "Opt-outs go in seconds although one vendor is dead",
        fast_lane.opt_outs_with_one_vendor_dead,
    ),
    Claim("refused", "Approvals that let nothing out", planning.approvals_that_are_refused),
    Claim("standing", "A standing approval lets out what is inside it", planning.standing_approval),
    Claim(
        "restored", "A restored ledger that lost opt-outs", planning.a_restore_that_lost_opt_outs
    ),
    Claim("invariants", "The sixteen invariants are functions", faults.invariants),
    Claim("canaries", "No canary where people look", privacy.canaries),
    Claim("diff", "The diff of a million rows", diff.diff),
    Claim("vectors", "Normalisation vectors against our macros", payloads.vectors, quick=False),
    Claim("oracles", "Payloads against the vendors' own clients", payloads.oracles, quick=False),
    dagster_side_by_side(),
    dagster_recovery(),
    Claim(
        "rejects",
        "Rejects are found, and no row in doubt is accepted",
        volumes.rejects,
        rooms=VOLUMES,
    ),
    Claim("failures", "Rows at 6.64 % injected failure", volumes.failures, rooms=VOLUMES),
    *(
        Claim(
            f"schedules_{part}",
            f"Fault schedules, part {part + 1} of {faults.PARTS}: nothing lost, state converges",
            faults.schedules(part),
            quick=part == 0,
            rooms=FAULTS,
        )
        for part in range(faults.PARTS)
    ),
    Claim(
        "kills_0",
        "Real SIGKILLs: Meta's audience and Klaviyo's list",
        faults.kills(0),
        rooms=FAULTS,
    ),
    Claim(
        "kills_1",
        "Real SIGKILLs: Google's audience and Klaviyo's profiles",
        faults.kills(1),
        rooms=FAULTS,
    ),
    Claim(
        "mutants",
        "Mutants of the engine are noticed",
        faults.mutants,
        quick=False,
        rooms=JUDGED,
    ),
    Claim(
        "profiles",
        "A million Klaviyo profiles under rate windows",
        volumes.million_profiles,
        rooms=VOLUMES,
    ),
]

if __name__ == "__main__":
    sys.exit(prove("delivery", CLAIMS))
