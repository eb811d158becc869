"""Claim that a recording of another tool rolls up as direct SQL says.

What lives here: Meta's simulated weeks of revenue and spend, put before the models.
What never does: the recording; where it is absent nothing is claimed.
"""

from __future__ import annotations

import duckdb

from tests.proof.harness import Claim, Result, passed
from tests.proof.marketing.budget_accounts import run
from tests.support import SHARED_DATA

ROBYN = SHARED_DATA / "robyn" / "dt_simulated_weekly.csv"
_ROBYN = """
create schema given;
create table given.int_as_of as select timestamp '2020-01-01' as as_of_at;
create table weeks as
select date as week_date, cast(revenue as decimal(18, 4)) as revenue,
    cast(facebook_S as decimal(18, 4)) as facebook, cast(tv_S as decimal(18, 4)) as tv,
    cast(ooh_S as decimal(18, 4)) as ooh, cast(print_S as decimal(18, 4)) as print,
    cast(search_S as decimal(18, 4)) as search
from read_csv('{file}');
create table given.fct_channel_margin_daily as
select spend_amount, week_date as margin_date
from (unpivot weeks on facebook, tv, ooh, print, search into name channel value spend_amount);
create table given.int_platform_claims_daily as
select cast(0 as decimal(18, 6)) as claimed_order_count, true as is_reported,
    date '2000-01-01' as report_date where false;
create table given.fct_orders as
select cast(week_date as varchar) as order_id, 'dtc' as order_scope, false as is_cancelled,
    false as is_first_order from weeks;
create table given.fct_order_margin as
select cast(week_date as varchar) as order_id, revenue as net_merchandise_sales_amount,
    revenue as cm2_amount, revenue as cm2_expected_amount, week_date as order_date from weeks;
create table given.int_spend_weeks as
select 'channel' as media_level, 'facebook' as channel, cast(null as varchar) as campaign_id,
    facebook as spend_amount, revenue as sales_amount
from weeks where facebook > 0;
"""
_ROBYN_APART = """
select count(*), count(*) filter (
    cast(revenue / nullif(cast(facebook + tv + ooh + print + search as double), 0)
        as decimal(18, 4))
    is distinct from media_efficiency
), sum(net_merchandise_sales_amount) / sum(given.fct_media_efficiency_weekly.spend_amount),
(select elasticity from given.int_response_curves),
(select regr_slope(ln(sales_amount::double), ln(spend_amount::double)) from given.int_spend_weeks)
from weeks left join given.fct_media_efficiency_weekly using (week_date)
"""


def robyn(quick: bool) -> Result:
    """MER of every week, and the response to one channel, of a recording by models and by SQL."""
    del quick
    bar = "0 differ; the slope to six decimals"
    if not ROBYN.exists():
        return Result(f"no third-party data in {SHARED_DATA.name}/", bar, "OPEN")
    with duckdb.connect() as connection:
        connection.execute(_ROBYN.replace("{file}", str(ROBYN)))
        run(connection, ("fct_media_efficiency_weekly", "int_response_curves"))
        row = connection.execute(_ROBYN_APART).fetchone()
    assert row is not None
    weeks, apart, returned, slope, direct = row
    return passed(
        weeks == 208 and apart == 0 and abs(float(slope) - direct) <= 0.000002,
        f"{apart} of {weeks} weeks differ, revenue per spend {float(returned):.4f}; facebook"
        f" {float(slope):.6f}",
        bar,
    )


CLAIMS = [
    Claim("robyn", "MER and response of Robyn's recording equal direct SQL", robyn),
]  # fmt: skip
