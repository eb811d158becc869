"""The list of claims: the worked examples, then what others recorded."""

from __future__ import annotations

import sys

from tests.proof.harness import Claim, prove
from tests.proof.marketing import (
    brand,
    budget,
    creatives,
    creators,
    credits,
    disclosure,
    experiments,
    feed,
    gap_parts,
    lenses,
    lifetime,
    lists,
    metrics,
    recorded,
    robyn,
    segment_lift,
    segments,
    survey,
)

CLAIMS = [
    Claim("mta_01", "The worked example of attribution, every number", credits.worked_example),
    Claim(
        "bootstrap", "Intervals are those of the same draws counted in Python",
        credits.intervals,
    ),
    Claim(
        "snowplow", "Visits and transactions equal what Snowplow's own package expects",
        recorded.snowplow,
    ),
    Claim(
        "ecom", "Visits and first touches of a recorded shop equal direct SQL",
        recorded.retentioneering, False,
    ),
    Claim("credits", "A brand's credits equal a recount of every path", brand.recount, False),
    *lifetime.CLAIMS,
    *disclosure.CLAIMS,
    *segments.CLAIMS,
    *segment_lift.CLAIMS,
    *metrics.CLAIMS,
    *creatives.CLAIMS,
    *creators.CLAIMS,
    *lists.CLAIMS,
    *feed.CLAIMS,
    *lenses.CLAIMS,
    *survey.CLAIMS,
    *experiments.CLAIMS,
    *gap_parts.CLAIMS,
    *budget.CLAIMS,
    *robyn.CLAIMS,
]  # fmt: skip

if __name__ == "__main__":
    sys.exit(prove("marketing", CLAIMS))
