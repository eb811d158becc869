with

{# A send list names customers, the segment profiles: one that reads is enough. #}
members as (
    select profiles.customer_id
    from {{ ref('audience_engaged') }} as engaged
    inner join {{ ref('fct_profile_engagement') }} as profiles
        on engaged.profile_id = profiles.profile_id
    where
        profiles.customer_id is not null
        and not {{ is_held_back('profiles.customer_id', 'engaged') }}
    group by profiles.customer_id
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ klaviyo_list_shape() }}
    where {{ eligible('email', 'marketing') }}
),

{{ klaviyo_list_rows() }}
