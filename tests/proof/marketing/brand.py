"""Claim that a simulated brand's credits are those of a recount, visit by visit.

What lives here: one small brand built up to its credits.
What never does: the brand's own truth; what made people buy is no matter of credits.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from orchestration import run
from orchestration.brand import make_brand
from tests.proof.harness import Result, passed
from tests.proof.marketing.recount import differences
from tests.proof.marketing.world import World

SEED, MONTHS, CUSTOMERS = 733, 12, 1_000
_SUMS = """
select count(*), count(*) filter (where credit_ratio <> 1) from (
    select sum(credit_ratio) as credit_ratio
    from commerce.fct_orders
    cross join (select distinct attribution_model from attribution.fct_order_credits)
    left join attribution.fct_order_credits using (order_id, attribution_model)
    group by order_id, attribution_model
)
"""
# Orders of a model and type of customer, by channels and by orders.
_TOTALS = """
select count(*) from (
    select attribution_model, sum(credited_order_count) as credited
    from attribution.fct_channel_credits group by all
) where credited <> (select count(*) from commerce.fct_orders)
"""


def recount(quick: bool) -> Result:
    """Every credit beside a recount; sums of each order and model; totals of each model."""
    del quick
    with tempfile.TemporaryDirectory(prefix="tributary-marketing-") as holder:
        files, home = Path(holder, "brand"), World(Path(holder, "home"))
        make_brand(
            files, customers=CUSTOMERS, months=MONTHS, seed=SEED, progress=lambda done, of: None
        )
        run.land(home.settings, run.Source(directory=files), now=lambda: datetime.now(UTC))
        home.build("+fct_channel_credits")
        credits, wrong = differences(home)
        (sums, off_one), ((totals,),) = home.rows(_SUMS)[0], home.rows(_TOTALS)
    return passed(
        not wrong and not off_one and not totals and credits > 0,
        f"{len(wrong)} of {credits:,} credits differ; {off_one} of {sums:,} orders and models "
        f"do not sum to 1; {totals} models lose an order",
        "0, 0, 0",
    )
