with

records as (
    select * from {{ ref('int_identity_records') }}
),

identifiers as (
    {%- for identifier_type, identifier_scope, is_verified in [
        ('shopify_customer_id', 'source_relation', 'false'),
        ('shopify_order_id', 'source_relation', 'false'),
        ('shopify_checkout_id', 'source_relation', 'false'),
        ('klaviyo_profile_id', 'source_relation', 'false'),
        ('email', "''", 'is_email_verified'),
        ('phone', "''", 'false'),
        ('person_name', "''", 'false')
    ] %}
        select
            node_key,
            source_relation,
            source_table,
            source_row_id,
            '{{ identifier_type }}' as identifier_type,
            {{ identifier_scope }} as identifier_scope,
            {{ identifier_type }} as identifier_value,
            {{ is_verified }} as is_verified,
            first_seen_at,
            last_seen_at
        from records
        where {{ identifier_type }} is not null
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        node_key,
        source_relation,
        source_table,
        source_row_id,
        identifier_type,
        identifier_scope,
        identifier_value,
        case
            when source_table = 'web.anonymous_id' then 'S4'
            when identifier_type = 'phone' then 'S3'
            when identifier_type = 'email' and max(cast(is_verified as integer)) = 0 then 'S2'
            when identifier_type = 'person_name' then 'S4'
            else 'S1'
        end as strength,
        max(cast(is_verified as integer)) = 1 as is_verified,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from identifiers
    group by
        node_key,
        source_relation,
        source_table,
        source_row_id,
        identifier_type,
        identifier_scope,
        identifier_value
)

select * from final
