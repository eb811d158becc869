{{ config(access='private') }}

{# The tactic that a campaign's name tells; of rules that match the lowest rank. #}

with

rules as (
    select * from {{ ref('campaign_tactics') }}
),

campaigns as (
    select
        channel,
        campaign_id,
        min(campaign_name) as campaign_name
    from {{ ref('int_ads') }}
    where campaign_id is not null
    group by channel, campaign_id
),

ranked as (
    select
        campaigns.channel,
        campaigns.campaign_id,
        rules.tactic,
        row_number() over (
            partition by campaigns.channel, campaigns.campaign_id order by rules.rule_rank asc
        ) as rule_place
    from campaigns
    inner join rules
        on lower(campaigns.campaign_name) like rules.pattern
        and rules.channel in ('any', campaigns.channel)
),

final as (
    select
        channel,
        campaign_id,
        tactic
    from ranked
    where rule_place = 1
)

select * from final
