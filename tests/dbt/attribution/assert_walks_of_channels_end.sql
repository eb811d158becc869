{{ config(group='attribution') }}
-- Removal effects are worked out from walks of 512 steps: what is left of one then must not matter.
select
    replicate,
    customer_type,
    channel,
    residual_ratio
from {{ ref('int_removal_effects') }}
where not residual_ratio < 1e-9
