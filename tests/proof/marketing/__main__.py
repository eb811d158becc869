"""The list of claims about marketing."""

from __future__ import annotations

import sys

from tests.proof.harness import prove
from tests.proof.marketing import disclosure

CLAIMS = [*disclosure.CLAIMS]

if __name__ == "__main__":
    sys.exit(prove("marketing", CLAIMS))
