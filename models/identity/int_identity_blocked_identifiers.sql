with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

blocklist as (
    select * from {{ ref('identity_blocklist') }}
),

instructions as (
    select * from {{ ref('int_identity_instructions') }}
    where kind = 'block'
),

-- A shop's own domain is the staff's, whoever typed it.
shop_domains as (
    select distinct
        'email' as identifier_type,
        'domain' as match_kind,
        lower(shop_domain) as pattern,
        'placeholder' as verdict,
        'own domain of a shop' as reason
    from {{ ref('stg_shopify__shops') }}
    where shop_domain is not null
),

patterns as (
    select
        identifier_type,
        match_kind,
        pattern,
        verdict,
        reason
    from blocklist
    union all
    select
        identifier_type,
        match_kind,
        pattern,
        verdict,
        reason
    from shop_domains
),

addresses as (
    select
        identifier_type,
        identifier_value,
        {{ dbt.split_part('identifier_value', "'@'", 1) }} as mailbox,
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as mail_domain
    from observations
    where identifier_type in ('email', 'phone')
    group by identifier_type, identifier_value
),

matches as (
    select
        addresses.identifier_type,
        addresses.identifier_value,
        patterns.verdict,
        patterns.reason,
        row_number() over (
            partition by addresses.identifier_type, addresses.identifier_value
            order by
                case when patterns.verdict = 'placeholder' then 0 else 1 end,
                patterns.match_kind,
                patterns.pattern
        ) as match_number
    from addresses
    inner join patterns
        on addresses.identifier_type = patterns.identifier_type
        and (
            (patterns.match_kind = 'exact' and addresses.identifier_value = patterns.pattern)
            or (patterns.match_kind = 'local_part' and addresses.mailbox = patterns.pattern)
            or (
                patterns.match_kind = 'domain'
                and '.' || addresses.mail_domain like '%.' || patterns.pattern
            )
            or (
                patterns.match_kind = 'contains'
                and addresses.identifier_value like '%' || patterns.pattern || '%'
            )
        )
),

blocked_addresses as (
    select
        identifier_type,
        '' as identifier_scope,
        identifier_value,
        verdict,
        reason
    from matches
    where match_number = 1
),

-- The account that carries a placeholder's address is the placeholder's: the till's, the staff's.
blocked_accounts as (
    select
        'shopify_customer_id' as identifier_type,
        observations.source_relation as identifier_scope,
        observations.source_row_id as identifier_value,
        'placeholder' as verdict,
        'account of a placeholder' as reason
    from observations
    inner join blocked_addresses
        on observations.identifier_type = blocked_addresses.identifier_type
        and observations.identifier_value = blocked_addresses.identifier_value
    where
        observations.source_table = 'shopify.customer'
        and blocked_addresses.verdict = 'placeholder'
    group by observations.source_relation, observations.source_row_id
),

-- A person may block any identifier; it stays on its records and joins nothing.
blocked_by_hand as (
    select
        instructions.identifier_type,
        instructions.identifier_scope,
        instructions.identifier_value,
        'by_hand' as verdict,
        instructions.reason
    from instructions
    left join blocked_addresses
        on instructions.identifier_type = blocked_addresses.identifier_type
        and instructions.identifier_value = blocked_addresses.identifier_value
    left join blocked_accounts
        on instructions.identifier_type = blocked_accounts.identifier_type
        and instructions.identifier_scope = blocked_accounts.identifier_scope
        and instructions.identifier_value = blocked_accounts.identifier_value
    where
        blocked_addresses.identifier_value is null
        and blocked_accounts.identifier_value is null
),

final as (
    select * from blocked_addresses
    union all
    select * from blocked_accounts
    union all
    select * from blocked_by_hand
)

select
    identifier_type,
    identifier_scope,
    identifier_value,
    verdict,
    reason
from final
