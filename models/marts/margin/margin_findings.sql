with

findings as (
    select * from {{ ref('int_line_findings') }}
    union all
    select * from {{ ref('int_refund_findings') }}
    union all
    select * from {{ ref('int_rate_findings') }}
    union all
    select * from {{ ref('int_quarantine_findings') }}
    union all
    select * from {{ ref('int_subscription_findings') }}
),

final as (
    select
        {{ row_hash(['finding', 'source_row', 'found_date']) }} as finding_id,
        order_id,
        order_line_id,
        finding,
        source_row,
        reason,
        amount,
        found_date
    from findings
)

select * from final
