{# Who may be reached on a channel for a purpose, as a predicate over a row of dim_customers.

   Deny by default: only an explicit yes passes, unknown is no (so California's strict reading of
   unknown needs no case of its own). What suppresses people everywhere stands inside: opt-outs of
   ads and sale, GPC, erasure, minority, bad addresses, and whatever the ledger suppressed and no
   later proven yes lifted. Every sync_ model uses it; the gate checks again at sending.

   channel, purpose: ('email', 'marketing'), ('sms', 'marketing') or ('ads', 'ads_sharing').
   customers: the alias under which dim_customers is read. #}
{% macro eligible(channel, purpose, customers='dim_customers') -%}
    {%- set states = {
        ('email', 'marketing'): 'email_marketing_state',
        ('sms', 'marketing'): 'sms_marketing_state',
        ('ads', 'ads_sharing'): 'ads_sharing_state',
    } -%}
    {%- if (channel, purpose) not in states -%}
        {{ exceptions.raise_compiler_error(
            "eligible() knows no purpose '" ~ purpose ~ "' on channel '" ~ channel ~ "'."
        ) }}
    {%- endif -%}
    (
        {{ customers }}.{{ states[(channel, purpose)] }} = 'opted_in'
        and not {{ customers }}.is_{{ channel }}_suppressed
        and not {{ customers }}.is_deletion_requested
        {%- if channel == 'ads' %}
        and {{ customers }}.gpc_seen_at is null
        and not {{ customers }}.is_minor
        and {{ customers }}.sale_state <> 'opted_out'
        {%- endif %}
    )
{%- endmacro %}
