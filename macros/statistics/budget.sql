{# What a channel sells at another spend, on sales = k × spend^elasticity through what it sells
   now. #}
{% macro sales_at(spend, sales, from_spend, elasticity) -%}
    (
        {{ sales }}
        * case
            when {{ spend }} <= 0 then 0
            else power(cast({{ spend }} as {{ type_double() }}) / {{ from_spend }}, {{ elasticity }})
        end
    )
{%- endmacro %}

{# The spend at which a channel's next unit still brings the price asked of it, given as its
   logarithm, within the channel's bounds. Six decimals, so that a sum does not depend on the order
   of rows. #}
{% macro spend_at_price(log_price) -%}
    cast(
        greatest(
            least_spend_amount,
            least(
                most_spend_amount,
                weekly_spend_amount
                * exp(least((marginal_log - {{ log_price }}) / (1 - elasticity), 50))
            )
        ) as decimal(18, 6)
    )
{%- endmacro %}

{# CTEs `prices_1` … `prices_<steps>`: the highest price at which channels still spend their budget,
   in logarithms. Each step cuts the interval found by the one before into a thousand, so four are
   as fine as forty halvings, and each names the one before once. Reads the CTEs `budgets`
   (is_capped, budget_amount) and `channels` (is_capped and what spend_at_price reads). #}
{% macro price_search(steps) -%}
    {%- set lowest, width, points = -40, 60, 1000 -%}
    prices_0 as (
        select
            is_capped,
            budget_amount,
            cast({{ lowest }} as {{ type_double() }}) as log_price
        from budgets
    )
    {%- for step in range(1, steps + 1) %},

    prices_{{ step }} as (
        select
            is_capped,
            budget_amount,
            max(case when spend_amount >= budget_amount then log_price end) as log_price
        from (
            select
                tried.is_capped,
                tried.budget_amount,
                tried.log_price,
                sum({{ spend_at_price('tried.log_price') }}) as spend_amount
            from (
                select
                    prices.is_capped,
                    prices.budget_amount,
                    prices.log_price
                    + (numbers.number - 1)
                    * cast({{ width / points ** step }} as {{ type_double() }}) as log_price
                from prices_{{ step - 1 }} as prices
                cross join ({{ numbers_to(points + 1) }}) as numbers
            ) as tried
            inner join channels
                on tried.is_capped = channels.is_capped
            group by tried.is_capped, tried.budget_amount, tried.log_price
        ) as spent
        group by is_capped, budget_amount
    )
    {%- endfor %}
{%- endmacro %}
