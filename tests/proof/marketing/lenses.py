"""Claims on what media cost and what platforms say of it: sums beside the brand's own, to the cent.

What lives here: raw tables of a brand put before the models without dbt, and the worked example of
claims that exceed the orders.
What never does: a sum taken from what the models said.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import yaml

from orchestration.brand import make_brand
from tests.proof.harness import ROOT, Claim, Result, passed
from tests.rendering_models import run_models

SEED = 8_125
SEEDS = ("attribution_settings", "structural_breaks", "currencies")
# Raw tables as staging leaves them, for the columns that the models read.
_STAGED = """
create schema given;
create table given.stg_facebook_ads__accounts as
select _source_relation as source_relation, id as meta_account_id, currency
from '{folder}/facebook_ads/account_history.parquet';
create table given.stg_facebook_ads__ads as
select _source_relation as source_relation, id as meta_ad_id, ad_set_id as meta_ad_set_id,
    campaign_id as meta_campaign_id
from '{folder}/facebook_ads/ad_history.parquet';
create table given.stg_facebook_ads__ad_days as
select _source_relation as source_relation, ad_id as meta_ad_id, account_id as meta_account_id,
    impressions as impression_count, inline_link_clicks as link_click_count,
    cast(spend as decimal(18, 4)) as spend_amount, date as report_date
from '{folder}/facebook_ads/basic_ad.parquet';
create table given.stg_facebook_ads__ad_day_actions as
select ad_id as meta_ad_id, action_type, date as report_date,
    cast(value as decimal(28, 10)) as claimed_conversion_count,
    cast(_7_d_click as decimal(28, 10)) as claimed_conversion_7d_click_count,
    _fivetran_synced as synced_at
from '{folder}/facebook_ads/basic_ad_actions.parquet';
create table given.stg_facebook_ads__ad_day_action_values as
select ad_id as meta_ad_id, action_type, date as report_date,
    cast(value as decimal(18, 4)) as claimed_value_amount,
    cast(_7_d_click as decimal(18, 4)) as claimed_value_7d_click_amount,
    _fivetran_synced as synced_at
from '{folder}/facebook_ads/basic_ad_action_values.parquet';
create table given.stg_google_ads__accounts as
select _source_relation as source_relation, id as google_account_id, currency_code as currency
from '{folder}/google_ads/account_history.parquet';
create table given.stg_google_ads__ad_days as
select _source_relation as source_relation, ad_id as google_ad_id,
    ad_group_id as google_ad_group_id, campaign_id as google_campaign_id,
    customer_id as google_account_id, impressions as impression_count, clicks as link_click_count,
    cast(cast(cost_micros as decimal(18, 0)) * 0.000001 as decimal(18, 4)) as spend_amount,
    cast(conversions as decimal(28, 10)) as claimed_conversion_count,
    cast(conversions_value as decimal(18, 4)) as claimed_value_amount,
    date as report_date, _fivetran_synced as synced_at
from '{folder}/google_ads/ad_stats.parquet';
create table given.stg_tiktok_ads__advertisers as
select _source_relation as source_relation, id as tiktok_advertiser_id, currency
from '{folder}/tiktok_ads/advertiser.parquet';
create table given.stg_tiktok_ads__ads as
select _source_relation as source_relation, ad_id as tiktok_ad_id,
    adgroup_id as tiktok_ad_group_id, campaign_id as tiktok_campaign_id,
    advertiser_id as tiktok_advertiser_id
from '{folder}/tiktok_ads/ad_history.parquet';
create table given.stg_tiktok_ads__ad_hours as
select _source_relation as source_relation, ad_id as tiktok_ad_id,
    impressions as impression_count, clicks as link_click_count,
    cast(spend as decimal(18, 4)) as spend_amount,
    cast(conversion as decimal(28, 10)) as claimed_conversion_count,
    cast(total_purchase_value as decimal(18, 4)) as claimed_value_amount,
    stat_time_hour as reported_at, _fivetran_synced as synced_at
from '{folder}/tiktok_ads/ad_report_hourly.parquet';
create table given.int_exchange_rates_daily as
select 'EUR' as currency, cast(1.1 as decimal(18, 8)) as exchange_rate,
    date '1970-01-01' as rate_date;
"""
_APART = """
with told as (
    select channel, cast(campaign_id as varchar) as campaign_id, week_date,
        cast(spend_amount as decimal(18, 4)) as spend_amount,
        cast(claimed_order_count as decimal(18, 6)) as claimed_order_count,
        cast(claimed_sales_amount as decimal(18, 4)) as claimed_sales_amount
    from '{folder}/truth/media_weeks.parquet'
),
spent as (
    select channel, campaign_id, cast(date_trunc('week', spend_date) as date) as week_date,
        sum(spend_amount) as spend_amount
    from given.int_ad_spend_daily group by all
),
claimed as (
    select channel, campaign_id, cast(date_trunc('week', report_date) as date) as week_date,
        sum(claimed_order_count) as claimed_order_count,
        sum(claimed_sales_amount) as claimed_sales_amount
    from given.int_platform_claims_daily where is_reported group by all
)
select count(*), count(*) filter (
    told.channel is null or spent.spend_amount is distinct from told.spend_amount
    or coalesce(claimed.claimed_order_count, 0) <> told.claimed_order_count
    or coalesce(claimed.claimed_sales_amount, 0) <> told.claimed_sales_amount
), sum(told.claimed_order_count)
from told
full join spent using (channel, campaign_id, week_date)
full join claimed using (channel, campaign_id, week_date)
"""
# gap_01: claims of four platforms in one week of 2,000 orders.
_CLAIMS_01 = (700, 900, 250, 800)
_ORDERS_01 = 2_000
_EFFICIENCY_01 = f"""
create schema given;
create table given.int_as_of as select timestamp '2026-12-01' as as_of_at;
create table given.fct_channel_margin_daily as
select cast(1000 as decimal(18, 4)) as spend_amount, date '2026-10-05' as margin_date;
create table given.int_platform_claims_daily as
select cast(claim as decimal(18, 6)) as claimed_order_count, true as is_reported,
    date '2026-10-05' as report_date
from (values {", ".join(f"({claim})" for claim in _CLAIMS_01)}) as claims (claim);
create table given.fct_orders as
select 'o' || number as order_id, 'dtc' as order_scope, false as is_cancelled,
    number <= 50 as is_first_order
from range(1, {_ORDERS_01 + 1}) as numbers (number);
create table given.fct_order_margin as
select order_id, cast(2 as decimal(18, 4)) as net_merchandise_sales_amount,
    cast(1 as decimal(18, 4)) as cm2_amount, cast(1 as decimal(18, 4)) as cm2_expected_amount,
    date '2026-10-05' as order_date
from given.fct_orders;
"""


def weeks(quick: bool) -> Result:
    """Spend, claimed orders and claimed sales of every campaign and week beside the truth."""
    customers, months = (500, 12) if quick else (10_000, 18)
    with tempfile.TemporaryDirectory(prefix="tributary-lenses-") as folder:
        make_brand(
            Path(folder), customers=customers, months=months, seed=SEED, progress=lambda *_: None
        )
        with duckdb.connect() as connection:
            connection.execute(_STAGED.replace("{folder}", folder))
            put_seeds(connection, SEEDS)
            run_models(connection, ("int_ad_spend_daily", "int_platform_claims_daily"), {})
            row = connection.execute(_APART.replace("{folder}", folder)).fetchone()
    assert row is not None
    total, apart, claims = row
    return passed(
        apart == 0 and total > 0 and claims > 0,
        f"{apart} of {total:,} weeks of campaigns differ, {claims:,.2f} orders claimed",
        "0",
    )


def claimed_twice(quick: bool) -> Result:
    """gap_01: four platforms claim 2,650 of 2,000 orders."""
    del quick
    with duckdb.connect() as connection:
        connection.execute(_EFFICIENCY_01)
        run_models(connection, ("fct_media_efficiency_weekly",), {"shop_timezone": "UTC"})
        row = connection.execute(
            "select overclaim_ratio, media_efficiency, new_customer_cost_amount"
            " from given.fct_media_efficiency_weekly"
        ).fetchone()
    assert row is not None
    ratio, efficiency, cost = map(float, row)
    return passed(
        (ratio, efficiency, cost) == (1.325, 4.0, 20.0),
        f"over-claim {ratio}, MER {efficiency}, nCAC {cost}", "1.325, 4, 20",
    )  # fmt: skip


def put_seeds(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> None:
    """Seeds as tables of schema ``given``, typed as their YAML says."""
    types: dict[str, dict[str, str]] = {}
    for file in sorted((ROOT / "seeds").glob("_*.yml")):
        for seed in yaml.safe_load(file.read_text(encoding="utf-8"))["seeds"]:
            types[seed["name"]] = (seed.get("config") or {}).get("column_types") or {}
    for name in names:
        connection.execute(
            f"create table given.{name} as select * from read_csv(?, header = true, types = ?)",
            [f"{ROOT}/seeds/{name}.csv", types[name]],
        )


CLAIMS = [
    Claim("lens_weeks", "Spend and claims of every campaign and week are the brand's", weeks),
    Claim("gap_01_claims", "gap_01: claims of all platforms beside the orders", claimed_twice),
]  # fmt: skip
