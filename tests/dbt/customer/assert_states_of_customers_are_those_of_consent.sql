{# dim_customers may be stricter than the history by its suppressions, never laxer by its
   states. #}
with

history as (
    select * from {{ ref('fct_consent_history') }}
    where valid_to is null
)

select customers.customer_id
from {{ ref('dim_customers') }} as customers
inner join history
    on customers.customer_id = history.customer_id
where
    (
        history.purpose = 'marketing'
        and history.channel = 'email'
        and customers.email_marketing_state <> history.consent_state
    )
    or (
        history.purpose = 'marketing'
        and history.channel = 'sms'
        and customers.sms_marketing_state <> history.consent_state
    )
    or (history.purpose = 'ads_sharing' and customers.ads_sharing_state <> history.consent_state)
    or (history.purpose = 'sale' and customers.sale_state <> history.consent_state)
