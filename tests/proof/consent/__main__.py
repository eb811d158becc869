"""The list of claims about consent."""

from __future__ import annotations

import sys

from tests.proof.consent import collector, erasure, profile_api, propagation
from tests.proof.harness import Claim, prove

CLAIMS = [
    Claim(
        "acknowledged",
        "Webhooks at 50 a second are answered when they are on disk",
        collector.acknowledged,
    ),
    Claim("forged", "Forged and broken webhooks", collector.forged),
    Claim(
        "propagated",
        "A no at the preference centre reaches every vendor that is well",
        propagation.propagated,
    ),
    Claim(
        "erased",
        "Erased, a person is found nowhere, and a backfill does not bring her back",
        erasure.erased,
    ),
    Claim(
        "profiles",
        "A person's profile is answered with the choice that she made just before",
        profile_api.answered,
    ),
]

if __name__ == "__main__":
    sys.exit(prove("consent", CLAIMS))
