{# What brought a session: its first event that carries a campaign, a click id or a foreign referrer
   decides, by the first of channel_rules that fits. #}

with

session_events as (
    select * from {{ ref('int_session_events') }}
    where
        utm_id is not null
        or utm_source is not null
        or utm_medium is not null
        or click_id_type is not null
        or referrer_domain is not null
),

channel_rules as (
    select * from {{ ref('channel_rules') }}
),

ranked as (
    select
        session_id,
        utm_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        coalesce(lower(click_id_type), '') as click_id_type,
        coalesce(lower(trim(utm_source)), '') as source_word,
        coalesce(lower(trim(utm_medium)), '') as medium_word,
        coalesce(referrer_domain, '') as referrer_domain,
        case when utm_id is null then 0 else 1 end as ad_macro_count,
        row_number() over (
            partition by session_id
            order by occurred_at, web_event_id
        ) as evidence_rank
    from session_events
),

landings as (
    select *
    from ranked
    where evidence_rank = 1
),

kinds as (
    select
        click_id_type,
        source_word,
        medium_word,
        referrer_domain,
        ad_macro_count
    from landings
    group by click_id_type, source_word, medium_word, referrer_domain, ad_macro_count
),

matched as (
    select
        kinds.click_id_type,
        kinds.source_word,
        kinds.medium_word,
        kinds.referrer_domain,
        kinds.ad_macro_count,
        min(channel_rules.rule_rank) as rule_rank
    from kinds
    inner join channel_rules
        on (channel_rules.evidence <> 'ad_macro' or kinds.ad_macro_count = 1)
        and (
            channel_rules.click_id_type is null
            or kinds.click_id_type = channel_rules.click_id_type
        )
        and (
            channel_rules.utm_source_pattern is null
            or kinds.source_word like channel_rules.utm_source_pattern
        )
        and (
            channel_rules.utm_medium_pattern is null
            or kinds.medium_word like channel_rules.utm_medium_pattern
        )
        and (
            channel_rules.referrer_domain_pattern is null
            or kinds.referrer_domain like channel_rules.referrer_domain_pattern
        )
    group by
        kinds.click_id_type, kinds.source_word, kinds.medium_word, kinds.referrer_domain,
        kinds.ad_macro_count
),

final as (
    select
        landings.session_id,
        channel_rules.channel,
        channel_rules.evidence,
        landings.utm_source,
        landings.utm_medium,
        landings.utm_campaign,
        landings.utm_content,
        landings.utm_id as campaign_id,
        case when landings.utm_id is not null then landings.utm_content end as ad_id
    from landings
    inner join matched
        on landings.click_id_type = matched.click_id_type
        and landings.source_word = matched.source_word
        and landings.medium_word = matched.medium_word
        and landings.referrer_domain = matched.referrer_domain
        and landings.ad_macro_count = matched.ad_macro_count
    inner join channel_rules
        on matched.rule_rank = channel_rules.rule_rank
)

select * from final
