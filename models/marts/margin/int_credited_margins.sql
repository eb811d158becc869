{{ config(access='private') }}

{# CM2 of each order, event by event, shared out by its credits: the sum over events is the cohort
   clock, by event date it is the event clock, and the credits of an order sum to the order. #}

with

credits as (
    select * from {{ ref('int_marketing_credits') }}
),

order_events as (
    select
        order_id,
        event_date,
        sum(
            case when cost_type in ('gross_merchandise_sales', 'discount') then amount else 0 end
        ) as net_merchandise_sales_amount,
        sum(amount) as cm2_amount
    from {{ ref('int_cost_lines') }}
    group by order_id, event_date
),

weighted as (
    select
        order_events.order_id,
        order_events.event_date,
        order_events.net_merchandise_sales_amount,
        order_events.cm2_amount,
        credits.credit_id,
        credits.credit_weight,
        credits.reporting_minor_unit_digits,
        credits.channel,
        credits.campaign_id,
        credits.ad_id,
        credits.order_date,
        0 as no_weight
    from order_events
    inner join credits
        on order_events.order_id = credits.order_id
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['order_id', 'event_date'],
        child='credit_id',
        weight='credit_weight',
        fallback='no_weight',
        totals={
            'net_merchandise_sales_amount': 'reporting_minor_unit_digits',
            'cm2_amount': 'reporting_minor_unit_digits',
        },
        keep=['channel', 'campaign_id', 'ad_id', 'order_date']
    ) }}
),

final as (
    select
        credit_id,
        order_id,
        channel,
        campaign_id,
        ad_id,
        allocated_net_merchandise_sales_amount as net_merchandise_sales_amount,
        allocated_cm2_amount as cm2_amount,
        event_date,
        order_date as cohort_date
    from allocated
)

select * from final
