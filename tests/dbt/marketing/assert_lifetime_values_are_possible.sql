-- Probabilities within 0 and 1, purchases never fewer than none, bounds around nothing turned over.
select customer_id
from {{ ref('fct_customer_lifetime_value') }}
where
    not (alive_ratio between 0 and 1)
    or not (coalesce(churn_ratio, 0) between 0 and 1)
    or coalesce(expected_purchase_count, 0) < 0
    or churn_low_ratio > churn_ratio
    or churn_high_ratio < churn_ratio
    or lifetime_value_low_amount > lifetime_value_high_amount
    or expected_purchase_low_count > expected_purchase_high_count
