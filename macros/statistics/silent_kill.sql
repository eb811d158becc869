{# Whether an offer was seen far less than expected while the campaign was not, by row of
   `relation`: the ratio of both shares, and the logarithm of the chance that so few come by
   themselves. Chernoff: the tail of Poisson(m) up to x < m is at most exp(x - m) * (m / x) ^ x. #}
{% macro silent_kill_signs(relation) -%}
    select
        *,
        coalesce(
            expected_count >= silent_expected_minimum
            and silent_ratio < silent_ratio_below
            and chance_log < ln(cast(silent_chance_below as {{ type_double() }}))
            and availability = 'in_stock'
            and yesterday_availability = 'in_stock'
            and abs(price_amount - usual_price_amount)
            < silent_price_change_below * usual_price_amount,
            false
        ) as is_low
    from (
        select
            counted.*,
            seen_count / nullif(expected_count, 0) / nullif(
                cast(total_seen_count as {{ type_double() }}) / nullif(total_expected_count, 0), 0
            ) as silent_ratio,
            case
                when mean_count > seen_count
                    then
                        seen_count - mean_count
                        + case
                            when seen_count > 0 then seen_count * ln(mean_count / seen_count)
                            else 0
                        end
                else 0
            end as chance_log
        from (
            select
                rows_of_days.*,
                rules.silent_expected_minimum,
                rules.silent_ratio_below,
                rules.silent_chance_below,
                rules.silent_price_change_below,
                cast(expected_count as {{ type_double() }}) * total_seen_count
                / nullif(total_expected_count, 0) as mean_count
            from {{ relation }} as rows_of_days
            cross join rules
        ) as counted
    ) as measured
{%- endmacro %}
