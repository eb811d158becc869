{# What each pull said of an offer in a country and context, and how grave it is. A first review
   comes as a disapproval that waits for the vendor: no alarm of ours. A code that nobody knows is
   judged by its severity, never passed over. #}

with

statuses as (
    select * from {{ ref('stg_google_merchant__product_statuses') }}
),

issues as (
    select
        issues.*,
        coalesce(codes.issue_class, 'offer') as issue_class,
        codes.issue_code is null as is_unmapped,
        issues.issue_code || '/' || issues.attribute || '/' || issues.severity || '/'
        || coalesce(issues.resolution, '') as issue_text
    from {{ ref('stg_google_merchant__item_issues') }} as issues
    left join {{ ref('feed_issue_codes') }} as codes
        on issues.issue_code = codes.issue_code
),

sold_countries as (
    select shipping_country_code as country_code
    from {{ ref('int_orders') }}
    where shipping_country_code is not null
    group by shipping_country_code
),

graded as (
    select
        source_relation,
        offer_id,
        reporting_context,
        country_code,
        pulled_at,
        issue_code,
        issue_text,
        is_unmapped,
        case
            when issue_class = 'lifecycle' or resolution = 'pending_processing' then 3
            when issue_class = 'account' then 0
            when severity = 'DISAPPROVED' then 1
            when severity = 'DEMOTED' then 2
            else 4
        end as grade,
        row_number() over (
            partition by source_relation, offer_id, reporting_context, country_code, pulled_at
            order by issue_text
        ) as place
    from issues
),

worst as (
    select
        source_relation,
        offer_id,
        reporting_context,
        country_code,
        pulled_at,
        min(grade) as grade,
        min(case when grade < 3 then issue_code end) as grave_code,
        min(issue_code) as any_code,
        max(case when is_unmapped then 1 else 0 end) as unmapped_count,
        max(place) as issue_count,
        {# The set's digest, without a list: issues in order, each at its own place. #}
        {% for place in range(1, 13) -%}
            coalesce(max(case when place = {{ place }} then issue_text end), '')
            {{- " || ';' || " if not loop.last }}
        {% endfor -%}
        as issue_texts
    from graded
    group by source_relation, offer_id, reporting_context, country_code, pulled_at
),

final as (
    select
        statuses.source_relation || ':' || statuses.offer_id as feed_offer_id,
        statuses.source_relation,
        statuses.offer_id,
        statuses.reporting_context,
        statuses.country_code,
        statuses.feed_status,
        {{ md5_hex("coalesce(worst.issue_texts, '')") }} as issue_set_hash,
        case
            when worst.grade = 0 then 'S0'
            when worst.grade = 3 then 'L'
            when worst.grade = 1 or (statuses.feed_status = 'disapproved' and worst.grade is null)
                then case
                    when sold_countries.country_code is null then 'S3'
                    when statuses.reporting_context = 'SHOPPING_ADS' then 'S1'
                    else 'S2'
                end
            when worst.grade = 2 or statuses.feed_status = 'eligible_limited'
                then case when sold_countries.country_code is null then 'S3' else 'S2' end
            when worst.grade = 4 then 'S3'
            when statuses.feed_status = 'pending' then 'L'
            else 'OK'
        end as severity,
        coalesce(worst.grave_code, worst.any_code, 'no_issue_given') as issue_code,
        cast(coalesce(worst.issue_count, 0) as {{ dbt.type_bigint() }}) as issue_count,
        coalesce(worst.unmapped_count, 0) > 0 as has_unmapped_code,
        statuses.pulled_at,
        statuses.changed_at
    from statuses
    left join worst
        on statuses.source_relation = worst.source_relation
        and statuses.offer_id = worst.offer_id
        and statuses.reporting_context = worst.reporting_context
        and statuses.country_code = worst.country_code
        and statuses.pulled_at = worst.pulled_at
    left join sold_countries
        on statuses.country_code = sold_countries.country_code
)

select * from final
