"""The list of claims: what a newcomer would doubt first, the longest last."""

from __future__ import annotations

import sys

from tests.proof.harness import Claim, prove
from tests.proof.house import clone, crash, delivery, scale, shop

CLAIMS = [
    Claim("demo", "`make demo` is the first command in a fresh clone", clone.demo, False),
    Claim("plain_dbt", "Plain dbt and sqlfluff work after landing", clone.plain_dbt, False),
    Claim("dagster", "Dagster ends its scheduled job unattended", scale.daemon, False),
    Claim("opened", "The warehouse opens after any build", crash.reopened, False),
    Claim("shop", "A real shop's export equals direct SQL", shop.orders_export, False),
    Claim("killed", "Killed and run again, it ends in the same state", crash.killed),
    Claim("codes", "`tributary run` exits 2 waiting, 0 done, 1 failed", delivery.exit_codes),
    Claim("quiet", "A second run plans nothing and writes nothing", delivery.second_run_is_quiet),
    Claim("brand", "The simulated brand at 1,000,000 customers", scale.brand_at_scale, False),
    Claim("clean", "Lint, types and walls are clean", clone.clean, False),
    Claim("tests", "`make test` passes in another fresh clone", clone.tests, False),
]

if __name__ == "__main__":
    sys.exit(prove("house", CLAIMS))
