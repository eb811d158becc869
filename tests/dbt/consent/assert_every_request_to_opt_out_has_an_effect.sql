{# A kind of request that nobody gave a meaning would be a right silently ignored. #}
with

effects as (
    select term from {{ ref('consent_effects') }}
    where evidence_kind = 'request'
)

select
    privacy_request_id,
    request_kind
from {{ ref('stg_privacy__requests') }}
where
    lower(request_kind) not in (select effects.term from effects)
    and lower(request_kind) <> 'access'
