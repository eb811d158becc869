{{ config(meta={
    'remedy': 'margin.reconciliation_daily names check and day; often a row of the day stands in'
    ' raw_landing.quarantine: mend it in the source and land it again.'
}) }}
-- Raw, commerce, margin, both clocks, the platforms' spend and every grain of CM3: each day and
-- check at 0.00.
select
    check_name,
    currency,
    left_amount,
    right_amount,
    difference_amount,
    reconciled_date
from {{ ref('reconciliation_daily') }}
where difference_amount is null or difference_amount <> 0
