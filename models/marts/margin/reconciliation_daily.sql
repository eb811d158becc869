with

sides as (
    select * from {{ ref('int_reconciliation_of_commerce') }}
    union all
    select * from {{ ref('int_reconciliation_of_margin') }}
    union all
    select * from {{ ref('int_reconciliation_of_spend') }}
    union all
    select * from {{ ref('int_reconciliation_of_channels') }}
    union all
    select * from {{ ref('int_reconciliation_of_customers') }}
),

sums as (
    select
        check_name,
        currency,
        reconciled_date,
        sum(case when side = 'left' then amount else 0 end) as left_amount,
        sum(case when side = 'right' then amount else 0 end) as right_amount
    from sides
    group by check_name, currency, reconciled_date
),

final as (
    select
        check_name,
        currency,
        cast(left_amount as decimal(18, 4)) as left_amount,
        cast(right_amount as decimal(18, 4)) as right_amount,
        cast(left_amount - right_amount as decimal(18, 4)) as difference_amount,
        reconciled_date
    from sums
)

select * from final
