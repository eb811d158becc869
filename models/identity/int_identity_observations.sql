with

records as (
    select * from {{ ref('int_identity_records') }}
),

identifiers as (
    {%- for identifier_type in [
        'shopify_customer_id', 'shopify_order_id', 'klaviyo_profile_id',
        'email', 'phone', 'person_name'
    ] %}
    select
        node_key,
        source_relation,
        source_table,
        source_row_id,
        '{{ identifier_type }}' as identifier_type,
        {% if identifier_type.endswith('_id') %}source_relation{% else %}''{% endif %} as identifier_scope,
        {{ identifier_type }} as identifier_value,
        {% if identifier_type == 'email' %}is_email_verified{% else %}false{% endif %} as is_verified,
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
