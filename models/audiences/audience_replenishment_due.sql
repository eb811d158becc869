with

rules as (
    {{ segment_rules('replenishment_due', ['days_before', 'days_after']) }}
),

last_purchases as (
    select
        customer_id,
        sku
    from {{ ref('fct_last_purchases') }}
    where is_consumable
),

rhythms as (
    select
        rhythms.customer_id,
        rhythms.next_purchase_date,
        rhythms.as_of_at,
        {{ dbt.datediff(
            shop_date('rhythms.as_of_at'), 'rhythms.next_purchase_date', 'day'
        ) }} as days_until_due
    from {{ ref('fct_customer_rhythms') }} as rhythms
    where rhythms.next_purchase_date is not null
),

subscribers as (
    select customer_id from {{ ref('fct_subscriptions') }}
    where is_active and customer_id is not null
    group by customer_id
),

met as (
    select
        rhythms.customer_id,
        last_purchases.sku,
        rhythms.as_of_at,
        {{ dbt.dateadd(
            'day', '-cast(rules.days_before as integer)',
            'cast(rhythms.next_purchase_date as ' ~ dbt.type_timestamp() ~ ')'
        ) }} as due_at
    from rhythms
    cross join rules
    inner join last_purchases
        on rhythms.customer_id = last_purchases.customer_id
    left join subscribers
        on rhythms.customer_id = subscribers.customer_id
    where
        subscribers.customer_id is null
        and rhythms.days_until_due >= -rules.days_after
        and rhythms.days_until_due <= rules.days_before
),

final as (
    select
        customer_id,
        'runs_out:' || sku as reason,
        case when due_at <= as_of_at then due_at else as_of_at end as entered_at
    from met
)

select * from final
