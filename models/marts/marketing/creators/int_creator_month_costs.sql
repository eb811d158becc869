{{ config(access='private') }}

{# What creators cost per month and not per product: the agreed fee in the month in which its
   contract starts, rights day by day over their term, and spend of ads under her name. What her
   halo brought stands here too: it has no product either. #}

with

digits as (
    select minor_unit_digits
    from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

contracts as (
    select
        source_relation || ':' || creator_contract_id as contract_id,
        source_relation || ':' || creator_id as creator_id,
        {{ shop_date('starts_at') }} as starts_date
    from {{ ref('stg_creators__contracts') }}
),

rights as (
    select
        contracts.creator_id,
        contracts.contract_id,
        terms.currency,
        terms.rights_fee_amount,
        terms.rights_from_date,
        terms.rights_to_date
    from {{ ref('stg_creators__terms') }} as terms
    inner join contracts
        on terms.source_relation || ':' || terms.creator_contract_id = contracts.contract_id
    where terms.rights_fee_amount > 0
),

rights_months as (
    select
        rights.creator_id,
        rights.contract_id,
        rights.currency,
        rights.rights_fee_amount,
        rights.rights_from_date as cost_date,
        cast({{ dbt.date_trunc(
            'month', dbt.dateadd('day', 'numbers.day_number', 'rights.rights_from_date')
        ) }} as date) as month_date,
        count(*) as day_count,
        0 as no_weight
    from rights
    inner join ({{ day_numbers() }}) as numbers
        on
        numbers.day_number
        <= {{ dbt.datediff('rights.rights_from_date', 'rights.rights_to_date', 'day') }}
    group by
        rights.creator_id, rights.contract_id, rights.currency, rights.rights_fee_amount,
        rights.rights_from_date,
        cast({{ dbt.date_trunc(
            'month', dbt.dateadd('day', 'numbers.day_number', 'rights.rights_from_date')
        ) }} as date)
),

converted_rights as (
    select
        rights_months.creator_id,
        rights_months.contract_id,
        rights_months.month_date,
        rights_months.day_count,
        rights_months.no_weight,
        digits.minor_unit_digits,
        {{ convert_amount(
            'rights_months.rights_fee_amount',
            rate_to_reporting('rights_months.currency', 'exchange_rates.exchange_rate'),
            'digits.minor_unit_digits'
        ) }} as rights_amount
    from rights_months
    cross join digits
    left join exchange_rates
        on rights_months.currency = exchange_rates.currency
        and rights_months.cost_date = exchange_rates.rate_date
),

borne_rights as (
    {{ allocate(
        relation='converted_rights',
        parent=['contract_id'],
        child='month_date',
        weight='day_count',
        fallback='no_weight',
        totals={'rights_amount': 'minor_unit_digits'},
        keep=['creator_id']
    ) }}
),

amounts as (
    select
        fees.creator_id,
        'fee' as cost_type,
        {{ convert_amount(
            'fees.fee_contract_amount',
            rate_to_reporting('fees.currency', 'exchange_rates.exchange_rate'),
            'digits.minor_unit_digits'
        ) }} as amount,
        cast({{ dbt.date_trunc('month', 'contracts.starts_date') }} as date) as month_date
    from {{ ref('fct_creator_fees') }} as fees
    inner join contracts
        on fees.contract_id = contracts.contract_id
    cross join digits
    left join exchange_rates
        on fees.currency = exchange_rates.currency
        and contracts.starts_date = exchange_rates.rate_date
    union all
    select
        borne_rights.creator_id,
        'rights' as cost_type,
        borne_rights.allocated_rights_amount as amount,
        borne_rights.month_date
    from borne_rights
    inner join as_of
        on borne_rights.month_date <= as_of.as_of_date
    union all
    select
        ads.source_relation || ':' || ads.creator_id as creator_id,
        'whitelisting' as cost_type,
        margins.spend_amount as amount,
        cast({{ dbt.date_trunc('month', 'margins.margin_date') }} as date) as month_date
    from {{ ref('fct_ad_margin_daily') }} as margins
    inner join {{ ref('stg_creators__ads') }} as ads
        on margins.channel = ads.channel
        and margins.ad_id = ads.ad_id
    union all
    select
        creator_id,
        'halo' as cost_type,
        cast(halo_cm2_amount as decimal(18, 4)) as amount,
        month_date
    from {{ ref('int_creator_halos') }}
),

final as (
    select
        creator_id,
        cost_type,
        cast(sum(amount) as decimal(18, 4)) as amount,
        month_date
    from amounts
    group by creator_id, cost_type, month_date
)

select * from final
