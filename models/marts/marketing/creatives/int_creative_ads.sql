{{ config(access='private') }}

{# Each ad that was shown: what its name says field by field, what it shows, and since when. A name
   is read in lower case; an ad of which no asset is known is a creative of its own. Several
   pictures that landed for one ad leave the lowest hash. #}

{%- set fields = [
    'launch_day', 'concept', 'form', 'angle', 'hook', 'maker', 'product', 'offer', 'version'
] %}

with

ad_names as (
    select
        channel,
        ad_id,
        min(ad_name) as ad_name
    from {{ ref('int_ads') }}
    group by channel, ad_id
),

assets as (
    select
        channel,
        ad_id,
        min(asset_hash) as asset_hash
    from {{ ref('stg_creatives__ad_assets') }}
    group by channel, ad_id
),

name_fields as (
    select * from {{ ref('creative_name_fields') }}
),

field_count as (
    select count(*) as field_count
    from name_fields
),

deliveries as (
    select
        channel,
        ad_id,
        sum(impression_count) as impression_count,
        sum(spend_amount) as spend_amount,
        min(spend_date) as first_shown_date,
        max(spend_date) as last_shown_date
    from {{ ref('int_ad_spend_daily') }}
    where impression_count > 0
    group by channel, ad_id
),

shown_ads as (
    select
        deliveries.*,
        ad_names.ad_name,
        assets.asset_hash,
        lower(trim(coalesce(ad_names.ad_name, ''))) as read_name
    from deliveries
    left join ad_names
        on deliveries.channel = ad_names.channel
        and deliveries.ad_id = ad_names.ad_id
    left join assets
        on deliveries.channel = assets.channel
        and deliveries.ad_id = assets.ad_id
),

parts as (
    select
        shown_ads.channel,
        shown_ads.ad_id,
        shown_ads.first_shown_date,
        name_fields.field_number,
        name_fields.field_name,
        name_fields.pattern,
        name_fields.placeholder,
        case name_fields.field_number
            {%- for field in fields %}
                when {{ loop.index }}
                    then {{ dbt.split_part('shown_ads.read_name', "'_'", loop.index) }}
            {%- endfor %}
        end as part
    from shown_ads
    cross join name_fields
),

read_parts as (
    select
        channel,
        ad_id,
        field_number,
        field_name,
        case when {{ regexp_like_column('part', 'pattern') }} then part end as field_value,
        case
            when field_name = 'launch_day'
                then replace(cast(first_shown_date as {{ dbt.type_string() }}), '-', '')
            else placeholder
        end as placeholder
    from parts
),

read_names as (
    select
        channel,
        ad_id,
        {%- for field in fields %}
            max(case when field_name = '{{ field }}' then field_value end) as {{ field }},
            max(
                case when field_name = '{{ field }}' then coalesce(field_value, placeholder) end
            ) as suggested_{{ field }},
        {%- endfor %}
        count(field_value) as right_field_count,
        min(case when field_value is null then field_number end) as wrong_field_number
    from read_parts
    group by channel, ad_id
),

judged as (
    select
        shown_ads.channel,
        shown_ads.ad_id,
        shown_ads.ad_name,
        coalesce(shown_ads.asset_hash, shown_ads.channel || ':' || shown_ads.ad_id) as creative_key,
        {%- for field in fields %}
            read_names.{{ field }},
        {%- endfor %}
        {{ concat_text([
            'suggested_launch_day', 'suggested_concept', 'suggested_form', 'suggested_angle',
            'suggested_hook', 'suggested_maker', 'suggested_product', 'suggested_offer',
            'suggested_version',
        ], '_') }} as suggested_name,
        case
            when shown_ads.read_name = '' then 'name'
            when read_names.right_field_count < field_count.field_count
                then wrong_fields.field_name
            when
                length(shown_ads.read_name) - length(replace(shown_ads.read_name, '_', '')) + 1
                <> field_count.field_count
                then 'field count'
        end as wrong_field,
        shown_ads.impression_count,
        shown_ads.spend_amount,
        shown_ads.asset_hash is not null as is_asset_known,
        shown_ads.first_shown_date,
        shown_ads.last_shown_date
    from shown_ads
    inner join read_names
        on shown_ads.channel = read_names.channel
        and shown_ads.ad_id = read_names.ad_id
    cross join field_count
    left join name_fields as wrong_fields
        on read_names.wrong_field_number = wrong_fields.field_number
),

final as (
    select
        channel,
        ad_id,
        creative_key,
        ad_name,
        {%- for field in fields %}
            case when wrong_field is null then {{ field }} end as {{ field }},
        {%- endfor %}
        wrong_field,
        case when wrong_field is not null then suggested_name end as suggested_name,
        cast(impression_count as {{ dbt.type_bigint() }}) as impression_count,
        cast(spend_amount as decimal(18, 4)) as spend_amount,
        is_asset_known,
        wrong_field is null as is_parsed,
        spend_amount >= {{ var('creative_launch_spend_minimum') }} as is_launched,
        first_shown_date,
        last_shown_date
    from judged
)

select * from final
