"""The list of claims about consent."""

from __future__ import annotations

import sys

from tests.proof.consent import (
    collector,
    erasure,
    forged,
    kills,
    profile_api,
    propagation,
    races,
    storm,
    sustained,
)
from tests.proof.harness import Claim, prove
from tests.proof.rooms import COLLECTOR, SIMULATION

_HERE = "tests/proof/consent"

CLAIMS = [
    Claim(
        "acknowledged",
        "Webhooks at 50 a second are answered when they are on disk",
        collector.acknowledged,
        rooms=(*COLLECTOR, f"{_HERE}/collector.py"),
    ),
    Claim(
        "sustained",
        "The most opt-outs a second that one process takes",
        sustained.sustained,
        rooms=(*COLLECTOR, f"{_HERE}/sustained.py"),
    ),
    Claim(
        "forged",
        "A million forged, broken, odd, huge and replayed webhooks",
        forged.forged,
        rooms=(*COLLECTOR, f"{_HERE}/forged.py", f"{_HERE}/fuzz.py", f"{_HERE}/collector.py"),
    ),
    Claim(
        "forged_socket",
        "The same through a socket",
        forged.through_a_socket,
        rooms=(*COLLECTOR, f"{_HERE}/forged.py", f"{_HERE}/fuzz.py", f"{_HERE}/collector.py"),
    ),
    Claim(
        "propagated",
        "A no at the preference centre reaches every vendor that is well",
        propagation.propagated,
        rooms=(*COLLECTOR, f"{_HERE}/propagation.py"),
    ),
    Claim(
        "erased",
        "Erased, a person is found nowhere, and a backfill does not bring her back",
        erasure.erased,
        rooms=(
            *COLLECTOR,
            "orchestration",
            "models",
            "macros",
            "seeds",
            "dbt_project.yml",
            "tests/unit/test_publish.py",
            f"{_HERE}/erasure.py",
            f"{_HERE}/erasure_world.py",
        ),
    ),
    Claim(
        "profiles",
        "A person's profile is answered with the choice that she made just before",
        profile_api.answered,
        rooms=(
            *COLLECTOR,
            "orchestration/profiles",
            "orchestration/publish",
            "tests/unit/profiles/world.py",
            "tests/unit/test_publish.py",
            f"{_HERE}/profile_api.py",
        ),
    ),
    Claim(
        "storm",
        "10,000 opt-outs in 20 minutes and 300 within a second, beside a bulk delivery and a build",
        storm.storm,
        quick=False,
        rooms=(*COLLECTOR, f"{_HERE}/storm.py"),
    ),
    Claim(
        "raced",
        "A million simulated operations over 200 seeds of faults, full of opt-outs",
        races.raced,
        rooms=(*SIMULATION, f"{_HERE}/races.py"),
    ),
    Claim(
        "killed",
        "200 SIGKILLs of the serving process: every acknowledged no arrives everywhere",
        kills.killed,
        quick=False,
        rooms=(*COLLECTOR, f"{_HERE}/storm.py", f"{_HERE}/kills.py"),
    ),
    Claim(
        "storm_with_one_dead",
        "A dead vendor delays no other in a storm of opt-outs",
        storm.with_one_dead,
        quick=False,
        rooms=(*COLLECTOR, f"{_HERE}/storm.py"),
    ),
]

if __name__ == "__main__":
    sys.exit(prove("consent", CLAIMS))
