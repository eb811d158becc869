-- Verdicts: link joins records; keep stays on its record and joins nothing (relay and role addresses);
-- over_cap is shared by too many; placeholder is nobody's.
with

observations as (
    select * from {{ ref('int_identity_observations') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
),

blocklist as (
    select * from {{ ref('identity_blocklist') }}
),

shop_domains as (
    select distinct lower(shop_domain) as shop_domain
    from {{ ref('stg_shopify__shops') }}
    where shop_domain is not null
),

identifiers as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        {{ dbt.split_part('identifier_value', "'@'", 1) }} as mailbox,
        {{ dbt.split_part('identifier_value', "'@'", 2) }} as domain,
        count(distinct node_key) as record_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from observations
    where source_table <> 'web.anonymous_id'
    group by identifier_type, identifier_scope, identifier_value
),

fan_outs as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        rules.rule,
        count(distinct others.identifier_scope || '|' || others.identifier_value) as fan_out_count
    from observations
    inner join rules on observations.identifier_type = rules.left_type
    inner join observations as others
        on observations.node_key = others.node_key
        and rules.fan_out_type = others.identifier_type
    where observations.source_table <> 'web.anonymous_id'
    group by
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        rules.rule
),

over_caps as (
    select
        fan_outs.identifier_type,
        fan_outs.identifier_scope,
        fan_outs.identifier_value,
        min(fan_outs.rule) as rule
    from fan_outs
    inner join rules on fan_outs.rule = rules.rule
    where fan_outs.fan_out_count > rules.fan_out_cap
    group by
        fan_outs.identifier_type,
        fan_outs.identifier_scope,
        fan_outs.identifier_value
),

blocked as (
    select
        identifiers.identifier_type,
        identifiers.identifier_scope,
        identifiers.identifier_value,
        min(case when blocklist.verdict = 'placeholder' then blocklist.reason end) as placeholder_reason,
        min(case when blocklist.verdict <> 'placeholder' then blocklist.verdict end) as keep_reason
    from identifiers
    inner join blocklist
        on identifiers.identifier_type = blocklist.identifier_type
        and (
            (blocklist.match_kind = 'exact' and identifiers.identifier_value = blocklist.pattern)
            or (blocklist.match_kind = 'local_part' and identifiers.mailbox = blocklist.pattern)
            or (
                blocklist.match_kind = 'domain'
                and (
                    identifiers.domain = blocklist.pattern
                    or identifiers.domain like '%.' || blocklist.pattern
                )
            )
            or (
                blocklist.match_kind = 'contains'
                and identifiers.identifier_value like '%' || blocklist.pattern || '%'
            )
        )
    group by
        identifiers.identifier_type,
        identifiers.identifier_scope,
        identifiers.identifier_value
),

-- The account that carries a placeholder's address is the placeholder's: the till's, the staff's.
placeholder_accounts as (
    select distinct
        observations.source_relation as identifier_scope,
        observations.source_row_id as identifier_value
    from observations
    left join blocked
        on observations.identifier_type = blocked.identifier_type
        and observations.identifier_value = blocked.identifier_value
    left join shop_domains
        on observations.identifier_type = 'email'
        and {{ dbt.split_part('observations.identifier_value', "'@'", 2) }} = shop_domains.shop_domain
    where
        observations.source_table = 'shopify.customer'
        and observations.identifier_type in ('email', 'phone')
        and (blocked.placeholder_reason is not null or shop_domains.shop_domain is not null)
),

final as (
    select
        identifiers.identifier_type,
        identifiers.identifier_scope,
        identifiers.identifier_value,
        case
            when blocked.placeholder_reason is not null then 'placeholder'
            when shop_domains.shop_domain is not null then 'placeholder'
            when placeholder_accounts.identifier_value is not null then 'placeholder'
            when over_caps.rule is not null then 'over_cap'
            when blocked.keep_reason is not null then 'keep'
            else 'link'
        end as verdict,
        case
            when blocked.placeholder_reason is not null then blocked.placeholder_reason
            when shop_domains.shop_domain is not null then 'the shop''s own domain'
            when placeholder_accounts.identifier_value is not null then 'account of a placeholder'
            when over_caps.rule is not null then 'over the cap of rule ' || over_caps.rule
            else blocked.keep_reason
        end as reason,
        identifiers.record_count,
        identifiers.first_seen_at,
        identifiers.last_seen_at
    from identifiers
    left join blocked
        on identifiers.identifier_type = blocked.identifier_type
        and identifiers.identifier_scope = blocked.identifier_scope
        and identifiers.identifier_value = blocked.identifier_value
    left join over_caps
        on identifiers.identifier_type = over_caps.identifier_type
        and identifiers.identifier_scope = over_caps.identifier_scope
        and identifiers.identifier_value = over_caps.identifier_value
    left join shop_domains
        on identifiers.identifier_type = 'email'
        and identifiers.domain = shop_domains.shop_domain
    left join placeholder_accounts
        on identifiers.identifier_type = 'shopify_customer_id'
        and identifiers.identifier_scope = placeholder_accounts.identifier_scope
        and identifiers.identifier_value = placeholder_accounts.identifier_value
)

select * from final
