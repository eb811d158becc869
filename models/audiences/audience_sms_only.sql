with

reach as (
    select * from {{ ref('fct_customer_reach') }}
),

customers as (
    select
        customer_id,
        first_seen_at
    from {{ ref('dim_customers') }}
),

final as (
    select
        reach.customer_id,
        'texts_but_no_mail' as reason,
        customers.first_seen_at as entered_at
    from reach
    inner join customers
        on reach.customer_id = customers.customer_id
    where reach.is_sms_reachable and not reach.is_email_reachable
)

select * from final
