"""The list of claims: the worked example, the brand's own ledger, then what media may cost."""

from __future__ import annotations

import sys

from tests.proof.harness import Claim, prove
from tests.proof.margin import (
    bench,
    expected,
    findings,
    fixtures,
    landings,
    ledger,
    marginal,
    marketing,
    shop,
    subscriptions,
    thresholds,
)

CLAIMS = [
    Claim("cm_01", "The worked example of an order, every number", fixtures.fixtures),
    Claim("thr_01", "The worked example of a threshold, every number", thresholds.thresholds),
    Claim("ledger", "10,000 orders equal the brand's own ledger", ledger.large, False),
    Claim("brands", "Small brands of other seeds equal theirs", ledger.small),
    Claim(
        "subscriptions", "Subscriptions and their charges equal the brand's own",
        subscriptions.subscriptions, False,
    ),
    Claim("grains", "Every grain sums to its parent", marketing.grains, False),
    Claim("spend", "Ad spend is shared out to the cent", marketing.spend, False),
    Claim("mar_01", "The next unit of spend beside the average", marginal.marginal, False),
    Claim("model", "Another attribution model changes no reader", marketing.another_model, False),
    Claim("errors", "An error of cents is seen", marketing.errors, False),
    Claim("expected", "Young orders wait for their returns", expected.expected_margin, False),
    Claim(
        "shop", "A real shop per product and customer, odd stock codes listed",
        shop.real_shop, False,
    ),
    Claim(
        "shuffled", "Shuffled, halved or corrected landings end in the same tables",
        landings.same_tables, False,
    ),
    Claim(
        "bad_input", "Bad input is flagged with a reason, never dropped or clipped",
        findings.bad_input, False,
    ),
    Claim(
        "bench", "The margin build beside a scan and a plain sum, at a small size",
        bench.small_size, False,
    ),
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(prove("margin", CLAIMS))
