{# Whom a digest of the ledger names. The ledger knows addresses and ids as digests only, so the
   digests of what identity knows are made here and held against those that somebody spoke under.

   A shop or account calls itself by its own name (a domain, an account id), the warehouse by the
   relation its loader wrote: they are one where the shop says so, where both names are equal, or
   where there is no other relation that issues such ids. #}

with

event_subjects as (
    select
        subject_type,
        subject_value
    from {{ ref('stg_ledger__consent_event_subjects') }}
    union all
    select
        subject_type,
        subject_value
    from {{ ref('stg_ledger__privacy_request_subjects') }}
),

spoken as (
    select
        subject_type,
        subject_value
    from event_subjects
    group by subject_type, subject_value
),

event_scopes as (
    select event_scope from {{ ref('stg_ledger__consent_events') }}
    union all
    select event_scope from {{ ref('stg_ledger__privacy_requests') }}
),

issuer_names as (
    select event_scope
    from event_scopes
    group by event_scope
),

shop_domains as (
    select
        source_relation,
        lower(shop_domain) as shop_domain
    from {{ ref('stg_shopify__shops') }}
    union all
    select
        source_relation,
        lower(permanent_domain) as shop_domain
    from {{ ref('stg_shopify__shops') }}
),

shops as (
    select
        source_relation,
        shop_domain
    from shop_domains
    where shop_domain is not null
    group by source_relation, shop_domain
),

identity_map as (
    select * from {{ ref('identity_map') }}
),

records as (
    select
        email,
        matching_email
    from {{ ref('int_customer_records') }}
    where email is not null
    group by email, matching_email
),

customers as (
    select customer_id from {{ ref('customer_seeds') }}
),

id_history as (
    select * from {{ ref('customer_id_history') }}
    where valid_to is null
),

{# A person is mailed under the address as written, and found under its form for matching. #}
emails as (
    select
        'email_sha256' as spoken_type,
        {{ subject_email_sha256('records.email') }} as spoken_value,
        'email_sha256' as subject_type,
        {{ subject_email_sha256('records.email') }} as subject_value,
        identity_map.customer_id
    from records
    inner join identity_map
        on records.matching_email = identity_map.identifier_value
        and identity_map.identifier_type = 'email'
),

phones as (
    select
        'phone_sha256' as spoken_type,
        {{ subject_phone_sha256('identifier_value') }} as spoken_value,
        'phone_sha256' as subject_type,
        {{ subject_phone_sha256('identifier_value') }} as subject_value,
        customer_id
    from identity_map
    where identifier_type = 'phone'
),

issuers as (
    select
        identifier_type,
        identifier_scope,
        count(*) over (partition by identifier_type) as issuer_count
    from identity_map
    where identifier_type in ('shopify_customer_id', 'klaviyo_profile_id')
    group by identifier_type, identifier_scope
),

named_issuers as (
    select
        issuers.identifier_type,
        issuers.identifier_scope,
        issuer_names.event_scope
    from issuers
    cross join issuer_names
    left join shops
        on issuers.identifier_scope = shops.source_relation
        and issuer_names.event_scope = shops.shop_domain
    where
        shops.shop_domain is not null
        or issuer_names.event_scope = issuers.identifier_scope
        or issuers.issuer_count = 1
),

issued_ids as (
    select
        identity_map.identifier_type as spoken_type,
        {{ subject_issued_sha256('named_issuers.event_scope', 'identity_map.identifier_value') }}
            as spoken_value,
        identity_map.identifier_type as subject_type,
        {{ concat_text(['identity_map.identifier_scope', 'identity_map.identifier_value'], '|') }}
            as subject_value,
        identity_map.customer_id
    from identity_map
    inner join named_issuers
        on identity_map.identifier_type = named_issuers.identifier_type
        and identity_map.identifier_scope = named_issuers.identifier_scope
),

browsers as (
    select
        'browser_id' as spoken_type,
        {{ subject_issued_sha256("'browser'", 'identifier_value') }} as spoken_value,
        'anonymous_id' as subject_type,
        {{ concat_text(['identifier_scope', 'identifier_value'], '|') }} as subject_value,
        customer_id
    from identity_map
    where identifier_type = 'anonymous_id'
),

published_ids as (
    select
        'customer_id' as spoken_type,
        customer_id as spoken_value,
        'customer_id' as subject_type,
        customer_id as subject_value,
        customer_id
    from customers
    union all
    select
        'customer_id' as spoken_type,
        id_history.old_customer_id as spoken_value,
        'customer_id' as subject_type,
        id_history.customer_id as subject_value,
        id_history.customer_id
    from id_history
    inner join customers on id_history.customer_id = customers.customer_id
    where id_history.old_customer_id <> id_history.customer_id
),

known as (
    {%- for source in ['emails', 'phones', 'issued_ids', 'browsers', 'published_ids'] %}
        select
            spoken_type,
            spoken_value,
            subject_type,
            subject_value,
            customer_id
        from {{ source }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        known.spoken_type,
        known.spoken_value,
        known.subject_type,
        known.subject_value,
        known.customer_id
    from known
    inner join spoken
        on known.spoken_type = spoken.subject_type
        and known.spoken_value = spoken.subject_value
    group by
        known.spoken_type,
        known.spoken_value,
        known.subject_type,
        known.subject_value,
        known.customer_id
)

select * from final
